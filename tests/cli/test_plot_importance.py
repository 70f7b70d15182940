"""`skelgraph plot importance / a-links / gate / towers` on a run that takes seconds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from skelgraph.cli.group import root
from skelgraph.graphs import load_layout
from skelgraph.training.supervised import train
from tests.cli.test_plot import check_file
from tests.training.clips import make_config, make_store

CAM = ("--method", "cam")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seen")
    store = make_store(folder / "store", load_layout("mediapipe_hands"))
    train(make_config(store, epochs=1), folder / "run")
    return folder / "run"


def plot(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `skelgraph plot ...`."""
    result = CliRunner().invoke(root, ["plot", *map(str, words), "--device", "cpu"])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
@pytest.mark.parametrize("what", ["importance", "a-links", "gate", "towers"])
def test_every_figure_in_every_form(what: str, suffix: str, run: Path, tmp_path: Path) -> None:
    path = tmp_path / f"figure.{suffix}"
    assert plot(what, run, "--output", path) == (0, f"{path}\n", "")
    check_file(path)
    code, _, error = plot(what, run, "--output", path)
    assert code == 1 and "expected a path that is free" in error


@pytest.mark.parametrize(
    "words",
    [
        ("--view", "time", *CAM),
        ("--view", "parts", *CAM),
        ("--class", "rising", *CAM),
        ("--class", "rising", "--class", "still", "--relative", *CAM),
        ("--difference", "rising", "still", *CAM),
        ("--clip", "3", "--find-phases", "--phase", "grip=5", *CAM),
        ("--method", "occlusion_spans"),
    ],
)
def test_views(words: tuple[str, ...], run: Path, tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    assert plot("importance", run, *words, "-o", path) == (0, f"{path}\n", "")
    check_file(path)


@pytest.mark.parametrize("words", [(), ("--view", "matrix"), ("--clip", "3")])
def test_importance_of_links(words: tuple[str, ...], run: Path, tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    assert plot("a-links", run, "--importance", *words, "-o", path) == (0, f"{path}\n", "")
    check_file(path)


def test_before_and_after_are_of_the_same_clips(run: Path, tmp_path: Path) -> None:
    words = ("importance", run, "--before", run, *CAM, "-o", tmp_path / "a.png", "--json")
    code, output, _ = plot(*words)
    assert code == 0
    before, after = json.loads(output)["groups"]
    assert (before["group"], after["group"]) == ("before", "after")
    assert before["top"] == after["top"] and before["num_clips"] == after["num_clips"] == 12


def test_a_file_of_importance_moves(run: Path, tmp_path: Path) -> None:
    source = tmp_path / "importance.npz"
    assert root.run(["explain", str(run), *CAM, "-o", str(source), "-q"]) == 0
    path = tmp_path / "clip.gif"
    code, output, _ = plot("importance", source, "--clip", 2, "-o", path, "--json")
    assert code == 0 and json.loads(output)["method"] == "cam"
    from PIL import Image

    with Image.open(path) as image:
        count, (width, height) = image.n_frames, image.size
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    assert plot("importance", source, "--clip", 2, "-o", path) == (0, f"{path}\n", "")
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == count > 1
    assert frames[0].shape == (height - height % 2, width - width % 2, 3)
    assert (frames[0] != frames[-1]).any()


def test_the_check_is_said(run: Path, tmp_path: Path) -> None:
    checked = tmp_path / "check.json"
    areas = {"deletion": [0.5, 0.4, 0.6], "insertion": [0.5, 0.4, 0.6]}
    found = {"finds": "joints and frames", "beats_random": False, **areas}
    report = {"num_clips": 9, "methods": {"cam": found}, "random": {"joints": areas}}
    checked.write_text(json.dumps(report), encoding="utf-8")
    path = tmp_path / "a.svg"
    words = ("importance", run, "--checked", checked, "-o", path, "--json")
    code, output, _ = plot(*words, *CAM)
    assert code == 0 and json.loads(output)["believed"] is False
    code, _, error = plot(*words, "--force", "--method", "grad_cam")
    assert code == 1 and "with method 'grad_cam', got something else (KeyError" in error


def test_links_and_gate_as_numbers(run: Path, tmp_path: Path) -> None:
    words = ("a-links", run, "--strongest", 3, "-o", tmp_path / "a.png", "--json")
    code, output, _ = plot(*words)
    links = json.loads(output)["links"]
    assert code == 0 and len(links) == 6 and {link["type"] for link in links} == {1, 2}
    code, output, _ = plot(*words, "--importance", "--class", "rising", "--force")
    important = json.loads(output)["links"]
    assert code == 0 and {link["type"] for link in important} == {1, 2}
    assert all(link["importance"] != 0 for link in important) and important != links
    code, output, _ = plot("gate", run, "-o", tmp_path / "b.png", "--json")
    classes = json.loads(output)["classes"]
    assert [each["class"] for each in classes] == ["still", "rising", "shaking"]
    assert all(0 < each["joint_tower"] < 1 for each in classes)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["importance", "--class", "risin"], "Did you mean 'rising'?"),
        (["importance", "--clip", "nobody"], "expected the name of one of 12 clips"),
        (["importance", "--find-phases"], "expected one clip whose movement has them"),
        (["importance", "--relative"], "expected classes to compare"),
        (["importance", "--clip", "1", "--class", "still"], "expected no classes beside it"),
        (["importance", "--view", "time"], "expected a method that tells frames apart"),
        (["importance", "--view", "skeleton", "--method", "occlusion_spans"], "tells joints apart"),
        (["importance", "--clip", "1", "--find-phases"], "expected a view over time"),
        (["importance", "--clip", "1", "--phase", "a=99", *CAM], "expected a frame from 0 to"),
        (["importance", "--view", "classes", "--page", "2"], "--page: expected 1 to 1"),
        (["importance", "--difference", "still", "rising", "--view", "time"], "Leave one out"),
        (["importance", "--before", "a.npz"], "expected two runs or two files"),
        (["a-links", "--class", "risin"], "Did you mean 'rising'?"),
        (["a-links", "--importance", "--class", "risin"], "Did you mean 'rising'?"),
        (["a-links", "--importance", "--clip", "nobody"], "expected the name of one of 12 clips"),
        (["towers", "--layer", "9"], "--layer: expected 1 to 1"),
    ],
)
def test_what_cannot_be_drawn_is_told(
    words: list[str], error: str, run: Path, tmp_path: Path
) -> None:
    code, _, said = plot(words[0], run, *words[1:], "-o", tmp_path / "a.png")
    assert code == 1 and error in said
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage(run: Path, tmp_path: Path) -> None:
    code, _, said = plot("importance", run, "-o", tmp_path / "a.gfi", "--clip", 1)
    assert code == 2 and "Did you mean '.gif'?" in said
    code, _, said = plot("importance", run, "-o", tmp_path / "a.gif")
    assert code == 1 and "expected one clip to move" in said
    code, _, said = plot("importance", run, "--clip", 1, "--phase", "a=b")
    assert code == 2 and "expected NAME=FRAME" in said
    for what in ("a-links", "towers"):
        code, _, said = plot(what, run, "--clip", 1, "--class", "still")
        assert code == 2 and "Expected either --clip or --class" in said
