"""NW-UCLA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.errors import FormatError
from tests.data.formats.writing import Damage, clips_of, damages, points, stays_honest

NAME = "a08_s03_e02_v02.json"


def content(**changes: Any) -> dict[str, Any]:
    return {"file_name": NAME[:-5], "skeletons": points(3, 20).tolist(), "label": 7, **changes}


def write(path: Path, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content(**changes)))
    return path


def test_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / NAME)
    assert detect(path) == "nw_ucla"
    reading = read(path)
    (clip,) = reading.clips
    # The SDK's order begins hip centre, spine, shoulder centre, head; the layout's with the head.
    np.testing.assert_allclose(clip.keypoints[:, 0, 0], points(3, 20)[:, 3], rtol=1e-6)
    hand = clip.keypoints[:, 0, clip.layout.index("right_hand")]
    np.testing.assert_allclose(hand, points(3, 20)[:, 11], rtol=1e-6)
    assert (clip.label, clip.subject, clip.camera, clip.repetition) == (6, 3, 2, 2)
    assert reading.class_names[6] == "donning" and reading.report.notes == []


def test_the_name_rules_over_the_label(tmp_path: Path) -> None:
    reading = read(write(tmp_path / NAME, label=3))
    assert next(reading.clips).label == 6
    list(reading.clips)
    assert any("label 3 is not that of its name" in note for note in reading.report.notes)
    other = write(tmp_path / "mine.json", label=3)
    assert clips_of(other, format="nw_ucla")[0].label == 2


def test_a_clip_without_frames_is_dropped(tmp_path: Path) -> None:
    write(tmp_path / "all" / NAME, skeletons=[])
    write(tmp_path / "all" / "a01_s01_e00_v01.json")
    reading = read(tmp_path / "all", format="nw_ucla")
    assert len(list(reading.clips)) == 1
    assert reading.report.dropped == {NAME[:-5]: "no frames"}


@pytest.mark.parametrize(
    ("skeletons", "match"),
    [
        ([[[1, 2, 3]] * 20, [[1, 2, 3]] * 19], r"frame 2: expected 20 joints, got 19 joints"),
        ([[[1, 2, 3]] * 20, 5], r"frame 2: expected 20 joints, got '5'"),
        ([[[1, 2, 3]] * 19 + [[1, 2]]], r"frame 1: joint 20: expected 3 numbers, got \[1, 2\]"),
        ([[[1, 2, "3"]] * 20], r"frame 1: joint 1: expected 3 numbers, got \[1, 2, '3'\]"),
        ([[[1, 2, None]] * 20], r"joint 1: expected 3 numbers"),
        ([[[1, 2, True]] * 20], r"joint 1: expected 3 numbers"),
        ([[[1, 2, 10**400]] * 20], r"expected numbers, got some that are too large"),
        ("text", r"expected an object with the list 'skeletons'"),
    ],
)
def test_what_is_no_skeleton(tmp_path: Path, skeletons: Any, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        clips_of(write(tmp_path / NAME, skeletons=skeletons), format="nw_ucla")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[" * 100_000, "expected JSON with at least 4 bytes a bracket"),
        ('{"skeletons": [[[1,', r"line 1, column \d+: expected JSON"),
        ('{"skeletons": [[[' + "9" * 5000 + "]]]}", "expected JSON|expected 20 joints"),
        ("3", "expected an object"),
        ("", "expected JSON"),
    ],
)
def test_what_is_no_json(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(FormatError, match=match):
        clips_of(tmp_path / NAME, format="nw_ucla")


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write, NAME, damage, "nw_ucla")
