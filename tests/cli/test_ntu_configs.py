"""The shipped configurations of NTU RGB+D, on small files of its form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelgraph.cli import main
from skelgraph.cli.config import shipped_configs
from skelgraph.cli.run_config import run_config
from skelgraph.cli.train import command
from skelgraph.data.formats import convert
from skelgraph.data.protocols import Split
from skelgraph.data.store import Store
from skelgraph.training.clips import split_store
from tests.data.formats.test_ntu_skeleton import moving, text
from tests.modules import ROOT

# The training subjects as released codes of others have them, beside the complements that we ship.
TRAIN_60 = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}
TRAIN_120 = TRAIN_60 | {
    *(45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86),
    *(89, 91, 92, 93, 94, 95, 97, 98, 100, 103),
}
LOST = "S001C002P001R001A002"


def write_files(folder: Path, names: Iterable[str]) -> Path:
    folder.mkdir()
    content = text([[body] for body in moving(3)])
    for name in names:
        (folder / f"{name}.skeleton").write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def ntu60(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two classes of 40 subjects before three cameras, one of them listed as lost."""
    folder = tmp_path_factory.mktemp("ntu60")
    names = [
        f"S001C{camera:03}P{subject:03}R001A{label:03}"
        for subject in range(1, 41)
        for camera in (1, 2, 3)
        for label in (1, 2)
    ]
    source = write_files(folder / "files", names)
    (source / "NTU_RGBD_samples_with_missing_skeletons.txt").write_text(f"{LOST}\n")
    return convert(source, folder / "store")


@pytest.fixture(scope="module")
def ntu120(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two classes of 106 subjects in two setups each, 32 setups in all."""
    folder = tmp_path_factory.mktemp("ntu120")
    names = [
        f"S{(subject + offset) % 32 + 1:03}C001P{subject:03}R001A{label:03}"
        for subject in range(1, 107)
        for offset in (0, 7)
        for label in (1, 120)
    ]
    return convert(write_files(folder / "files", names), folder / "store")


def resolve(name: str, store: Store) -> Any:
    """Give the configuration of `skelgraph train --data STORE --config NAME`."""
    words = ["--data", str(store.path), "--config", name]
    return run_config(command.make_context("train", words).params)


def split_as(name: str, store: Store) -> Split:
    return split_store(store, resolve(name, store).protocol)


def values(store: Store, column: str, rows: np.ndarray) -> set[int]:
    return set(getattr(store.clips, column)[rows].tolist())


@pytest.mark.parametrize(
    ("name", "subjects", "count", "clips"),
    [("ntu60_xsub", TRAIN_60, 40, 6), ("ntu120_xsub", TRAIN_120, 106, 4)],
)
def test_cross_subject(
    name: str, subjects: set[int], count: int, clips: int, request: pytest.FixtureRequest
) -> None:
    store = request.getfixturevalue(name.split("_")[0])
    split = split_as(name, store)
    train, val, test = (values(store, "subject", split.part(p)) for p in ("train", "val", "test"))
    assert train | val == subjects
    assert test == set(range(1, count + 1)) - subjects
    assert not train & val
    assert len(subjects) in (20, 53) and len(test) == count - len(subjects)
    assert len(val) == max(1, round(0.05 * len(subjects)))
    assert len(split.test) == clips * len(test)
    lost = 1 if count == 40 else 0
    assert len(split.train) + len(split.val) == clips * len(subjects) - lost


def test_cross_view(ntu60: Store) -> None:
    split = split_as("ntu60_xview", ntu60)
    assert values(ntu60, "camera", split.test) == {1} and len(split.test) == 80
    learned = np.concatenate([split.train, split.val])
    assert values(ntu60, "camera", learned) == {2, 3} and len(learned) == 159
    assert not values(ntu60, "subject", split.train) & values(ntu60, "subject", split.val)
    assert len(values(ntu60, "subject", split.val)) == 2


def test_cross_setup(ntu120: Store) -> None:
    split = split_as("ntu120_xset", ntu120)
    assert values(ntu120, "setup", split.test) == set(range(1, 32, 2))
    learned = np.concatenate([split.train, split.val])
    assert values(ntu120, "setup", learned) == set(range(2, 33, 2))
    assert not values(ntu120, "subject", split.train) & values(ntu120, "subject", split.val)
    assert len(split.test) + len(learned) == ntu120.num_clips == 424


def test_a_recording_listed_as_lost_is_in_no_part(ntu60: Store) -> None:
    assert LOST not in set(ntu60.clips.name) and ntu60.num_clips == 239
    assert LOST in ntu60.report["dropped"]


def test_what_is_given_beside_goes_first(ntu60: Store) -> None:
    assert resolve("ntu60_xsub", ntu60).training.epochs == 80
    words = ["--data", str(ntu60.path), "--config", "ntu60_xsub", "--epochs", "3"]
    assert run_config(command.make_context("train", words).params).training.epochs == 3


def test_each_file_names_itself_and_is_documented() -> None:
    page = (ROOT / "docs" / "ntu.md").read_text(encoding="utf-8")
    assert set(shipped_configs()) == {"ntu60_xsub", "ntu60_xview", "ntu120_xsub", "ntu120_xset"}
    for name, path in shipped_configs().items():
        assert f"--config {name} --output runs/{name}" in path.read_text(encoding="utf-8")
        assert f"--config {name} " in page


def test_the_help_of_train_names_each() -> None:
    assert command.help is not None
    assert all(name in command.help for name in shipped_configs())


def test_an_unknown_name_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--layout", "coco17", "--config", "ntu60_xsup"]) == 1
    assert "Did you mean 'ntu60_xsub'? Or give a file." in capsys.readouterr().err


def test_a_file_goes_before_a_shipped_one_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ntu60: Store
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ntu60_xsub").write_text("epochs: 7\n")
    assert resolve("ntu60_xsub", ntu60).training.epochs == 7


@pytest.mark.slow
def test_from_files_to_a_score(
    ntu60: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    short = ["--preset", "small", "--epochs", "1", "--link-epochs", "0", "--num-frames", "4"]
    words = ["--data", str(ntu60.path), "--config", "ntu60_xsub", "--output", run, "--quiet"]
    assert main(["train", *words, *short]) == 0
    capsys.readouterr()
    assert main(["evaluate", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["num_clips"] == 120
