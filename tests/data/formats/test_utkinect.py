"""UTKinect."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.sets.utkinect_labels import ACTIONS, read_labels
from skelgraph.errors import FormatError
from tests.data.formats.writing import (
    Damage,
    clips_of,
    damages,
    points,
    stays_honest,
    write_rows,
)

NUMBERS = (30, 32, 32, 36, 38, 50)
PLACES = points(6, 20)
LABELS = "s01_e01\nwalk: 30 36\nsitDown: 38 60\ncarry: NaN NaN\npush: 70 80\n"


def write(root: Path, numbers: tuple[int, ...] = NUMBERS, labels: str | None = LABELS) -> Path:
    rows = np.concatenate([np.array(numbers)[:, None], PLACES.reshape(6, 60)], axis=1)
    if labels is not None:
        root.mkdir(parents=True, exist_ok=True)
        (root / "actionLabel.txt").write_text(labels)
    return write_rows(root / "joints" / "joints_s01_e01.txt", rows, " ")


def test_a_recording_is_cut_into_actions(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert detect(tmp_path) == "utkinect" and detect(path) == "utkinect"
    reading = read(tmp_path)
    walk, sit = reading.clips
    assert (walk.num_frames, sit.num_frames, reading.num_clips) == (3, 2, 4)
    head = walk.keypoints[:, 0, walk.layout.index("head")]
    np.testing.assert_allclose(head, PLACES[[0, 1, 3], 3], rtol=1e-6)
    assert (walk.label, sit.label, walk.subject, walk.repetition) == (0, 1, 1, 1)
    assert walk.source == sit.source and walk.name != sit.name and walk.fps == 15.0
    assert reading.class_names[8:] == ("wave hands", "clap hands")
    assert reading.report.to_dict()["repaired"] == {"frames recorded twice -> the first kept": 1}
    assert list(reading.report.dropped.values()) == [
        "actionLabel.txt gives no frames for it",
        "no frames",
    ]


def test_the_label_file_is_found_from_a_single_recording(tmp_path: Path) -> None:
    assert [clip.label for clip in clips_of(write(tmp_path))] == [0, 1]


def test_without_labels_a_recording_is_one_clip(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "deep" / "er", labels=None))
    (clip,) = reading.clips
    assert clip.num_frames == 5 and clip.label is None
    assert any("no actionLabel.txt" in note for note in reading.report.notes)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ("walk: 3 4\n", r"line 1: expected s01_e01 first, got an action"),
        ("s01_e01\nwolk: 3 4\n", r"line 2: action: expected one of .*Did you mean 'walk'"),
        ("s01_e01\nwalk: 9 4\n", r"line 2: expected a first frame up to 4, got 9"),
        ("s01_e01\nwalk 9\n", r"line 2: expected a line such as 'walk: 252 390', got 'walk 9'"),
    ],
)
def test_what_is_wrong_with_labels(tmp_path: Path, labels: str, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        clips_of(write(tmp_path, labels=labels))


def test_frames_out_of_order(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"frame 4: expected a frame number.*got 20 after 34"):
        clips_of(write(tmp_path, numbers=(30, 32, 34, 20, 38, 50)))


def write_sound(path: Path) -> Path:
    return write(path.parent, labels=None).rename(path)


@settings(max_examples=30)
@given(damage=damages())
def test_damage_is_refused_or_read_as_sound_clips(damage: Damage) -> None:
    stays_honest(write_sound, "joints_s01_e01.txt", damage, "utkinect")


@settings(max_examples=30)
@given(damage=damages())
def test_damaged_labels(damage: Damage) -> None:
    with TemporaryDirectory() as folder:
        labels = Path(folder, "actionLabel.txt")
        labels.write_bytes(damage(LABELS.encode()))
        try:
            found = read_labels(labels)
        except FormatError as error:
            assert "actionLabel.txt, line" in str(error)
            return
        assert all(part.action in ACTIONS for parts in found.values() for part in parts)
