"""`skelgraph plot`: what is written, in which form, and what is refused."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from skelgraph.cli.group import root
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from skelgraph.training.supervised import train
from tests.data.made_up import write_npz
from tests.training.clips import CLASSES, make_config, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    layout = load_layout("mediapipe_hands")
    return make_store(tmp_path_factory.mktemp("data") / "hands", layout, bodies=2)


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "hands"
    train(make_config(store, epochs=2), folder)
    return folder


def plot(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `skelgraph plot ...`."""
    result = CliRunner().invoke(root, ["plot", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def check_file(path: Path) -> None:
    """Check that a figure's file is what its suffix says."""
    content = path.read_bytes()
    if path.suffix == ".png":
        from PIL import Image

        with Image.open(path) as image:
            image.verify()
    elif path.suffix == ".svg":
        assert ElementTree.fromstring(content).tag.endswith("svg")
        assert b"<image" not in content
    else:
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
@pytest.mark.parametrize("what", ["layout", "clip", "curves", "confusion", "attention"])
def test_every_figure_in_every_form(
    what: str, suffix: str, run: Path, store: Store, tmp_path: Path
) -> None:
    subject = {"layout": "coco17", "clip": store.path}.get(what, run)
    path = tmp_path / f"figure.{suffix}"
    assert plot(what, subject, "--output", path) == (0, f"{path}\n", "")
    check_file(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_recording_is_drawn_with_what_is_told_of_it(tmp_path: Path, run: Path) -> None:
    source = write_npz(tmp_path / "set.npz", joint_names=None, layout=None)
    path = tmp_path / "figure.png"
    assert plot("clip", source, "--output", path)[0] == 1
    words = ("--layout", "kinect_v2", "--fps", "25")
    assert plot("clip", source, *words, "--output", path) == (0, f"{path}\n", "")
    # This one cannot be told, and says what to do.
    code, _, said = plot("attention", run, source, "--output", tmp_path / "other.png")
    assert code == 1 and f"skelgraph convert {source} STORE. Then give" in said


def test_the_same_figure_has_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for suffix in ("svg", "pdf"):
        paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
        for path in paths:
            plot("confusion", run, "--output", path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_runs_keep_their_figures(run: Path) -> None:
    for what in ("curves", "confusion", "attention"):
        code, output, _ = plot(what, run)
        assert (code, output) == (0, f"{run / what}.png\n")
        (run / f"{what}.png").unlink()


@pytest.mark.parametrize("what", ["layout", "confusion", "attention"])
def test_nothing_is_overwritten_unasked(what: str, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    path.write_text("mine")
    subject = "mads" if what == "layout" else run
    code, _, error = plot(what, subject, "--output", path)
    assert code == 1
    assert "expected a path that is free" in error
    assert path.read_text() == "mine"
    assert plot(what, subject, "--output", path, "--force")[0] == 0
    check_file(path)


def test_other_suffixes_are_told_the_nearest(run: Path, tmp_path: Path) -> None:
    code, _, error = plot("curves", run, "--output", tmp_path / "figure.pgn")
    assert code == 2
    assert "suffix: expected one of .pdf, .png, .svg, got '.pgn'. Did you mean '.png'?" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--class", "risin"], "Did you mean 'rising'?"),
        (["--clip", "nobody"], "expected the name of one of 12 clips"),
        (["--split", "tets"], "Did you mean 'test'?"),
        (["--view", "skeletn"], "Did you mean 'skeleton'?"),
        (["--relative"], "--relative: expected classes to compare"),
        (["--clip", "0", "--class", "rising"], "--clip: expected no --class"),
        (["--view", "time", "--class", "rising", "--class", "still"], "--view time: expected one"),
    ],
)
def test_wrong_wishes_are_refused_in_a_line(
    words: list[str], error: str, run: Path, tmp_path: Path
) -> None:
    code, output, message = plot("attention", run, "-o", tmp_path / "a.png", *words)
    assert (code in (1, 2), output) == (True, "")
    assert error in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["curves", "confusion", "attention"])
def test_what_is_no_run_is_refused(what: str, tmp_path: Path) -> None:
    code, _, error = plot(what, tmp_path, "-o", tmp_path / "a.png")
    assert code == 1
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_clip_is_refused(store: Store, tmp_path: Path) -> None:
    code, _, error = plot("clip", store.path, "--clip", "s0_risin_0", "-o", tmp_path / "a.png")
    assert code == 1
    assert "Near it: s0_rising_0" in error


def test_numbers_of_attention_are_written_beside_it(run: Path, tmp_path: Path) -> None:
    table, figure = tmp_path / "a.csv", tmp_path / "a.png"
    words = ["--view", "classes", "--relative", "-o", figure, "--csv", table, "--json"]
    code, output, _ = plot("attention", run, *words)
    assert code == 0
    document = json.loads(output)
    assert document["schema_version"] == 1
    assert [group["class"] for group in document["groups"]] == list(CLASSES)
    assert all(len(group["top"]) == 5 for group in document["groups"])
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == ["class", "body", "joint", "part", "share"]
    assert len(rows) == 1 + 3 * 2 * 21
    shares = np.array([row[4:] for row in rows[1:]], dtype=float).reshape(6, 21, -1)
    np.testing.assert_allclose(shares[..., 0].sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(shares[..., 1:].sum(axis=2), shares[..., 0], rtol=1e-3)


def test_numbers_are_not_left_alone(run: Path, tmp_path: Path) -> None:
    taken = tmp_path / "a.png"
    taken.write_text("mine")
    code, _, _ = plot("attention", run, "-o", taken, "--csv", tmp_path / "a.csv")
    assert code == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("words", [["--clip", "0"], ["--class", "still"], ["--view", "skeleton"]])
def test_attention_of_a_clip_a_class_and_all(words: list[str], run: Path, tmp_path: Path) -> None:
    assert plot("attention", run, "-o", tmp_path / "a.svg", *words)[0] == 0
    check_file(tmp_path / "a.svg")


def test_attention_needs_the_weights_alone_for_other_clips(
    run: Path, store: Store, tmp_path: Path
) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes((run / "model.safetensors").read_bytes())
    code, output, _ = plot("attention", weights, store.path, "--view", "time")
    assert (code, output) == (0, f"{tmp_path / 'attention.png'}\n")


@pytest.mark.data
@pytest.mark.parametrize("name", ["irds_kinect_v2", "isl32_mediapipe_hands"])
def test_clips_of_real_recordings(name: str, recordings: Path, tmp_path: Path) -> None:
    source = recordings / "sets" / f"{name}.npz"
    if not source.is_file():
        pytest.skip(f"{source.name} is not among the recordings")
    assert plot("clip", source, "--clip", 11, "-o", tmp_path / "clip.png")[0] == 0
    check_file(tmp_path / "clip.png")
