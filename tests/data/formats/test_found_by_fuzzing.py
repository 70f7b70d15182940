"""What fuzz runs found, one test a finding: see docs/formats/robustness.md."""

from __future__ import annotations

import os
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.formats import FORMATS, ReadOptions, convert, read
from skelgraph.data.formats.raw.number_rows import read_rows
from skelgraph.errors import Faults, FormatError, StoreError, list_faults
from tests.data import made_up, test_npz
from tests.data.formats import (
    test_array_sets,
    test_florence3d,
    test_kinetics_json,
    test_mediapipe_files,
    test_ntu_skeleton,
)
from tests.data.formats.writing import clips_of


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Change the parts of an archive."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))
    return path


@pytest.mark.parametrize("key", ["keypoints", "offsets", "label", "joint_names", "fps", "units"])
def test_a_part_of_an_npz_that_is_no_array(tmp_path: Path, key: str) -> None:
    path = made_up.write_npz(tmp_path / "set.npz")
    repacked(path, lambda name, content: b"x" + content if name == f"{key}.npy" else content)
    with pytest.raises(FormatError, match=r"expected a whole \.npz archive of plain arrays"):
        read(path)


@pytest.mark.parametrize("code", [0x110000, 0xD800])
def test_texts_of_an_npz_that_are_no_unicode(tmp_path: Path, code: int) -> None:
    names = made_up.arrays()["joint_names"].copy()
    names.view(np.uint32)[3] = code
    path = made_up.write_npz(tmp_path / "set.npz", joint_names=names)
    with pytest.raises(FormatError, match="'joint_names': expected texts, got damaged ones"):
        read(path)


def test_an_npz_that_claims_a_huge_array(tmp_path: Path) -> None:
    path = made_up.write_npz(tmp_path / "set.npz", **test_npz.pixels())
    old, new = b"(6, 25, 3), }         ", b"(999999999999, 25, 3), }"[:22]
    repacked(path, lambda name, content: content.replace(old, new.ljust(22)))
    with pytest.raises(FormatError, match=r"expected a whole \.npz archive of plain arrays"):
        read(path)


def test_an_npz_that_unfolds_to_a_thousand_times_its_size(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, **made_up.arrays(fill=np.zeros(40_000_000, dtype=np.uint8)))
    with pytest.raises(FormatError, match="expected at most 200 times the archive's"):
        read(path)


def test_a_message_does_not_carry_the_file(tmp_path: Path) -> None:
    path = made_up.write_npz(tmp_path / "set.npz", **test_npz.pixels())
    content = bytearray(path.read_bytes())
    content[26:28] = (20_000).to_bytes(2, "little")  # the length of the first part's name
    path.write_bytes(content)
    for format in ("npz", "ctrgcn_npz"):
        with pytest.raises(FormatError) as error:
            list(read(path, format=format).clips)
        assert len(str(error.value)) < 1000


def test_videos_without_numbers_are_said(tmp_path: Path) -> None:
    path = test_florence3d.write(tmp_path / test_florence3d.NAME)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0].replace("1.000000", "inf", 1), *lines[1:2] * 2]))
    with pytest.raises(FormatError, match="of video, actor, category, got inf, 1, 1"):
        clips_of(path)


def test_digits_of_other_scripts_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1 2\n3 4\u0663\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"a\.txt, line 2: expected a number, got '4\u0663'"):
        read_rows(path, columns=2)


def test_key_points_of_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "keypoint.csv").write_bytes(b"\n" * 3000)
    with pytest.raises(FormatError, match="21 x 2 or 21 x 3 numbers, got 0 cells"):
        clips_of(tmp_path / "keypoint.csv", format="mediapipe_csv")


def test_numbers_beyond_float32_in_arrays(tmp_path: Path) -> None:
    array = test_array_sets.rows(2).astype(np.float64)
    array[0, 1, 5] = 1e300
    np.savez(tmp_path / "set.npz", x_train=array, y_train=np.array([0, 7]))
    clips = clips_of(tmp_path / "set.npz")
    assert [int((~clip.seen[1, 0]).sum()) for clip in clips] == [1, 0]


def test_infinite_positions_about_a_picture_centre(tmp_path: Path) -> None:
    array = np.full((2, 3, 4, 18, 1), -0.25, np.float64)
    array[:, 2] = 0.5
    array[0, 1] = 1e300
    path = test_array_sets.stgcn(tmp_path, array, ["a", "b"], [0, 1])
    clips = clips_of(path, width=340, height=256)
    assert [clip.name for clip in clips] == ["b"]


def test_an_archive_in_the_place_of_an_array(tmp_path: Path) -> None:
    path = test_array_sets.stgcn(tmp_path)
    path.write_bytes(made_up.write_npz(tmp_path / "set.npz").read_bytes())
    with pytest.raises(FormatError, match=r"expected a whole \.npy array of numbers"):
        read(path, format="stgcn_arrays")


def test_infinite_positions_of_several_bodies(tmp_path: Path) -> None:
    bodies = [
        test_ntu_skeleton.moving(14, scale=scale, body=f"7205759403794473{number}")
        for number, scale in enumerate((0.1, 0.3))
    ]
    frames = [list(pair) for pair in zip(*bodies, strict=True)]
    x, rest = frames[3][0][2].split(" ", 1)
    frames[3][0][2] = f"1e300 {rest}"
    path = test_ntu_skeleton.write(tmp_path, test_ntu_skeleton.text(frames))
    (clip,) = clips_of(path)
    assert clip.keypoints.shape[:2] == (14, 2) and (~clip.seen).sum() == 1 and x != "1e300"


def test_texts_that_are_no_unicode_are_stored_escaped(tmp_path: Path) -> None:
    content = test_kinetics_json.video([[test_kinetics_json.body(0.3)]])
    path = test_kinetics_json.write(tmp_path, {**content, "label": "\ud800"})
    store = convert(path, tmp_path / "store", options=test_kinetics_json.SIZE)
    assert store.class_names[3] == "\\ud800" and store.verify() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of files that are no Unicode")
def test_a_file_whose_name_is_no_unicode(tmp_path: Path) -> None:
    path = test_mediapipe_files.dump(tmp_path / "a.json", [test_mediapipe_files.holistic()])
    odd = path.rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")))
    store = convert(odd, tmp_path / "store", options=ReadOptions(fps=25))
    assert store.num_clips == 1 and store.verify() == []


def test_a_whole_number_of_hundreds_of_digits_is_no_coordinate(tmp_path: Path) -> None:
    path = test_mediapipe_files.dump(tmp_path / "a.json", [test_mediapipe_files.holistic()])
    text = path.read_text()
    start = text.index('"x": ') + 5
    end = text.index(",", start)
    path.write_text(text[:start] + "9" * 400 + text[end:])
    with pytest.raises(FormatError, match="expected numbers x, y and z"):
        clips_of(path, fps=25)


def test_an_infinite_label_does_not_upset_who_looks(tmp_path: Path) -> None:
    row = test_mediapipe_files.hand_row(0)
    path = test_mediapipe_files.write_rows(tmp_path / "keypoint.csv", [[float("inf"), *row[1:]]])
    assert not any(module.recognises(path) for module in FORMATS.values())


def test_a_million_faults_are_counted_not_worded() -> None:
    faults = Faults()
    for number in range(1_000_000):
        faults.append(str(number))
    assert len(faults) == 10 and list_faults(faults).endswith("9\n... and 999990 more")
    assert list_faults(str(number) for number in range(12)).endswith("9\n... and 2 more")
    assert list_faults(iter(())) == ""


@pytest.mark.parametrize("name", ["kinetics_json", "mmaction_pickle", "msr_action3d"])
def test_what_is_wrong_with_a_file_takes_little_memory(tmp_path: Path, name: str) -> None:
    write = {
        "kinetics_json": lambda path: path.write_text('{"data": [' + "7,  " * 50_000 + "7]}"),
        "mmaction_pickle": lambda path: path.write_bytes(b"(l(" + b"I7000\n" * 50_000 + b"le."),
        "msr_action3d": lambda path: path.write_text("7\n" * 100_000),
    }[name]
    path = tmp_path / "a05_s03_e02_skeleton3D.txt"
    write(path)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            list(read(path, format=name, options=test_kinetics_json.SIZE).clips)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * path.stat().st_size + 10_000_000


def test_a_mapping_with_aliases_is_refused(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in pairwise("abcdefghij"):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("\n".join([*lines, "layout: *j"]))
    (tmp_path / "a.csv").write_text("t,x\n0,1\n")
    with pytest.raises(FormatError, match="expected a mapping without aliases"):
        read(tmp_path / "a.csv", format="table", options=ReadOptions(mapping=str(mapping)))


def test_signalling_nans_in_arrays(tmp_path: Path) -> None:
    array = test_array_sets.rows(2)
    array.view(np.uint32)[0, 1, 5] = 0x7F800001
    np.savez(tmp_path / "set.npz", x_train=array, y_train=np.array([0, 7]))
    assert len(clips_of(tmp_path / "set.npz")) == 2


@pytest.mark.parametrize("content", ["layout: {}", "{}: 3", "layout: kinect_v1\ntime: {}"])
def test_a_mapping_with_endless_texts_is_refused_shortly(tmp_path: Path, content: str) -> None:
    (tmp_path / "mapping.yaml").write_text(content.format('"' + "(" * 100_000 + '"'))
    (tmp_path / "a.csv").write_text("t,x\n0,1\n")
    options = ReadOptions(mapping=str(tmp_path / "mapping.yaml"))
    with pytest.raises(FormatError, match="expected texts of at most 1000 letters") as error:
        read(tmp_path / "a.csv", format="table", options=options)
    assert len(str(error.value)) < 500


def test_a_store_takes_no_names_without_end(tmp_path: Path) -> None:
    path = test_mediapipe_files.write_rows(
        tmp_path / "keypoint.csv", [test_mediapipe_files.hand_row(0)]
    )
    (tmp_path / "keypoint_labels.csv").write_text("[   " * 100_000 + "\n")
    with pytest.raises(StoreError, match="expected a name of at most 1000 letters, got 399997"):
        convert(path, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_an_endless_line_is_not_taken_apart(tmp_path: Path) -> None:
    lines = test_ntu_skeleton.SOUND.split(b"\r\n")
    content = b"\r\n".join([*lines[:4], b"[ " * 200_000 + lines[4], *lines[5:]])
    path = test_ntu_skeleton.write(tmp_path, content)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="12 values of a joint, got more than 64"):
            read(path).clips.__next__()
        assert tracemalloc.get_traced_memory()[1] < 10 * len(content)
    finally:
        tracemalloc.stop()


def test_a_mapping_of_lists_in_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text("a: \n  " + "- " * 100_000)
    (tmp_path / "a.csv").write_text("t,x\n0,1\n")
    options = ReadOptions(mapping=str(tmp_path / "mapping.yaml"))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="expected a mapping of a few levels"):
            read(tmp_path / "a.csv", format="table", options=options)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
