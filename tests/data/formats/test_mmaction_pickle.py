"""Annotation pickles of MMAction2 and PySKL: values, splits, damage."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, convert, detect, read
from skelgraph.data.protocols import split_clips
from skelgraph.errors import FormatError


def flat(name: str = "a", *, bodies: int = 1, **changes: Any) -> dict[str, Any]:
    """Make an annotation in 2-D; None takes a key away."""
    draws = np.random.default_rng(sum(map(ord, name)))
    made = {
        "frame_dir": name,
        "label": 1,
        "total_frames": 6,
        "img_shape": (240, 320),
        "original_shape": (240, 320),
        "keypoint": draws.uniform(20, 200, (bodies, 6, 17, 2)).astype(np.float16),
        "keypoint_score": draws.uniform(0.3, 1, (bodies, 6, 17)).astype(np.float16),
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def solid(name: str, **changes: Any) -> dict[str, Any]:
    draws = np.random.default_rng(sum(map(ord, name)))
    made = {
        "frame_dir": name, "label": int(name[-3:]) - 1, "total_frames": 6,
        "keypoint": draws.normal(0, 1, (2, 6, 25, 3)).astype(np.float32),
    }  # fmt: skip
    return {**made, **changes}


def save(folder: Path, content: Any) -> Path:
    path = folder / "set.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
    return path


def opened(
    folder: Path, annotations: Any, *, split: Any = None, **options: Any
) -> tuple[list[Clip], Reading]:
    content = {"split": split or {}, "annotations": annotations}
    reading = read(save(folder, content), options=ReadOptions(**options))
    return list(reading.clips), reading


def test_people_in_pictures(tmp_path: Path) -> None:
    sound = flat(bodies=2)
    sound["keypoint"][0, 1, 5] = 0
    sound["keypoint_score"][1, 2, 6] = 0
    sound["keypoint"][1, 4:] = 0
    (clip,), reading = opened(tmp_path, [sound])
    assert detect(tmp_path / "set.pkl") == "mmaction_pickle"
    assert clip.keypoints.shape == (6, 2, 17, 2) and clip.layout.name == "coco17"
    assert clip.units == "pixel" and clip.axes == ("left", "down")
    assert (clip.width, clip.height, clip.label, clip.name) == (320, 240, 1, "a")
    nose = clip.layout.index("nose")
    np.testing.assert_array_equal(clip.keypoints[3, 1, nose], sound["keypoint"][1, 3, 0])
    assert clip.confidence is not None
    assert clip.confidence[3, 1, 2] == np.float32(sound["keypoint_score"][1, 3, 2])
    assert not clip.seen[1, 0, 5] and not clip.seen[2, 1, 6] and not clip.seen[4:, 1].any()
    assert (~clip.seen).sum() == 2 + 2 * 17 and clip.confidence[4:, 1].max() == 0
    assert dict(reading.report.repaired) == {
        "joints at the origin -> missing": 1,
        "joints with score 0 -> missing": 1,
    }


def test_pictures_of_two_sizes_are_columns(tmp_path: Path) -> None:
    clips, reading = opened(tmp_path, [flat("a"), flat("b", img_shape=(320, 240))])
    assert clips[1].width is None
    assert clips[1].extra == {"picture_width": 240, "picture_height": 320}
    assert any("pictures of 2 sizes" in note for note in reading.report.notes)


def test_ntu_in_space(tmp_path: Path) -> None:
    names = ["S001C002P003R002A001", "S001C002P004R002A003"]
    clips, reading = opened(tmp_path, [solid(name) for name in names])
    assert clips[0].layout.name == "kinect_v2" and clips[0].units == "metre"
    assert (clips[1].setup, clips[1].camera, clips[1].subject, clips[1].label) == (1, 2, 4, 2)
    assert reading.class_names[2] == "brush teeth" and clips[0].confidence is None
    assert "25 joints x 3 channels read as layout 'kinect_v2'" in reading.report.notes[0]


def test_what_is_open_must_be_said(tmp_path: Path) -> None:
    odd = solid("my_clip_001")
    with pytest.raises(FormatError, match=r"got 25 joints x 3 channels.*--layout NAME"):
        opened(tmp_path, [odd])
    with pytest.raises(FormatError, match=r"whether the third channel is z or a score.*--units"):
        opened(tmp_path, [odd], layout="kinect_v2")
    with pytest.raises(FormatError, match="expected 17 joints for layout 'coco17', got 25"):
        opened(tmp_path, [odd], layout="coco17")
    (clip,), _ = opened(tmp_path, [odd], layout="kinect_v2", units="metre")
    assert clip.axes == ("right", "up", "away") and clip.fps is None
    (clip,), _ = opened(tmp_path, [odd], layout="openpose_body25", units="pixel")
    assert clip.confidence is not None and clip.keypoints.shape[-1] == 2


def test_bodies_beyond_the_slots_are_counted(tmp_path: Path) -> None:
    crowd = flat(bodies=4)
    crowd["keypoint_score"][1] = 0.01
    crowd["keypoint"][2] = crowd["keypoint_score"][2] = 0
    (clip,), reading = opened(tmp_path, [crowd])
    np.testing.assert_array_equal(clip.keypoints[0, :, 3], crowd["keypoint"][[0, 3], 0, 3])
    assert reading.report.repaired["bodies beyond the 2 best seen -> dropped"] == 1


def test_a_published_split_can_be_used_again(tmp_path: Path) -> None:
    names = [f"S001C001P{p:03d}R001A00{a}" for p in (1, 2, 3) for a in (1, 2)]
    split = {"train": names[:4], "val": names[4:]}
    content = {"split": split, "annotations": [solid(name) for name in names]}
    store = convert(save(tmp_path, content), tmp_path / "store")
    assert store.clips.extra["split"].tolist() == ["train"] * 4 + ["test"] * 2
    found = split_clips(store.clips, "files", files=tmp_path / "store" / "index.csv")
    assert set(store.clips.name[found.test]) == set(names[4:])
    assert "part 'val' is tested on: kept as test, there is no other" in store.report["notes"]


def test_several_protocols_have_a_column_each(tmp_path: Path) -> None:
    split = {"xsub_train": ["a"], "xsub_val": ["b"], "xview_train": ["b"], "clean": ["a"]}
    clips, _ = opened(tmp_path, [flat("a"), flat("b")], split=split)
    assert clips[0].extra == {"split_xsub": "train", "split_xview": "", "split_clean": "yes"}
    assert clips[1].extra == {"split_xsub": "test", "split_xview": "train", "split_clean": ""}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ([], "expected a list of annotations"),
        ("text", "expected a list of annotations.*got str"),
        ([3], "annotation 0: expected a dictionary, got int"),
        ([flat(keypoint=None)], r"expected keypoint as numbers \(M, T, V, C\), got NoneType"),
        ([flat(keypoint=np.zeros((6, 17, 2)))], r"got float64 \(6, 17, 2\)"),
        ([flat(keypoint=np.full((1, 6, 17, 2), "x"))], r"got <U1"),
        ([flat(total_frames=9)], r"expected '9' frames \(total_frames\), got 6"),
        ([flat(total_frames=10**30)], r"expected '1000"),
        ([flat(label=1.5)], "expected a whole number as label, got '1.5'"),
        ([flat(label=10**9)], "expected a whole number as label"),
        ([flat(frame_dir=3)], "expected frame_dir as text"),
        ([flat(img_shape=(1, 2, 3))], "expected img_shape"),
        ([flat(keypoint_score=np.zeros((1, 6)))], r"expected keypoint_score of shape \(1, 6, 17\)"),
        ([flat("a"), flat("a")], "expected each frame_dir once, got 'a' 2 times"),
        ([flat("a"), solid("S001C001P001R001A001")], "annotations of one number of joints"),
        ([flat(keypoint=np.ones((1, 6, 17, 4), "f4"))], "expected 2 or 3 channels"),
        ([{"frame_dir": "a", "frame_inds": np.zeros(3), "label": 1}], "the table of contents"),
    ],
)
def test_damage_is_told(tmp_path: Path, annotations: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        opened(tmp_path, annotations)


def test_a_split_of_another_form_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="expected split as part -> list of names"):
        opened(tmp_path, [flat()], split={"train": 3})


def test_one_array_used_over_and_over_is_refused(tmp_path: Path) -> None:
    large = np.ones((2, 200, 25, 3), np.float32)
    many = [solid(f"S001C001P{n:03d}R001A001", keypoint=large, total_frames=200) for n in range(60)]
    with pytest.raises(FormatError, match="arrays are repeated"):
        opened(tmp_path, many)


class Runs:
    def __reduce__(self) -> Any:
        return os.system, ("touch ran",)


def test_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match=r"a call of 'posix\.system'|a call of 'nt\.system'"):
        opened(tmp_path, [flat(note=Runs())])
    assert not (tmp_path / "ran").exists()


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_are_an_error_or_sound_clips(tmp_path_factory: Any, data: Any) -> None:
    content = bytearray(pickle.dumps({"split": {"train": ["a"]}, "annotations": [flat()]}, 4))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, min(len(content) - 1, data.draw(st.integers(0, 3000)))))
        content[place] = data.draw(st.integers(0, 255))
    path = save(tmp_path_factory.getbasetemp(), bytes(content))
    try:
        clips = list(read(path, format="mmaction_pickle").clips)
    except FormatError as error:
        assert "expected" in str(error)
    else:
        assert all(clip.keypoints.shape[2] == 17 for clip in clips)


@pytest.mark.data
def test_the_real_file_holds_no_skeletons(recordings: Path) -> None:
    path = recordings / "native" / "mmaction2" / "sample.pkl"
    assert detect(path) == "mmaction_pickle"
    with pytest.raises(FormatError, match="got the table of contents of a set"):
        read(path)
