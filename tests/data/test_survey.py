"""What every reader's clips go through: odd numbers, empty clips, counts; and folders of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name, find_files, read_each
from skelgraph.data.formats.reading import Reading
from skelgraph.data.formats.survey import NO_SIZE, surveyed
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout
from tests.data.made_up import walk

LAYOUT = load_layout("openpose_body25")


def picture(**facts: object) -> Clip:
    flat = walk(LAYOUT, frames=4, bodies=2)
    facts = {"units": "pixel", "axes": ("left", "down"), "width": 1, "height": 1, **facts}
    return replace(flat, keypoints=flat.keypoints[..., :2] * 0 + 0.5, **facts)  # type: ignore[arg-type]


def taken(*clips: Clip) -> tuple[list[Clip], ConversionReport]:
    report = ConversionReport(source="made up", format="none")
    reading = surveyed(Reading(iter(clips), len(clips), ("a", "b", "c"), report))
    return list(reading.clips), report


def test_odd_numbers_become_missing_and_are_counted() -> None:
    clip = picture()
    clip.keypoints[0, 0, 3, 0] = np.inf
    clip.keypoints[1, 0, 4, 1] = np.nan
    before = clip.keypoints.copy()
    (got,), report = taken(clip)
    assert not got.seen[0, 0, 3] and not got.seen[1, 0, 4]
    assert np.isnan(got.keypoints[1, 0, 4]).all()
    assert dict(report.repaired) == {
        "joints with an infinite coordinate -> missing": 1,
        "joints with a NaN coordinate -> missing": 1,
    }
    np.testing.assert_array_equal(clip.keypoints, before)


def test_clips_with_nothing_in_them_are_dropped() -> None:
    empty = replace(picture(name="empty"), keypoints=picture().keypoints * np.nan)
    none = replace(picture(name="none"), keypoints=picture().keypoints[:0])
    got, report = taken(empty, picture(name="full"), none)
    assert [clip.name for clip in got] == ["full"] and report.clips == 1 and report.frames == 4
    assert report.dropped == {"empty": "no joint is seen in any frame", "none": "no frames"}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"units": "image fraction", "width": None}, True),
        ({"units": "image fraction"}, False),
        ({"width": None, "height": None}, False),
    ],
)
def test_fractions_of_a_picture_without_its_size_are_told(
    facts: dict[str, object], told: bool
) -> None:
    _, report = taken(picture(**facts), picture(name="other", **facts))
    assert report.notes == [NO_SIZE] * told


def test_counts() -> None:
    clip = picture(name="one", label=None)
    clip.keypoints[:, 1] = np.nan  # the second body is absent and counts for no gap
    clip.keypoints[0, 0, 2] = np.nan
    clip.keypoints[1:3, 0, 5, 1] = 1.5
    _, report = taken(clip, replace(clip, name="two"))
    assert report.survey == {
        "lengths": {"min": 4, "median": 4.0, "max": 4},
        "joints": {LAYOUT.joints[2]: 0.25},
        "outside": 4,
        "duplicates": {"two": "one"},
        "unlabelled": 2,
    }


def parse(file: Path, report: ConversionReport) -> Iterator[Clip]:
    if file.stat().st_size == 0:
        raise FormatError(f"{file}: expected something, got nothing. Copy it again.")
    report.repaired["frames"] += 1
    report.note("said once")
    yield picture(name=clip_name(file, file.parents[1]))


def folder_of(root: Path, **sizes: int) -> Path:
    (root / "sub").mkdir()
    (root / ".hidden").mkdir()
    (root / ".hidden" / "x.txt").write_text("no")
    for name, size in sizes.items():
        (root / "sub" / f"{name}.txt").write_text("x" * size)
    return root


def test_a_damaged_file_among_several_is_skipped_with_its_reason(tmp_path: Path) -> None:
    root = folder_of(tmp_path, a=1, b=0, c=1)
    report = ConversionReport(source="folder", format="none")
    clips = list(read_each(find_files(root, "*.txt"), parse, root=root, report=report))
    assert [clip.name for clip in clips] == ["sub/a", "sub/c"]
    assert list(report.skipped) == ["sub/b.txt"] and "got nothing" in report.skipped["sub/b.txt"]
    assert report.files == 2 and report.repaired["frames"] == 2
    assert report.notes == ["said once"] and not report.is_clean


def test_a_single_damaged_file_or_only_damaged_ones_are_an_error(tmp_path: Path) -> None:
    root = folder_of(tmp_path, a=0, b=0)
    report = ConversionReport(source="folder", format="none")
    with pytest.raises(FormatError, match="got 2 damaged ones"):
        list(read_each(find_files(root, "*.txt"), parse, root=root, report=report))
    single = root / "sub" / "a.txt"
    with pytest.raises(FormatError, match=r"a\.txt: expected something"):
        list(read_each(find_files(single, "*.txt"), parse, root=single, report=report))
