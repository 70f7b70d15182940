"""The arrays of ST-GCN and CTR-GCN: values, padding, origins, parts, damage."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.formats import ReadOptions, detect, read
from skelgraph.errors import FormatError

NTU = [f"S001C001P00{person}R001A00{person}.skeleton" for person in (1, 2, 3)]


def space(count: int = 3) -> np.ndarray:
    """Make (N, C, T, V, M): 10 frames, of which 2, 4 and 6 are padding; one body in clip 0."""
    array = np.random.default_rng(0).normal(0, 1, (count, 3, 10, 25, 2)).astype(np.float32)
    for row in range(count):
        array[row, :, 10 - 2 * (row + 1) :] = 0
    array[0, ..., 1] = 0
    return array


def stgcn(
    folder: Path, array: Any = None, names: Any = None, labels: Any = None, part: str = "train"
) -> Path:
    path = folder / f"{part}_data.npy"
    np.save(path, space() if array is None else array)
    content = (NTU if names is None else names, [0, 1, 2] if labels is None else labels)
    (folder / f"{part}_label.pkl").write_bytes(pickle.dumps(content))
    return path


def test_stgcn_in_space(tmp_path: Path) -> None:
    path = stgcn(tmp_path)
    assert detect(path) == detect(tmp_path) == "stgcn_arrays"
    reading = read(tmp_path)
    clips = list(reading.clips)
    assert [clip.keypoints.shape for clip in clips] == [
        (8, 2, 25, 3), (6, 2, 25, 3), (4, 2, 25, 3),
    ]  # fmt: skip
    head = clips[1].layout.index("head")
    np.testing.assert_array_equal(clips[1].keypoints[5, 1, head], space()[1, :, 5, 3, 1])
    assert not clips[0].seen[:, 1].any() and clips[0].seen[:, 0].all()
    assert (clips[2].subject, clips[2].label, clips[2].name) == (3, 2, "S001C001P003R001A003")
    assert reading.class_names[1] == "eat meal" and clips[0].extra == {"split": "train"}
    assert reading.report.is_clean and clips[0].fps == 30


def test_stgcn_train_and_val_are_one_source(tmp_path: Path) -> None:
    stgcn(tmp_path)
    stgcn(tmp_path, names=[name.replace("S001", "S002") for name in NTU], part="val")
    clips = list(read(tmp_path).clips)
    assert [clip.extra["split"] for clip in clips] == ["train"] * 3 + ["test"] * 3
    stgcn(tmp_path, part="val")
    with pytest.raises(FormatError, match=r"clips of different names, got 'S001.* 2 times"):
        read(tmp_path)


def test_stgcn_about_a_central_joint(tmp_path: Path) -> None:
    array = space()
    array[:, :, :, 1, 0] = 0
    array[1, :, 2, 7, 1] = 0
    reading = read(stgcn(tmp_path, array))
    clips = list(reading.clips)
    assert clips[1].seen[:, 0].all() and (~clips[1].seen).sum() == 1
    assert reading.report.repaired["joints at the origin -> missing"] == 1
    assert any("at the origin: kept" in note for note in reading.report.notes)


@pytest.mark.parametrize("flipped", [False, True])
def test_stgcn_in_pictures(tmp_path: Path, flipped: bool) -> None:
    array = np.zeros((2, 3, 5, 18, 2), np.float32)
    array[:, :2, :4, :, 0] = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 2, 4, 18))
    array[:, 1, :4, [8, 11], 0] += 0.3  # hips
    array[:, 2, :4, :, 0] = 0.8
    array[0, :, 1, 4, 0] = 0
    expected = array[:, 1, 2, 8, 0] + 0.5
    if flipped:
        array[:, 1] *= -1
    reading = read(
        stgcn(tmp_path, array, ["a.json", "b.json"], [0, 3]),
        options=ReadOptions(width=340, height=256),
    )
    first, second = reading.clips
    assert first.layout.name == "openpose_coco18" and first.units == "image fraction"
    assert first.keypoints.shape == (4, 2, 18, 2) and first.axes == ("left", "down")
    hip = first.layout.index("right_hip")
    assert first.keypoints[2, 0, hip, 1] == pytest.approx(expected[0])
    assert second.keypoints[2, 0, hip, 1] == pytest.approx(expected[1])
    assert np.flatnonzero(~first.seen[1, 0]).tolist() == [4] and not first.seen[:, 1].any()
    assert first.confidence is not None and first.confidence[0, 0, 0] == np.float32(0.8)
    assert (second.name, second.label, reading.class_names) == ("b", 3, ("0", "1", "2", "3"))
    assert any("y pointed up" in note for note in reading.report.notes) is flipped


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"array": np.zeros((3, 3, 10, 25))}, r"expected numbers \(N, C, T, V, M\)"),
        ({"array": np.full((3, 3, 2, 25, 2), "x")}, r"expected numbers \(N, C, T, V, M\), got <U1"),
        ({"array": np.zeros((3, 4, 10, 25, 2))}, "expected 2 or 3 channels"),
        ({"array": np.zeros((3, 3, 10, 20, 2))}, "got 20 joints x 3 channels"),
        ({"names": ["a", "b", "c"]}, "got 25 joints x 3 channels, which may be of several"),
        ({"names": NTU[:2]}, "expected 3 names and labels, one a clip, got 2 and 3"),
        ({"labels": [0, 1, "x"]}, "entry 2: expected a name and a label from 0, got str and 'x'"),
        ({"labels": [0, 1, 10**12]}, "entry 2: expected a name and a label"),
        ({"names": [NTU[0], NTU[0], NTU[1]]}, "expected clips of different names"),
    ],
)
def test_stgcn_damage(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(read(stgcn(tmp_path, **changes)).clips)


def test_stgcn_cut_off_and_alone(tmp_path: Path) -> None:
    path = stgcn(tmp_path)
    content = path.read_bytes()
    for size in (0, 5, 60, len(content) // 2):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"expected a whole \.npy array"):
            read(path)
    path.write_bytes(content)
    (tmp_path / "train_label.pkl").write_bytes(pickle.dumps(NTU))
    with pytest.raises(FormatError, match=r"expected \(sample names, labels\), got list"):
        read(path)
    (tmp_path / "train_label.pkl").unlink()
    with pytest.raises(FormatError, match="got something else"):
        detect(path)


def test_absent_clips_are_dropped_with_a_reason(tmp_path: Path) -> None:
    array = space()
    array[1] = 0
    reading = read(stgcn(tmp_path, array))
    assert len(list(reading.clips)) == 2
    assert reading.report.dropped == {"S001C001P002R001A002": "no frames"}


def rows(count: int) -> np.ndarray:
    """Make CTR-GCN's (N, T, M * V * C) of the same numbers, the first spine_mid at zero."""
    x = space(count).transpose(0, 2, 4, 3, 1).copy()
    x[:, 0, 0, 1] = 0
    return x.reshape(count, 10, 150)


def ctrgcn(folder: Path, **changes: Any) -> Path:
    arrays = {
        "x_train": rows(3), "y_train": np.eye(60)[[4, 59, 0]],
        "x_test": rows(2), "y_test": np.eye(60)[[1, 2]], **changes,
    }  # fmt: skip
    path = folder / "set.npz"
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_ctrgcn(tmp_path: Path) -> None:
    path = ctrgcn(tmp_path)
    assert detect(path) == "ctrgcn_npz"
    reading = read(path)
    clips = list(reading.clips)
    assert reading.num_clips == len(clips) == 5
    assert [clip.label for clip in clips] == [4, 59, 0, 1, 2]
    assert [clip.extra["split"] for clip in clips] == ["train"] * 3 + ["test"] * 2
    assert [clip.name for clip in clips][2:4] == ["train_00002", "test_00000"]
    assert clips[1].keypoints.shape == (6, 2, 25, 3) and clips[1].layout.name == "kinect_v2"
    head = clips[1].layout.index("head")
    np.testing.assert_array_equal(clips[1].keypoints[5, 1, head], space()[1, :, 5, 3, 1])
    assert clips[0].seen[:, 0].all() and not clips[0].seen[:, 1].any()
    assert reading.class_names[59] == "walk apart" and reading.report.is_clean


def test_ctrgcn_of_other_classes_compressed_and_with_plain_labels(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, x_train=rows(2).astype(np.float64), y_train=np.array([0, 7]))
    reading = read(path)
    clips = list(reading.clips)
    assert [clip.label for clip in clips] == [0, 7] and clips[0].fps is None
    assert reading.class_names == tuple("01234567")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": rows(3)[:, :, :149]}, r"150 for NTU RGB\+D\), got 149"),
        ({"x_train": rows(3)[0]}, r"x_train: expected floats \(N, T, columns\)"),
        ({"x_test": np.full((2, 10, 150), "x")}, "x_test: expected floats"),
        ({"y_train": np.eye(60)[:2]}, "y_train: expected 3 rows like x_train, got 2"),
        ({"y_train": np.zeros((3, 60))}, "y_train, row 0: expected one class of 60, got 0"),
        ({"y_train": np.array([0, 1, -1]), "y_test": np.array([0, 1])}, "row 2: expected a label"),
        ({"y_test": np.array([0.5, np.nan])}, r"row 0: expected a label from 0, got 0\.5"),
        ({"x_train": np.asfortranarray(rows(3))}, "C order.*in Fortran order"),
        ({"x_train": np.full(3, None)}, "expected plain numbers in C order, got object"),
    ],
)
def test_ctrgcn_damage(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(read(ctrgcn(tmp_path, **changes)).clips)


def test_the_two_kinds_of_npz_do_not_clash(tmp_path: Path) -> None:
    assert detect(ctrgcn(tmp_path)) == "ctrgcn_npz"
    for keys in (
        {"keypoints": 1},
        {"x_train": 1},
        {"x": 1},
        {"keypoints": 1, "x_train": 1, "y_train": 1},
    ):
        np.savez(tmp_path / "other.npz", **{key: np.zeros(3) for key in keys})
        found = [name for name in ("npz",) if detect(tmp_path / "other.npz") == name]
        assert found == ["npz"]
    (tmp_path / "other.npz").write_bytes(b"PK\x03\x04 cut off")
    assert detect(tmp_path / "other.npz") == "npz"


def lying(folder: Path, shape: tuple[int, ...]) -> Path:
    path = ctrgcn(folder)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sound = b"(3, 10, 150)"
    header = str(shape).encode()
    raw = members["x_train.npy"]
    end = b", }"
    raw = raw.replace(sound + end + b" " * (len(header) - len(sound)), header + end, 1)
    assert raw != members["x_train.npy"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "x_train.npy": raw}.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("shape", [(3, 99, 150), (999999999, 10, 150), (3, 10, 99999999999)])
def test_a_header_that_lies_allocates_nothing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(FormatError, match="to fill its bytes"):
        read(lying(tmp_path, shape))


@settings(max_examples=60)
@given(data=st.data(), kind=st.sampled_from(["stgcn", "ctrgcn"]))
def test_damaged_bytes_are_an_error_or_sound_clips(
    tmp_path_factory: Any, data: Any, kind: str
) -> None:
    folder = tmp_path_factory.mktemp(kind)
    small = {"y_train": np.eye(5)[[0, 1, 2]], "x_test": None, "y_test": None}
    path = stgcn(folder) if kind == "stgcn" else ctrgcn(folder, **small)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from([0, 60, 200, len(content) - 300, len(content) - 1]))
        place = min(len(content) - 1, max(0, place + data.draw(st.integers(-60, 60))))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))])
    try:
        clips = list(read(path, format="stgcn_arrays" if kind == "stgcn" else "ctrgcn_npz").clips)
    except FormatError as error:
        assert "expected" in str(error)
    else:
        assert all(clip.keypoints.shape[2:] == (25, 3) for clip in clips)
