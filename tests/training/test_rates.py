"""Recordings of another frame rate than a run learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skelgraph.cli.group import root
from skelgraph.data.store import Store, write_store
from skelgraph.graphs import load_layout
from skelgraph.training.config import DataOptions
from skelgraph.training.rates import rate_note
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser
from tests.training.clips import CLASSES, make_clips, make_config

LAYOUT = load_layout("kinect_v1")


def at_rate(path: Path, fps: float | None) -> Store:
    clips = [replace(clip, fps=fps) for clip in make_clips(LAYOUT)]
    return write_store(path, clips, class_names=CLASSES, provenance={})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on recordings of 30 frames a second, taken as they are, with a prediction head."""
    folder = tmp_path_factory.mktemp("rates")
    config = make_config(at_rate(folder / "store", 30.0), epochs=1)
    model = replace(config.model, overrides={**config.model.overrides, "forecast": 2})
    config = replace(config, data=DataOptions(num_frames=0), model=model)
    train(config, folder / "run")
    return folder / "run"


@pytest.mark.parametrize(
    ("fps", "told"), [(30.0, ""), (29.97, ""), (None, ""), (15.0, "2 times"), (60.0, "0.5 times")]
)
def test_a_rate_far_from_the_runs_own_is_told(
    run: Path, tmp_path: Path, fps: float | None, told: str
) -> None:
    store = at_rate(tmp_path / "other", fps)
    note = rate_note(load_recogniser(run), store, source=store.path)
    if told:
        assert note is not None and f"{store.path}: expected about 30 frames" in note
        assert f"movements look {told} as fast" in note
    else:
        assert note is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (DataOptions(num_frames=8), False),
        (DataOptions(num_frames=8, window="3s"), False),
        (DataOptions(num_frames=8, window="90"), True),
        (DataOptions(num_frames=8, window="3s", test_window="90"), True),
        (DataOptions(num_frames=0, window="3s"), True),
    ],
)
def test_sampled_clips_have_no_rate(
    run: Path, tmp_path: Path, data: DataOptions, told: bool
) -> None:
    recogniser = replace(load_recogniser(run), data=data)
    note = rate_note(recogniser, at_rate(tmp_path / "other", 15.0), source="other")
    assert (note is not None) == told


def test_commands_tell_it_on_stderr(run: Path, tmp_path: Path) -> None:
    store = at_rate(tmp_path / "other", 15.0)

    def call(*words: object) -> Result:
        return CliRunner().invoke(root, [*map(str, words)])

    picture = tmp_path / "forecast.svg"
    commands: list[tuple[object, ...]] = [
        ("predict", run, store.path),
        ("forecast", run, store.path),
        ("plot", "forecast", run, store.path, "--output", picture),
        ("evaluate", run, "--data", store.path),
        ("evaluate", run, run, "--data", store.path),
    ]
    for words in commands:
        result = call(*words)
        assert result.exit_code == 0, result.output
        assert result.stderr.count(f"{store.path}: expected about 30 frames a second") == 1
        assert "frames a second" not in result.stdout
    assert "frames a second" not in call("predict", run, store.path, "--quiet").stderr
    for words in (("forecast", run), ("evaluate", run)):
        assert "frames a second" not in call(*words).stderr
