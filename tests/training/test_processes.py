"""Training on two processes of one machine, as `--devices 2` or torchrun starts them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.training.checkpoint import load_checkpoint
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.processes import alone_first, check_batches
from skelgraph.training.progress import Reporter
from skelgraph.training.supervised import train as train_here
from skelgraph.transforms.options import AugmentOptions
from tests.training.clips import CLASSES, TINY, make_clips, make_config, make_store
from tests.training.processes import train_in_processes

CLIPS = {"train": 15, "val": 5, "test": 10}
QUICK = ["--epochs", "2", "--link-epochs", "1", "--batch-size", "8", "--num-frames", "8"]


def train(*words: object, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    start = [sys.executable, "-m", *before]
    command = [*start, "skelgraph", "train", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.slow
def test_two_processes_train_one_run_and_say_everything_once(tmp_path: Path) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    where = ["--device", "cpu", "--devices", "2", "--output", tmp_path / "run"]
    done = train("--data", store.path, *where, *QUICK, "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert json.loads(done.stdout)["test"] == metrics["test"]
    assert done.stderr.count("epoch 3/3") == 1 and done.stderr.count("train: ") == 1
    with (tmp_path / "run" / "predictions.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == store.num_clips
    again = train("--data", store.path, *where, *QUICK)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert again.stderr.count("expected a path that is free") == 1


@pytest.mark.slow
def test_simulated_clips_are_made_once_for_two_processes(tmp_path: Path) -> None:
    where = ["--device", "cpu", "--devices", "2", "--output", tmp_path / "run"]
    done = train("--layout", "mediapipe_hands", "--subjects", "3", *where, *QUICK)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_torchrun_starts_one_run_and_its_exit_code_comes_through(tmp_path: Path) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    words = ["--data", store.path, "--device", "cpu", "--output", tmp_path / "run", *QUICK]
    starter = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    done = train(*words, "--json", before=starter)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["test"]["num_clips"] > 0
    assert done.stderr.count("epoch 3/3") == 1 and "2 process(es)" in done.stderr
    again = train(*words, before=starter)
    assert again.returncode == 1
    assert "expected a path that is free" in again.stderr
    other = train(*words, "--force", "--devices", "3", before=starter)
    assert other.returncode == 1
    assert "devices: expected 2 on 1 node(s), as were started, got 3 on 1" in other.stderr


@pytest.fixture(scope="module")
def quiet_config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """Steps of 4, 4, 4 and 3 clips, 5 that validate; nothing is drawn in one process alone."""
    clips = [
        clip for clip in make_clips(load_layout("mediapipe_hands")) if "shaking_1" not in clip.name
    ]
    path = tmp_path_factory.mktemp("data") / "hands"
    store = write_store(path, clips, class_names=CLASSES, provenance={})
    aim = {"dropout": 0.0, "loss_bodies": None, "loss_frames": None}
    overrides = {**TINY, "forecast": 2, "dropout": 0.0, "aim": aim, "tower": {"dropout": 0.0}}
    return RunConfig(
        layout="mediapipe_hands",
        store=str(store.path),
        data=DataOptions(num_frames=0),
        model=ModelOptions(preset="small", overrides=overrides),
        training=TrainOptions(
            epochs=2, link_epochs=1, batch_size=4, precision="64-true", class_weights=True
        ),
        augment=AugmentOptions(drop_joint=0.5),
    )


@pytest.fixture(scope="module")
def whole(quiet_config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert train_in_processes(quiet_config, folder, 1) == [0]
    return folder


def assert_same_run(folder: Path, whole: Path) -> None:
    """Hold weights, statistics, losses and scores of two runs against each other."""
    kept, expected = (load_checkpoint(path / "checkpoints") for path in (folder, whole))
    for part in (("model",), ("average", "shadow"), ("progress", "weights")):
        found, right = kept, expected
        for key in part:
            found, right = found[key], right[key]
        torch.testing.assert_close(found, right, atol=1e-5, rtol=1e-5)
    rows = zip(kept["progress"]["history"], expected["progress"]["history"], strict=True)
    for found, right in rows:
        assert found.keys() == right.keys()
        for name in found.keys() - {"seconds", "stage"}:
            assert found[name] == pytest.approx(right[name], rel=1e-5), name
    assert (folder / "split.csv").read_text() == (whole / "split.csv").read_text()
    metrics = [json.loads((path / "metrics.json").read_text()) for path in (folder, whole)]
    for part in ("train", "val", "test"):
        assert metrics[0][part]["num_clips"] == metrics[1][part]["num_clips"] == CLIPS[part]
        assert metrics[0][part]["nll"] == pytest.approx(metrics[1][part]["nll"], rel=1e-4)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(
    quiet_config: RunConfig, whole: Path, tmp_path: Path
) -> None:
    assert train_in_processes(quiet_config, tmp_path / "run", 2) == [0, 0]
    assert_same_run(tmp_path / "run", whole)


@pytest.mark.slow
def test_two_processes_freeze_links_and_recompute_as_one(
    quiet_config: RunConfig, tmp_path: Path
) -> None:
    training = replace(quiet_config.training, freeze_links=True, recompute=True)
    config = replace(quiet_config, training=training)
    assert train_in_processes(config, tmp_path / "one", 1) == [0]
    assert train_in_processes(config, tmp_path / "two", 2) == [0, 0]
    assert_same_run(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_a_run_goes_on_with_another_number_of_processes(
    quiet_config: RunConfig, whole: Path, tmp_path: Path, before: int, after: int
) -> None:
    folder = tmp_path / "run"
    codes = train_in_processes(quiet_config, folder, before, stop_after=2)
    assert 7 in codes and 0 not in codes
    assert load_checkpoint(folder / "checkpoints")["progress"]["epoch"] == 2
    assert train_in_processes(quiet_config, folder, after, resume=True) == [0] * after
    assert_same_run(folder, whole)


@pytest.mark.parametrize("first", [True, False])
def test_no_process_waits_for_one_that_failed(first: bool) -> None:
    told: list[bool] = []

    class Process:
        is_global_zero = first

        def broadcast(self, failed: bool) -> bool:
            told.append(failed)
            return True

    def work() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError if first else SystemExit):
        alone_first(Process(), work)  # type: ignore[arg-type]
    assert told == [first]


def test_a_batch_has_clips_for_every_process() -> None:
    class Four:
        world_size = 4

    with pytest.raises(ConfigError, match="batch_size: expected at least 4, one a process, got 3"):
        check_batches(RunConfig("x", training=TrainOptions(batch_size=3)), Four())  # type: ignore[arg-type]


def test_no_batch_is_larger_than_asked_for(store: Store, tmp_path: Path) -> None:
    class Heard(Reporter):
        steps = 0

        def start(self, epochs: int, steps: int, *, done: int) -> None:
            self.steps = steps

    heard = Heard()
    config = make_config(store, epochs=1)
    config = replace(config, training=replace(config.training, batch_size=13))
    metrics = train_here(config, tmp_path / "run", report=heard)
    assert metrics["train"]["num_clips"] == 18
    assert heard.steps == 2
