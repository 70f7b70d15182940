"""UTD-MHAD, and MATLAB files that are damaged or made up."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from skelgraph.data.formats import detect, read
from skelgraph.data.formats.raw.mat_file import has_variable, read_variable
from skelgraph.errors import FormatError
from tests.data.formats.writing import Damage, clips_of, damages, points, stays_honest

NAME = "a12_s4_t2_skeleton.mat"


def write(path: Path, values: Any, *, name: str = "d_skel", compress: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"before": np.arange(7.0), name: values}, do_compression=compress)
    return path


def skeleton(frames: int = 4) -> np.ndarray:
    return points(frames, 20).transpose(1, 2, 0)


@pytest.mark.parametrize("compress", [False, True])
def test_a_file(tmp_path: Path, compress: bool) -> None:
    values = skeleton()
    values[7, :, 2] = 0
    path = write(tmp_path / NAME, values, compress=compress)
    assert detect(path) == "utd_mhad"
    reading = read(path)
    (clip,) = reading.clips
    assert clip.keypoints.shape == (4, 1, 20, 3) and clip.layout.name == "kinect_v1"
    head = clip.keypoints[1, 0, clip.layout.index("head")]
    np.testing.assert_allclose(head, values[0, :, 1], rtol=1e-6)
    assert np.isnan(clip.keypoints[2, 0, clip.layout.index("left_hand")]).all()
    assert (clip.label, clip.subject, clip.repetition, clip.fps) == (11, 4, 2, 30.0)
    assert reading.class_names[11] == "bowling" and len(reading.class_names) == 27
    assert reading.report.to_dict()["repaired"] == {"joints at the origin -> missing": 1}


@pytest.mark.parametrize("kind", ["f4", "f8", "i1", "u2", "i4", "u8"])
def test_numbers_are_those_that_scipy_reads(tmp_path: Path, kind: str) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(kind)
    path = write(tmp_path / NAME, values, compress=kind == "i4")
    np.testing.assert_array_equal(read_variable(path, "d_skel"), loadmat(path)["d_skel"])


def test_one_frame_and_a_file_of_whole_numbers(tmp_path: Path) -> None:
    (clip,) = clips_of(write(tmp_path / NAME, skeleton(1)[..., 0]))
    assert clip.num_frames == 1
    (clip,) = clips_of(write(tmp_path / NAME, np.ones((20, 3, 2), dtype=np.int16)))
    assert clip.seen.all()


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (np.ones((19, 3, 2)), r"expected d_skel of real numbers, shape \(20, 3, frames\), got"),
        (np.ones((20, 3, 2)) * 1j, r"expected real numbers in 'd_skel', got complex ones"),
        (
            np.array(["text"], dtype=object),
            r"expected real numbers in 'd_skel', got values of MATLAB class 4",
        ),
        ({"a": 1}, r"got values of MATLAB class 2"),
    ],
)
def test_what_is_no_skeleton(tmp_path: Path, values: Any, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        clips_of(write(tmp_path / NAME, values), format="utd_mhad")


def test_no_matlab_file_and_no_such_variable(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, skeleton(), name="other")
    assert not has_variable(path, "d_skel") and has_variable(path, "other")
    with pytest.raises(FormatError, match=r"expected a variable 'd_skel', got none"):
        read_variable(path, "d_skel")
    path.write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    with pytest.raises(FormatError, match=r"version 5 to 7, got 'no header of that version'"):
        read_variable(path, "d_skel")


def test_cells_in_cells_are_refused_before_they_are_followed(tmp_path: Path) -> None:
    cell: Any = np.zeros((1, 1))
    for _ in range(30):
        outer = np.empty((1, 1), dtype=object)
        outer[0, 0] = cell
        cell = outer
    with pytest.raises(FormatError, match="got values of MATLAB class 1"):
        read_variable(write(tmp_path / NAME, cell), "d_skel")


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    content = write(tmp_path / NAME, skeleton(), compress=True).read_bytes()
    folded = zlib.compress(bytes(1 << 25), 1)
    bomb = (15).to_bytes(4, "little") + len(folded).to_bytes(4, "little") + folded
    path = tmp_path / NAME
    path.write_bytes(content[:128] + bomb)
    with pytest.raises(FormatError, match=r"more than \d+ bytes in a compressed variable"):
        read_variable(path, "d_skel")


def test_a_size_beyond_the_bytes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, skeleton())
    content = bytearray(path.read_bytes())
    at = content.index(b"d_skel") - 24  # sizes stand before the name
    place = content.index((20).to_bytes(4, "little") + (3).to_bytes(4, "little"), at - 16)
    content[place : place + 4] = (2_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"shape \[2000000000, 3, 4\] in \d+ bytes"):
        clips_of(path, format="utd_mhad")


def write_plain(path: Path) -> Path:
    return write(path, skeleton())


def write_compressed(path: Path) -> Path:
    return write(path, skeleton(), compress=True)


@settings(max_examples=50)
@given(damage=damages(), sound=st.sampled_from((write_plain, write_compressed)))
def test_damage_is_refused_or_read_as_sound_clips(
    damage: Damage, sound: Callable[[Path], Path]
) -> None:
    stays_honest(sound, NAME, damage, "utd_mhad")
