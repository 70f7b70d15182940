"""Sweeps over windows: a run each, a table, nothing lost on the way."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, RunError
from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices
from skelgraph.training.scoring import evaluate, predict
from skelgraph.training.sweep import sweep_windows
from tests.training.clips import make_config


def test_a_sweep_trains_each_and_goes_on_where_it_stopped(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=1)
    rows = sweep_windows(config, tmp_path, windows=["6", "0.2s"], overlaps=[0.0])
    assert {row["window"] for row in rows} == {"6", "0.2s"}
    assert rows[0]["val_top1"] >= rows[1]["val_top1"]
    with (tmp_path / "sweep.csv").open(newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == [
            "window6_overlap0",
            "window0.2s_overlap0",
        ]
    with pytest.raises(RunError, match="window6_overlap0: expected a path that is free"):
        sweep_windows(config, tmp_path, windows=["6"], overlaps=[0.0])
    before = (tmp_path / "window6_overlap0" / "model.safetensors").stat().st_mtime_ns
    sweep_windows(config, tmp_path, windows=["6"], overlaps=[0.0, 0.5], resume=True)
    assert (tmp_path / "window6_overlap0" / "model.safetensors").stat().st_mtime_ns == before
    assert (tmp_path / "window6_overlap0.5" / "metrics.json").is_file()


def test_a_sweep_does_not_go_on_with_other_recordings(store: Store, tmp_path: Path) -> None:
    """Its table would compare runs of different recordings, also where all are finished."""
    folder = tmp_path / "sweep"
    sweep_windows(make_config(store, epochs=1), folder, windows=["6"], overlaps=[0.0])
    before = (folder / "sweep.csv").read_bytes()
    clips = [
        replace(clip, keypoints=clip.keypoints * 1.01)
        for clip in map(store.clip, range(store.num_clips))
    ]
    other = write_store(tmp_path / "other", clips, class_names=store.class_names, provenance={})
    with pytest.raises(RunError, match=r"other: expected the recordings that .*window6_overlap0"):
        sweep_windows(
            make_config(other, epochs=1), folder, windows=["6"], overlaps=[0.0, 0.5], resume=True
        )
    assert (folder / "sweep.csv").read_bytes() == before
    assert not (folder / "window6_overlap0.5").exists()


def test_windows_of_training_and_test_may_differ(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=1)
    data = replace(config.data, window="7", overlap=0.5, test_window="5", test_overlap=0.0)
    rows = sweep_windows(replace(config, data=data), tmp_path, windows=["7"], overlaps=[0.5])
    assert len(rows) == 1
    run = tmp_path / "window7_overlap0.5"
    scores = evaluate([run])["test"]
    assert scores["num_clips"] > scores["clips"]["num_clips"]


def test_runs_of_other_windows_do_not_vote_together(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=1)
    sweep_windows(config, tmp_path, windows=["6", "10"], overlaps=[0.0])
    runs = [tmp_path / "window6_overlap0", tmp_path / "window10_overlap0"]
    with pytest.raises(RunError, match="window10_overlap0: expected the windows of"):
        predict(runs, store.path)
    with pytest.raises(RunError, match="window10_overlap0: expected the windows of"):
        evaluate(runs)


def test_a_sweep_runs_in_one_process(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="devices: expected one for a sweep, got 2"):
        sweep_windows(
            RunConfig("x"), tmp_path, windows=["6"], overlaps=[0.0], devices=Devices(count=2)
        )
    assert not list(tmp_path.iterdir())
