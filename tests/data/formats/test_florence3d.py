"""Florence 3D Actions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.errors import FormatError
from tests.data.formats.writing import (
    Damage,
    clips_of,
    damages,
    points,
    stays_honest,
    write_rows,
)

NAME = "Florence_dataset_WorldCoordinates.txt"
FACTS = ((1, 1, 1), (1, 1, 1), (2, 1, 9), (2, 1, 9), (2, 1, 9), (3, 4, 2))
PLACES = 1000 * points(6, 15)


def write(path: Path, facts: tuple[tuple[float, ...], ...] = FACTS) -> Path:
    return write_rows(path, np.concatenate([np.array(facts), PLACES.reshape(6, 45)], axis=1), " ")


def test_rows_of_a_video_make_a_clip(tmp_path: Path) -> None:
    path = write(tmp_path / NAME)
    assert detect(path) == "florence3d"
    reading = read(path)
    one, two, three = reading.clips
    assert [clip.num_frames for clip in (one, two, three)] == [2, 3, 1]
    np.testing.assert_allclose(two.keypoints[:, 0], PLACES[2:5], rtol=1e-6)
    assert two.layout.joints[8] == "right_wrist" and two.units == "millimetre"
    assert (two.label, two.subject, three.subject) == (8, 1, 4)
    assert reading.class_names[8] == "bow" and two.source == "Florence_dataset_WorldCoordinates_002"
    assert any("taken as millimetres" in note for note in reading.report.notes)
    assert clips_of(path, units="metre")[0].units == "metre"


@pytest.mark.parametrize(
    ("facts", "match"),
    [
        ((*FACTS[:5], (1, 1, 1)), r"row 6: expected the rows of video 1 together, got them apart"),
        ((*FACTS[:5], (3, 1, 10)), r"row 6: expected a category from 1 to 9, got 10"),
        ((*FACTS[:5], (3, 1.5, 1)), r"row 6: expected whole numbers of video, actor, category"),
        (
            (*FACTS[:5], (2, 1, 8)),
            r"row 3: expected one actor and category in video 2, got several",
        ),
        ((*FACTS[:5], (np.nan, 1, 8)), r"row 6: expected whole numbers"),
    ],
)
def test_what_is_wrong(tmp_path: Path, facts: tuple[tuple[float, ...], ...], match: str) -> None:
    with pytest.raises(FormatError, match=match):
        clips_of(write(tmp_path / NAME, facts))


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write, NAME, damage, "florence3d")
