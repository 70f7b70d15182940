"""IntelliRehabDS, KIMORE and Keraal's Kinect part: Kinect v2 in three kinds of text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.sets.kinect import KINECT_V2_SDK, layout_name
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout
from tests.data.formats.writing import (
    Damage,
    clips_of,
    damages,
    points,
    stays_honest,
    write_rows,
)

IRDS = "303_18_4_10_3_stand-frame.txt"
KERAAL = "G3-Kinect-RTK-P2T3-Error1-I-12.txt"
PLACES = points(3, 25)


def write_irds(path: Path, states: list[str] | None = None, first: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    states = states or ["Tracked"] * 25
    lines = ["Version0.1"]
    for row, frame in enumerate(PLACES):
        joints = [
            f"({name},{state},{x:.6f},{y:.6f},{z:.6f},100.5,90.25)"
            for name, state, (x, y, z) in zip(KINECT_V2_SDK, states, frame, strict=True)
        ]
        lines.append(",".join([str(first + row), "5", str(1000 + 33 * row), *joints]))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_kimore(path: Path, state: float = 2.0) -> Path:
    rows = np.concatenate([PLACES, np.full((3, 25, 1), state)], axis=-1)
    return write_rows(path, rows.reshape(3, 100), ",")


def write_keraal(path: Path) -> Path:
    rows = np.concatenate([PLACES, np.full((3, 25, 4), 0.5)], axis=-1)
    return write_rows(path, rows.reshape(3, 175), " ")


def test_the_sdk_order_is_the_layout_order() -> None:
    names = [layout_name(joint) for joint in KINECT_V2_SDK]
    assert tuple(names) == load_layout("kinect_v2").joints


def test_an_irds_file(tmp_path: Path) -> None:
    states = ["Tracked"] * 23 + ["Inferred", "NotTracked"]
    path = write_irds(tmp_path / IRDS, states)
    assert detect(path) == "irds"
    reading = read(path)
    (clip,) = reading.clips
    np.testing.assert_allclose(clip.keypoints[:, 0, :24], PLACES[:, :24], rtol=1e-6)
    assert clip.confidence is not None
    assert clip.confidence[0, 0, 22:].tolist() == [1, 0.5, 0] and not clip.seen[:, 0, 24].any()
    assert (clip.label, clip.subject, clip.repetition, clip.fps) == (4, 303, 10, 30.0)
    assert clip.extra == {"correctness": "3", "position": "stand-frame", "date": "18"}
    assert reading.class_names[4] == "shoulder abduction left"
    assert reading.report.to_dict()["repaired"] == {
        "joints with confidence or state 0 -> missing": 3
    }


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("Version0.1", "Version0.2", r"line 1: expected Version0.1, got 'Version0.2'"),
        ("SpineMid", "SpineMad", r"line 2: expected joint SpineMid, got 'SpineMad'"),
        ("Neck,Tracked", "Neck,Trucked", r"line 2: expected state Tracked.*got 'Trucked'"),
        ("90,5,", "x90,5,", r"line 2: expected a number, got 'x90'"),
        ("90,5,", "9_0,5,", r"line 2: expected no '_'"),
        ("92,5,", "12,5,", r"frame 3: expected a frame number above the one before, got 12 after"),
        ("92,5,", "nan,5,", r"frame 3: expected a frame number"),
        (",100.5,90.25),(Head", "),(Head", r"line 2: expected 178 values, got 176"),
    ],
)
def test_what_is_wrong_with_irds(tmp_path: Path, old: str, new: str, match: str) -> None:
    path = write_irds(tmp_path / IRDS)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(FormatError, match=match):
        clips_of(path, format="irds")


def test_an_irds_file_without_rows_and_one_with_a_frame_twice(tmp_path: Path) -> None:
    path = write_irds(tmp_path / IRDS)
    text = path.read_text()
    path.write_text("Version0.1\n")
    with pytest.raises(FormatError, match="expected rows of 178 values, got none"):
        clips_of(path)
    path.write_text(text + text.splitlines()[-1] + "\n")
    reading = read(path)
    assert next(reading.clips).num_frames == 3
    list(reading.clips)
    assert reading.report.repaired["frames recorded twice -> the first kept"] == 1


def test_a_kimore_folder(tmp_path: Path) -> None:
    for person in ("S_ID1", "E_ID2"):
        write_kimore(tmp_path / "G" / person / "Es3" / "Raw" / "JointPosition240914.csv")
    write_kimore(tmp_path / "G" / "S_ID1" / "Es9" / "input.csv", state=0)
    (tmp_path / "G" / "S_ID1" / "Es3" / "Raw" / "label.csv").write_text("48.3\r\n")
    assert detect(tmp_path) == "kimore"
    reading = read(tmp_path)
    first, second = reading.clips
    np.testing.assert_allclose(first.keypoints[:, 0], PLACES, rtol=1e-6)
    assert (first.label, first.subject, second.subject) == (2, 0, 1)
    assert first.extra == {"person": "E_ID2", "score": ""} and second.extra["score"] == "48.3"
    assert reading.class_names[2] == "trunk rotation"
    assert reading.report.dropped == {"G/S_ID1/Es9/input": "no joint is seen in any frame"}


def test_what_is_wrong_with_kimore(tmp_path: Path) -> None:
    path = write_kimore(tmp_path / "input.csv", state=3)
    with pytest.raises(FormatError, match=r"frame 1, joint 1: expected state 0, 1 or 2, got 3"):
        clips_of(path, format="kimore")
    write_kimore(path)
    (tmp_path / "label.csv").write_text("a b")
    with pytest.raises(FormatError, match=r"label.csv: expected one number"):
        clips_of(path)
    path.write_text(path.read_text().replace(",2.0", ",x", 1))
    with pytest.raises(FormatError, match=r"input.csv, line 1: expected a number, got 'x"):
        clips_of(path, format="kimore")


def test_keraal_files(tmp_path: Path) -> None:
    write_keraal(tmp_path / KERAAL)
    write_keraal(tmp_path / "G1A-Kinect-CTK-R7-3.txt")
    assert detect(tmp_path) == "keraal_kinect"
    reading = read(tmp_path)
    other, clip = reading.clips
    np.testing.assert_allclose(clip.keypoints[:, 0], PLACES, rtol=1e-6)
    assert reading.class_names == ("CTK", "RTK")
    assert (clip.label, clip.subject, clip.repetition) == (1, 1, 3)
    assert clip.extra == {"group": "G3", "person": "P2", "judged": "Error1-I", "number": "12"}
    assert (other.label, other.subject, other.repetition) == (0, 0, -1)
    assert other.extra == {"group": "G1A", "person": "R7", "judged": "", "number": "3"}


def test_what_is_wrong_with_keraal(tmp_path: Path) -> None:
    path = write_keraal(tmp_path / KERAAL)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(FormatError, match=r"line 3: expected 175 numbers, got 17\d"):
        clips_of(path)


@settings(max_examples=60)
@given(damage=damages(), which=st.sampled_from(("irds", "kimore", "keraal_kinect")))
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage, which: str) -> None:
    writers = {
        "irds": (write_irds, IRDS),
        "kimore": (write_kimore, "input.csv"),
        "keraal_kinect": (write_keraal, KERAAL),
    }
    write, name = writers[which]
    stays_honest(write, name, damage, which)
