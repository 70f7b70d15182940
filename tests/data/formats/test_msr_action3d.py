"""MSR-Action3D."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.sets.msr_action3d import CLASS_NAMES
from skelgraph.errors import FormatError
from tests.data.formats.writing import (
    Damage,
    clips_of,
    damages,
    points,
    stays_honest,
    write_rows,
)

NAME = "a05_s03_e02_skeleton3D.txt"


def rows(frames: int = 3) -> np.ndarray:
    found = np.ones((frames, 20, 4))
    found[..., :3] = points(frames, 20)
    return found


def write(path: Path, values: np.ndarray) -> Path:
    return write_rows(path, values.reshape(-1, values.shape[-1]), " ")


def write_sound(path: Path) -> Path:
    return write(path, rows())


def test_a_file(tmp_path: Path) -> None:
    values = rows()
    values[0, 5, 3] = 0.25
    path = write(tmp_path / NAME, values)
    assert detect(path) == "msr_action3d"
    (clip,) = clips_of(path)
    np.testing.assert_allclose(clip.keypoints[:, 0], values[..., :3], rtol=1e-6)
    assert clip.layout.name == "msr_action3d" and clip.layout.joints[19] == "head"
    assert (clip.label, clip.subject, clip.repetition, clip.fps) == (4, 3, 2, 15.0)
    assert clip.confidence is not None and clip.confidence[0, 0, 5] == 0.25
    assert clip.units == "metre" and clip.axes == ("right", "up", "away")


def test_zero_frames_are_missing_and_confidence_zero_is_not(tmp_path: Path) -> None:
    values = rows()
    values[1] = 0
    values[2, 4, 3] = 0
    reading = read(write(tmp_path / NAME, values))
    (clip,) = reading.clips
    assert not clip.seen[1].any() and clip.seen[2].all()
    assert reading.report.to_dict()["repaired"] == {"joints at the origin -> missing": 20}


def test_a_folder_skips_a_damaged_file_and_says_why(tmp_path: Path) -> None:
    for action in (1, 2, 21):
        write(tmp_path / "all" / f"a{action:02d}_s01_e01_skeleton3D.txt", rows())
    write(tmp_path / "all" / "a03_s01_e01_skeleton3D.txt", rows()[..., :3])
    (tmp_path / "all" / "notes.txt").write_text("nothing")
    reading = read(tmp_path / "all")
    assert [clip.label for clip in reading.clips] == [0, 1, None]
    assert reading.num_clips == 4 and reading.class_names == CLASS_NAMES
    assert "line 1: expected 4 numbers" in reading.report.skipped["a03_s01_e01_skeleton3D.txt"]
    assert any("class 21 is none of the set's 20" in note for note in reading.report.notes)
    assert any("not read, since their names" in note for note in reading.report.notes)


def test_a_file_with_another_name_is_read_when_the_format_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.txt", rows())
    with pytest.raises(FormatError, match="expected one of the formats"):
        detect(path)
    (clip,) = clips_of(path, format="msr_action3d")
    assert (clip.label, clip.subject) == (None, -1)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, rows())
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-7]))
    with pytest.raises(FormatError, match=r"frame 3: expected 20 rows, got 13"):
        clips_of(path)
    write(path, rows() * 100)
    with pytest.raises(FormatError, match=r"screen coordinates. Take its files that end in"):
        clips_of(path)
    write(path, rows())
    with pytest.raises(FormatError, match=r"expected layout 'msr_action3d'.*got 'coco17'"):
        clips_of(path, layout="coco17")
    with pytest.raises(FormatError, match="expected files called like a01_s01_e01"):
        clips_of(tmp_path / "none", format="msr_action3d")


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write_sound, NAME, damage, "msr_action3d")
