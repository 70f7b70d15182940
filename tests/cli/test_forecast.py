"""`forecast` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from skelgraph.cli.group import root
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from tests.training.clips import TINY, make_store

FRAMES = 3


def run(*words: object) -> Result:
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("data") / "people", load_layout("kinect_v1"))


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    sizes = [f"--set={key}=[{', '.join(map(str, value))}]" for key, value in TINY.items()]
    result = run(
        "train", "--data", store.path, "--output", folder, "--epochs", 1, "--link-epochs", 0,
        "--forecast", FRAMES, *sizes, "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


def test_own_test_clips_are_scored(trained: Path, tmp_path: Path) -> None:
    figure, animation = tmp_path / "one.svg", tmp_path / "one.gif"
    words = ("forecast", trained, "--figure", figure, "--animation", animation)
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    saved = json.loads((trained / "metrics.json").read_text())["test"]["forecast"]
    assert document["scores"] == saved
    assert document["figure"] == str(figure) and figure.stat().st_size > 1000
    with Image.open(animation) as moving:
        assert moving.n_frames > 2 * FRAMES
    again = run(*words)
    assert again.exit_code == 1 and "--force" in again.stderr


def test_scores_are_printed_beside_the_simple_guesses(trained: Path, store: Store) -> None:
    result = run("forecast", trained, store.path, "--evaluate", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("last pose held") == 2
    assert "frame 1" in result.stdout and "80 ms" in result.stdout
    assert "against constant velocity: better at" in result.stdout


def test_next_poses_are_written_as_a_store(trained: Path, store: Store, tmp_path: Path) -> None:
    result = run("forecast", trained, store.path, "--output", tmp_path / "next", "--json")
    assert result.exit_code == 0, result.output
    assert "scores" not in json.loads(result.stdout)
    written = Store.open(tmp_path / "next")
    assert written.clips.name.tolist() == store.clips.name.tolist()
    assert set(written.clips.frames.tolist()) == {FRAMES}
    # A forecast stays near the body that it goes on from, in the recording's own coordinates.
    for row in range(store.num_clips):
        step = written.clip(row).keypoints[0] - store.clip(row).keypoints[-1]
        assert np.abs(step).max() < 0.2


def test_poses_that_are_not_measured_are_listed(trained: Path, store: Store) -> None:
    result = run("forecast", trained, store.path)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{store.num_clips} clips, 3 frames ahead, 100 ms"
    assert lines[1].split() == ["clip", "observed", "from_frame", "movement_mm"]


def test_what_is_in_the_way_is_told_before_any_work(trained: Path, store: Store) -> None:
    result = run("forecast", trained, "--output", store.path)
    assert result.exit_code == 1
    assert "--force" in result.stderr


def test_wrong_clip_and_suffix(trained: Path, store: Store, tmp_path: Path) -> None:
    figure = tmp_path / "one.png"
    result = run("forecast", trained, "--figure", figure, "--clip", "nobody")
    assert result.exit_code == 1 and "nobody" in result.stderr and not figure.exists()
    result = run("forecast", trained, "--animation", tmp_path / "one.avi")
    assert result.exit_code == 2 and ".mp4" in result.stderr


def test_a_video_is_written(trained: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "one.mp4"
    result = run("forecast", trained, "--animation", path, "--clip", "1", "--quiet")
    assert result.exit_code == 0, result.output
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 2 * FRAMES


def test_the_figure_of_a_run(trained: Path) -> None:
    result = run("plot", "forecast", trained)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(trained / "forecast.png")
    assert (trained / "forecast.png").is_file()
    assert run("plot", "forecast", trained).exit_code == 1


def test_evaluating_a_run_scores_its_forecast_too(
    trained: Path, store: Store, tmp_path: Path
) -> None:
    saved = json.loads((trained / "metrics.json").read_text())
    for words, part in (((), "test"), (("--split", "val"), "val")):
        document = json.loads(run("evaluate", trained, *words, "--json").stdout)
        assert document[part]["forecast"] == saved[part]["forecast"]
    whole = json.loads(run("evaluate", trained, "--data", store.path, "--json").stdout)
    assert whole["all"]["forecast"]["num_clips"] == store.num_clips
    result = run("evaluate", trained)
    assert "constant velocity" in result.stdout and "frame 1" in result.stdout
    both = run("evaluate", trained, trained)
    assert both.exit_code == 0 and "constant velocity" not in both.stdout


def test_clips_too_short_for_a_forecast_are_scored_without(trained: Path, tmp_path: Path) -> None:
    short = make_store(tmp_path / "short", load_layout("kinect_v1"), frames=2 * FRAMES - 1)
    result = run("evaluate", trained, "--data", short.path)
    assert result.exit_code == 0, result.output
    assert f"forecast not scored: {short.path}: expected a clip with more than" in result.stderr
    assert "top1" in result.stdout and "last pose held" not in result.stdout
