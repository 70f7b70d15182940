"""MADS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.io import savemat

from skelgraph.data.formats import detect, read
from skelgraph.errors import FormatError
from tests.data.formats.writing import Damage, clips_of, damages, points, stays_honest

NAME = "Kata_P3_GT.mat"


def write(path: Path, frames: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(frames)), dtype=object)
    for place, frame in enumerate(frames):
        cells[0, place] = frame
    savemat(path, {"GTpose2": cells})
    return path


def poses(frames: int = 4, joints: int = 19) -> list[Any]:
    return list(1000 * points(frames, joints))


def write_sound(path: Path) -> Path:
    return write(path, poses())


def test_a_file(tmp_path: Path) -> None:
    frames = poses()
    frames[1][3] = np.nan
    frames[2] = np.empty((0, 0))
    path = write(tmp_path / NAME, frames)
    assert detect(path) == "mads"
    reading = read(path)
    (clip,) = reading.clips
    assert clip.keypoints.shape == (4, 1, 19, 3) and clip.layout.name == "mads"
    np.testing.assert_allclose(clip.keypoints[0, 0, 18], frames[0][18], rtol=1e-6)
    assert clip.units == "millimetre" and clip.layout.joints[18] == "head"
    assert not clip.seen[1, 0, clip.layout.index("left_knee")] and not clip.seen[2].any()
    assert reading.class_names == ("Kata",) and clip.label == 0 and clip.fps is None


def test_fifteen_joints_lack_feet_and_hands(tmp_path: Path) -> None:
    frames = poses(joints=15)
    reading = read(write(tmp_path / NAME, frames))
    (clip,) = reading.clips
    missing = {
        joint for joint, seen in zip(clip.layout.joints, clip.seen[0, 0], strict=True) if not seen
    }
    assert missing == {"left_foot", "right_foot", "left_hand", "right_hand"}
    knee = clip.keypoints[0, 0, clip.layout.index("right_hip")]
    np.testing.assert_allclose(knee, frames[0][5], rtol=1e-6)
    assert any("feet and hands are missing" in note for note in reading.report.notes)


def test_classes_are_what_names_begin_with(tmp_path: Path) -> None:
    for name in ("Kata_P3_GT.mat", "HipHop_HipHop1_GT.mat", "Kata_N2_GT.mat"):
        write(tmp_path / "all" / name, poses())
    reading = read(tmp_path / "all")
    assert reading.class_names == ("HipHop", "Kata")
    assert [clip.label for clip in reading.clips] == [0, 1, 1]


@pytest.mark.parametrize(
    ("frames", "match"),
    [
        ([*poses(), np.zeros((18, 3))], r"frame 5: expected 19 x 3 numbers, got .*\(18, 3\)"),
        ([np.zeros((7, 3))], r"frame 1: expected 15 or 19 x 3 numbers"),
        ([*poses(2), *poses(2, 15)], r"frame 3|frame 1"),
        (
            [np.zeros((19, 3)) * 1j, *poses()],
            r"expected real numbers in 'GTpose2', got complex ones",
        ),
    ],
)
def test_what_is_no_pose(tmp_path: Path, frames: list[Any], match: str) -> None:
    with pytest.raises(FormatError, match=match):
        clips_of(write(tmp_path / NAME, frames))


def test_no_cells(tmp_path: Path) -> None:
    savemat(tmp_path / NAME, {"GTpose2": np.zeros((19, 3))})
    with pytest.raises(FormatError, match="expected GTpose2 with a cell a frame"):
        clips_of(tmp_path / NAME)


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write_sound, NAME, damage, "mads")
