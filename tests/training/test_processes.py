"""Training on two processes of one machine, as `--devices 2` starts them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.supervised import _alone_first, _check_batches
from tests.training.clips import make_store

QUICK = ["--epochs", "2", "--link-epochs", "1", "--batch-size", "8", "--num-frames", "8"]


def train(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "skelgraph", "train", *map(str, words)]
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
        _alone_first(Process(), work)  # type: ignore[arg-type]
    assert told == [first]


def test_a_batch_has_clips_for_every_process() -> None:
    class Four:
        world_size = 4

    with pytest.raises(ConfigError, match="batch_size: expected at least 8, two a process, got 7"):
        _check_batches(RunConfig("x", training=TrainOptions(batch_size=7)), Four())  # type: ignore[arg-type]
