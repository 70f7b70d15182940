"""`skelgraph convert` and `skelgraph inspect`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from skelgraph.cli import main
from tests.data.made_up import arrays, write_npz


@pytest.fixture
def source(tmp_path: Path) -> Path:
    points = arrays()["keypoints"].copy()
    points[1, 2] = np.nan
    return write_npz(tmp_path / "set.npz", keypoints=points)


def test_convert_and_inspect(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["convert", str(source), str(store)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{store}: 2 clips, 2 classes, 7 frames, layout kinect_v2\n"
    assert err == (
        "repaired: 1 joints with a NaN coordinate -> missing\n"
        "gaps: not seen in a share of the frames: neck 14.3%\n"
    )
    assert main(["inspect", str(store)]) == 0
    out, err = capsys.readouterr()
    assert "kinect_v2 (25 joints)" in out and "frames a clip" in out and err == ""
    assert "push" in out and "2: 4, 5" in out


def test_json_is_one_document(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["convert", str(source), str(store), "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["schema_version"] == 1 and found["clips"] == 2 and err == ""
    assert found["report"]["repaired"] == {"joints with a NaN coordinate -> missing": 1}
    for path in (store, source):
        assert main(["inspect", str(path), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["clips"] == 2 and found["lengths"] == {"min": 3, "median": 3.5, "max": 4}
        assert [entry["clips"] for entry in found["classes"]] == [1, 1]


def test_a_store_is_not_written_as_a_format_that_is_only_read(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["convert", str(source), str(store), "--quiet"]) == 0
    for name in ("npz", "pickle"):
        assert main(["convert", str(store), str(tmp_path / "out"), "--format", name]) == 2
        assert "one of csv, ctrgcn_npz" in capsys.readouterr().err
    assert main(["convert", str(store), str(tmp_path / "out"), "--format", "store"]) == 0


def test_existing_stores_stay(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["convert", str(source), str(tmp_path / "store")]
    assert main(command) == 0
    assert main(command) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("Error: ") and "Use --force" in err
    assert main([*command, "--force"]) == 0


def test_edited_labels_are_pointed_out(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    assert main(["convert", str(source), str(store), "--quiet"]) == 0
    index = store / "index.csv"
    index.write_text(index.read_text().replace(",0,push,", ",1,pull,"))
    capsys.readouterr()
    assert main(["inspect", str(store)]) == 0
    assert "index.csv: expected checksum" in capsys.readouterr().err


def test_options_reach_the_store(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,class\nset_00000,nod\nset_00001,nod\n")
    words = ["--labels", str(labels), "--fps", "25", "--width", "640", "--height", "480"]
    assert main(["convert", str(source), str(tmp_path / "s"), *words, "--layout", "kinect_v2"]) == 0
    capsys.readouterr()
    assert main(["inspect", str(tmp_path / "s"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["fps"], found["width"], found["height"]) == (25.0, 640, 480)
    assert [entry["name"] for entry in found["classes"]] == ["nod"]


def test_inspect_is_told_of_a_recording_what_it_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_npz(tmp_path / "set.npz", joint_names=None, layout=None, units=None)
    assert main(["inspect", str(source)]) == 1
    capsys.readouterr()
    words = ["--layout", "kinect_v2", "--units", "millimetre", "--fps", "25", "--format", "npz"]
    assert main(["inspect", str(source), *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["layout"], found["units"], found["fps"]) == ("kinect_v2", "millimetre", 25)
    assert main(["inspect", str(source), *words]) == 0
    assert "note: no joint names in the file" in capsys.readouterr().err
    assert main(["convert", str(source), str(tmp_path / "s"), *words]) == 0
    assert main(["inspect", str(tmp_path / "s"), "--units", "metre", "--width", "640"]) == 1
    message = "expected --width and --units with a recording only, got a store"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["convert", "none.npz", "s"], "expected an existing file"),
        (["convert", "set.npz", "s", "--layout", "kinect2"], "Did you mean 'kinect_v2'"),
        (["convert", "set.npz", "s", "--layout", "coco17"], "expected a joint of 'coco17'"),
        (["convert", "set.npz", "s", "--units", "metres"], "Did you mean 'metre'"),
        (["convert", "set.npz", "s", "--format", "np"], "Did you mean 'npz'"),
        (["convert", "set.npz", "s", "--labels", "none.csv"], "expected a readable CSV"),
        (["inspect", "none"], "expected an existing file"),
        (["inspect", "labels.txt"], "expected one of the formats"),
    ],
)
def test_failures_are_told_and_leave_nothing(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.txt").write_text("x")
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == "" and message in err and "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.txt", "set.npz"]


def test_steps_reach_the_store_and_are_told(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert main(["convert", str(source), first, "--fill", "hold", "--longest-gap", "3"]) == 0
    assert "note: filled (hold, gaps of up to 3 frames): 1 joints" in capsys.readouterr().err
    words = ["--to-layout", "openpose_body25", "--window", "2", "--overlap", "0.5"]
    assert main(["convert", first, second, *words, "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["layout"], found["clips"]) == ("openpose_body25", 5)
    assert found["report"]["steps"]["window"]["windows"] == 5
    assert "note: kinect_v2 -> openpose_body25: invented: mid_hip = mean of" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--fill", "liner"], 2, "Did you mean 'linear'?"),
        (["--longest-gap", "3"], 1, "longest_gap: expected fill beside it"),
        (["--overlap", "0.5"], 1, "overlap: expected window beside it"),
        (["--window", "long"], 1, "expected frames such as 90"),
        (["--to-layout", "openpose_body26"], 1, "Did you mean 'openpose_body25'?"),
        (["--to-layout", "mediapipe_hands"], 1, "expected recordings that have some of its joints"),
        (["--confidence-as-z"], 1, "expected two coordinates and a confidence"),
    ],
)
def test_steps_that_do_not_fit(
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["convert", str(source), str(tmp_path / "s"), *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and message in err and not (tmp_path / "s").exists()
