"""SHREC'17 and DHG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.sets.shrec import CUTS
from skelgraph.errors import FormatError
from tests.data.formats.writing import (
    Damage,
    clips_of,
    damages,
    points,
    stays_honest,
    write_rows,
)

PLACES = points(6, 22)


def write(
    root: Path,
    gesture: int = 8,
    finger: int = 2,
    subject: int = 5,
    trial: int = 3,
    name: str = "skeletons_world.txt",
) -> Path:
    folder = root / f"gesture_{gesture}" / f"finger_{finger}" / f"subject_{subject}"
    return write_rows(folder / f"essai_{trial}" / name, PLACES.reshape(6, 66), " ")


def test_a_hand_in_slot_one(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert detect(tmp_path) == "shrec" and detect(path) == "shrec"
    reading = read(tmp_path)
    (clip,) = reading.clips
    assert clip.keypoints.shape == (6, 2, 22, 3) and not clip.seen[:, 0].any()
    np.testing.assert_allclose(clip.keypoints[:, 1], PLACES, rtol=1e-6)
    assert clip.layout.joints[9] == "index_tip"
    assert (clip.label, clip.subject, clip.repetition, clip.fps) == (7, 5, 3, 30.0)
    assert reading.class_names[7] == "swipe left" and len(reading.class_names) == 14
    assert clip.extra == {"gesture": 8, "finger": 2}
    assert clip.name == "gesture_8/finger_2/subject_5/essai_3/skeletons_world"
    assert any("taken as a right one" in note for note in reading.report.notes)


def test_twenty_eight_classes_are_gesture_times_fingers(tmp_path: Path) -> None:
    write(tmp_path, gesture=8, finger=2)
    write(tmp_path, gesture=8, finger=1)
    reading = read(tmp_path, format="shrec_28")
    assert [reading.class_names[clip.label or 0] for clip in reading.clips] == [
        "swipe left, one finger",
        "swipe left, whole hand",
    ]
    assert len(reading.class_names) == 28 and reading.report.format == "shrec_28"


def test_dhg_is_cut_to_the_gesture(tmp_path: Path) -> None:
    write(tmp_path, name="skeleton_world.txt")
    (tmp_path / CUTS).write_text("8 2 5 3 2 4\n")
    reading = read(tmp_path)
    (clip,) = reading.clips
    np.testing.assert_allclose(clip.keypoints[:, 1], PLACES[2:5], rtol=1e-6)
    assert any("cut to the gesture" in note for note in reading.report.notes)
    (tmp_path / CUTS).write_text("8 2 5 3 7 9\n")
    with pytest.raises(FormatError, match="expected a gesture within its 6 frames"):
        clips_of(tmp_path)
    (tmp_path / CUTS).write_text("8 2 5 3 nan 9\n")
    with pytest.raises(FormatError, match="expected whole numbers, got others"):
        clips_of(tmp_path)


def test_a_file_outside_its_folders_is_unlabelled(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "skeletons_world.txt", PLACES.reshape(6, 66), " ")
    (clip,) = clips_of(path)
    assert (clip.label, clip.subject) == (None, -1)
    write(tmp_path / "all", gesture=15)
    assert clips_of(tmp_path / "all")[0].label is None


def test_what_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path)
    write_rows(path, PLACES.reshape(6, 66)[:, :63], " ")
    with pytest.raises(FormatError, match=r"line 1: expected 66 numbers, got 63"):
        clips_of(path, format="shrec")


def write_sound(path: Path) -> Path:
    return write_rows(path, PLACES.reshape(6, 66), " ")


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write_sound, "skeletons_world.txt", damage, "shrec")
