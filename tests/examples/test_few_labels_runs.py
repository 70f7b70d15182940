"""The scripts for few labels train, in seconds, on simulated clips."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import simulate
from skelgraph.graphs import load_layout
from skelgraph.transforms.options import AugmentOptions
from tests.examples.scripts import FEW_LABELS, load
from tests.modules import ROOT
from tests.training.clips import TINY

arms, groups, rows, sets = (load(FEW_LABELS, name) for name in ("arms", "groups", "rows", "sets"))
TASKS = (
    ("supervised", "scratch", "2"),
    ("fixmatch", "simulated", "0.5"),
    ("supervised", "simulated", "all"),
)
CONFIG = {
    "data": {"num_frames": 8},
    "model": {"preset": "small", "overrides": {key: list(value) for key, value in TINY.items()}},
    "training": {"epochs": 1, "link_epochs": 0, "batch_size": 8},
    "few": {
        "method": "fixmatch",
        "label_budget": "1",
        "guard": False,
        "epoch_steps": 6,
        "unlabelled_ratio": 1,
        "points": 1,
    },
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Clips of four gestures by six simulated people, two each."""
    clips, names = simulate(load_layout("kinect_v1"), subjects=6, clips_per_class=2)
    few = [clip for clip in clips if clip.label is not None and clip.label < 4]
    path = tmp_path_factory.mktemp("stores") / "stores" / "simulated_people"
    path.parent.mkdir()
    return write_store(path, few, class_names=names[:4], provenance={"made": "in a test"})


@pytest.mark.slow
def test_table_is_made_with_one_command_and_goes_on(simulated: Store, tmp_path: Path) -> None:
    options = tmp_path / "options.yaml"
    options.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    command = [sys.executable, str(FEW_LABELS / "table.py"), "--data", str(simulated.path)]
    command += ["--config", str(options), "--splits", "1", "--seeds", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}

    def call() -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    first = call()
    made = rows.read_rows(tmp_path / "table.csv")
    assert first.startswith("5 runs to do, about ")
    stages = ["base classes", "few labels", "pretrained", "pseudo-labels", "all labels"]
    assert [row["stage"] for row in made] == stages
    novel = json.loads(made[1]["novel"])
    assert len(novel) == 2 and set(json.loads(made[3]["f1"])) == set(novel)
    assert [int(row["labels"]) for row in made[1:4]] == [2, 2, 2]
    assert int(made[4]["labels"]) > 2
    start = yaml.safe_load((tmp_path / "runs/table/runs/0_pretrained_0/config.yaml").read_text())
    assert Path(start["start"]["source"]).parent.name == "0_base"
    second = call()
    assert second.startswith("0 runs to do") and rows.read_rows(tmp_path / "table.csv") == made
    assert first.split("\n", 6)[-1].count("|") == second.split("\n", 1)[-1].count("|")


@pytest.mark.slow
def test_an_unknown_key_of_the_options_is_told(simulated: Store, tmp_path: Path) -> None:
    options = tmp_path / "options.yaml"
    options.write_text("trainings: {}\n", encoding="utf-8")
    command = [sys.executable, str(FEW_LABELS / "table.py"), "--data", str(simulated.path)]
    done = subprocess.run(
        [*command, "--config", str(options)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "training" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("method", "start", "budget"), TASKS)
def test_a_run_of_the_comparison_gives_its_row(
    method: str, start: str, budget: str, simulated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "EPOCH_STEPS", 2)
    one = sets.LabelSet("simulated_people", "kinect_v1", "body", augment=AugmentOptions())
    work = simulated.path.parents[1]
    task = arms.Task("final", one, arms.Arm("name", method), start, budget, 1, 1, 1, work)
    row = arms.do(task)
    assert set(row) == set(arms.HEADER) - {"seconds"}
    assert tuple(row[name] for name in arms.KEY) == task.key
    # A third of six people each: 2 x 4 classes x 2 clips.
    assert row["test_clips"] == 16
    wanted = {"2": (8, 16), "0.5": (16, 16), "all": (32, 0)}[budget]
    assert (row["labels"], row["unlabelled"]) == wanted
    assert 0 <= row["test_top1"] <= 1 and (row["val_top1"] == "") == (budget == "all")
    assert arms.do(task) == row  # a run that ended is read again, not trained again


@pytest.mark.slow
def test_a_borrowed_supervised_training_is_the_one_of_its_own(
    simulated: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "EPOCH_STEPS", 2)
    one = sets.LabelSet("simulated_people", "kinect_v1", "body", augment=AugmentOptions())
    found = []
    for work in (tmp_path / "lent", tmp_path / "alone"):
        (work / "stores").mkdir(parents=True)
        (work / "stores" / "simulated_people").symlink_to(simulated.path)
        lender = arms.Task(
            "final", one, arms.Arm("supervised", "supervised"), "scratch", "2", 0, 1, 2, work
        )
        borrower = arms.replace(lender, arm=arms.Arm("fixmatch", "fixmatch"))
        if work.name == "lent":
            arms.do(lender)
            arms.borrow(borrower, arms.make_config(borrower), arms.run_folder(borrower))
            begun = arms.run_folder(borrower) / "trainings"
            assert {path.name for path in begun.iterdir()} >= {"supervised", "fold0_supervised"}
        found.append(arms.do(borrower))
    assert found[0] == found[1]
