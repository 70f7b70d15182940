"""Keraal's picture key points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.sets.keraal_detectors import DETECTORS, Detector
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout
from tests.data.formats.writing import Damage, clips_of, damages, stays_honest

NAME = "G3-OP-CTK-P1T1-Unknown-C-0.json"
OPENPOSE, BLAZEPOSE, ALPHAPOSE = DETECTORS


def frame(detector: Detector = OPENPOSE, add: float = 0.0) -> dict[str, Any]:
    return {
        name: [round(0.1 + 0.01 * place + add, 4)] * detector.channels
        for place, name in enumerate(detector.joints)
        if name != "mShoulder"
    }


def write(path: Path, frames: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"positions": frames}, indent=1))
    return path


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.title)
def test_each_detector(tmp_path: Path, detector: Detector) -> None:
    path = write(tmp_path / NAME, {"1.0": frame(detector), "2.0": frame(detector, 0.2)})
    assert detect(path) == "keraal_pose"
    (clip,) = clips_of(path, width=640, height=480)
    assert clip.layout.name == detector.layout and clip.units == "image fraction"
    assert clip.keypoints.shape == (2, 1, clip.layout.num_joints, detector.channels)
    for name, values in frame(detector, 0.2).items():
        place = clip.layout.index(detector.joints[name])
        np.testing.assert_allclose(clip.keypoints[1, 0, place], values, rtol=1e-6)
    assert (clip.label, clip.subject, clip.repetition, clip.width) == (0, 0, 1, 640)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.title)
def test_every_joint_of_the_layout_has_a_name(detector: Detector) -> None:
    assert set(detector.joints.values()) == set(load_layout(detector.layout).joints)


def test_absent_joints_zeros_and_absent_frames_are_missing(tmp_path: Path) -> None:
    first, second = frame(), frame()
    del first["rWrist"]
    second["Nose"] = [0.0, 0.0]
    reading = read(write(tmp_path / NAME, {"3": first, "4": {}, "6": second}))
    (clip,) = reading.clips
    assert clip.num_frames == 4 and clip.seen.any(axis=(1, 2)).tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert not clip.seen[0, 0, clip.layout.index("right_wrist")]
    assert not clip.seen[3, 0, clip.layout.index("nose")]
    assert reading.report.to_dict()["repaired"] == {
        "frames that the file leaves out -> frames with nobody": 1,
        "joints at the origin -> missing": 1,
    }


def test_one_detector_is_chosen_out_of_several(tmp_path: Path) -> None:
    write(tmp_path / NAME, {"1": frame()})
    write(tmp_path / NAME.replace("OP", "AP"), {"1": frame(ALPHAPOSE)})
    with pytest.raises(FormatError, match=r"one detector, got 'openpose_coco18' .*--layout NAME"):
        read(tmp_path)
    with pytest.raises(FormatError, match=r"'coco17' \(AlphaPose\), .* got 'mads'. Choose one of"):
        clips_of(tmp_path, layout="mads")
    (clip,) = clips_of(tmp_path, layout="coco17")
    assert clip.layout.name == "coco17"
    with pytest.raises(FormatError, match="expected files of one detector"):
        read(tmp_path, format="keraal_pose")


def test_another_detectors_layout_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, {"1": frame()})
    message = (
        r"expected layout 'openpose_coco18' \(OpenPose\), which the files have, got 'coco17'. "
        "Leave --layout out"
    )
    with pytest.raises(FormatError, match=message):
        clips_of(path, layout="coco17")
    write(tmp_path / NAME, {})
    with pytest.raises(FormatError, match=r"expected files of layout .*, got none"):
        read(path, format="keraal_pose")


@pytest.mark.parametrize(
    ("frames", "match"),
    [
        ({}, r"expected 'positions' with frames, got none"),
        ({"1": frame(), "x": frame()}, r"expected frame numbers, got 'x'"),
        ({"2": frame(), "1": frame()}, r"frame 2: expected a frame number above the one before"),
        ({"1": frame(), "900000000": frame()}, r"expected most frames from 1 to 900000000, got 2"),
        ({"1": {**frame(), "tail": [1, 2]}}, r"frame 1: expected a joint of OpenPose, got 'tail'"),
        ({"1": {**frame(), "Nose": [1]}}, r"frame 1: joint Nose: expected 2 numbers, got \[1\]"),
        ({"1": {**frame(), "Nose": [1, "2"]}}, r"joint Nose: expected numbers, got \[1, '2'\]"),
        ({"1": {**frame(), "Nose": [1, 10**400]}}, r"joint Nose: expected numbers, got one"),
        ({"1": frame(), "2": [1]}, r"frame 2: expected joints by name, got '\[1\]'"),
    ],
)
def test_what_is_wrong(tmp_path: Path, frames: Any, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        write(tmp_path / NAME, {"1": frame()})
        read_as_openpose(write(tmp_path / NAME, frames))


def read_as_openpose(path: Path) -> None:
    # Without frames no detector shows; the same message must not hide what is wrong.
    if '"positions": {}' in path.read_text():
        from skelgraph.data.formats.sets.keraal_pose import _positions
        from skelgraph.data.report import ConversionReport

        _positions(path, OPENPOSE, ConversionReport("", ""))
    clips_of(path, format="keraal_pose")


def write_sound(path: Path) -> Path:
    return write(path, {"1.0": frame(), "2.0": frame(add=0.1)})


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write_sound, NAME, damage, "keraal_pose")
