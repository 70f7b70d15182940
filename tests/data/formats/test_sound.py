"""Every format has a sound source, and each is read, found and converted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.clip import UNITS
from skelgraph.data.formats import FORMATS, ReadOptions, convert, detect, read
from skelgraph.data.formats.sets.utkinect_labels import NAME as UTKINECT_LABELS
from skelgraph.errors import FormatError, LayoutError
from tests.data.formats.sound import SOUND

FORMS = [(name, form) for name, writers in SOUND.items() for form in range(len(writers))]
EXTRAS = {"bvh": "bvhio", "c3d": "ezc3d", "pose": "pose_format"}
"""Formats whose reader needs a package of the extra formats."""

FIXED_NAMES = (UTKINECT_LABELS,)
"""Files beside recordings that are sought by their name."""

BY_NAME_ONLY = ("shrec_28", "table")
"""Formats that a user names: another reader may claim their sources."""


def test_every_format_has_one() -> None:
    assert set(SOUND) == set(FORMATS) - {"store"}


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda part: str(part))
def test_it_is_read_and_converted(tmp_path: Path, name: str, form: int) -> None:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    folder = tmp_path / "sound"
    folder.mkdir()
    path, options = SOUND[name][form](folder)
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 50_000
    if name not in BY_NAME_ONLY:
        assert detect(path) == name
    reading = read(path, format=name, options=options)
    assert list(reading.clips) and reading.report.survey and not reading.report.skipped
    store = convert(path, tmp_path / "store", format=name, options=options)
    assert store.num_clips == reading.report.clips and store.verify() == []


@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name, form in FORMS if name != "stgcn_arrays"],  # scripts name these
    ids=lambda part: str(part),
)
def test_endings_in_capitals_are_the_same(tmp_path: Path, name: str, form: int) -> None:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    path, options = SOUND[name][form](tmp_path)
    expected = list(read(path, format=name, options=options).clips)
    single = path.is_file()
    for file in [file for file in tmp_path.rglob("*") if file.is_file()]:
        if str(file) != options.mapping and file.name not in FIXED_NAMES:
            file.rename(file.with_suffix(file.suffix.upper()))
    path = path.with_suffix(path.suffix.upper()) if single else path
    if name not in BY_NAME_ONLY:
        assert detect(path) == name
    found = list(read(path, format=name, options=options).clips)
    assert [(clip.name, clip.label) for clip in found] == [
        (clip.name, clip.label) for clip in expected
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


@pytest.mark.parametrize("name", SOUND)
def test_an_unknown_layout_is_told_with_the_nearest(tmp_path: Path, name: str) -> None:
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    path, options = SOUND[name][0](tmp_path)
    with pytest.raises(LayoutError, match=r"got 'kinect_v3'. Did you mean 'kinect_v"):
        read(path, format=name, options=replace(options, layout="kinect_v3"))


@pytest.mark.parametrize("name", [name for name in SOUND if name not in EXTRAS])
def test_other_units_are_taken_or_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "sound"
    folder.mkdir()
    path, options = SOUND[name][0](folder)
    for units in UNITS:
        asked = replace(options or ReadOptions(), units=units)
        try:
            found = {clip.units for clip in read(path, format=name, options=asked).clips}
        except FormatError:
            continue
        assert found == {units}


def test_a_mapping_is_for_tables(tmp_path: Path) -> None:
    path, _ = SOUND["irds"][0](tmp_path)
    with pytest.raises(FormatError, match="expected no mapping for format 'irds'"):
        read(path, format="irds", options=ReadOptions(mapping="mine.yaml"))


def test_a_folder_around_one_file_names_the_file(tmp_path: Path) -> None:
    name, form = "mmaction_pickle", 0
    path, _ = SOUND[name][form](tmp_path)
    (tmp_path / ".hidden").write_text("x")
    with pytest.raises(FormatError, match=f"Give that file: {path}"):
        detect(tmp_path)


def test_an_empty_folder_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    with pytest.raises(FormatError, match="got a folder without files"):
        detect(tmp_path)


def test_pictures_and_videos_are_sent_to_extract(tmp_path: Path) -> None:
    for name in ("talk.MP4", "hand.jpg"):
        (tmp_path / name).write_bytes(b"\0" * 64)
        for source in (tmp_path, tmp_path / name):
            with pytest.raises(FormatError, match="skelgraph extract MEDIA STORE"):
                detect(source)
