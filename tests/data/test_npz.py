"""Reading .npz sets: what they mean, and what is wrong with damaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import FORMATS, Reading, ReadOptions, convert, detect, read
from skelgraph.errors import FormatError, SkelgraphError, StoreError
from skelgraph.graphs import load_layout
from tests.data.made_up import arrays, write_npz

HANDS = load_layout("mediapipe_hands")


def open_set(path: Path, options: ReadOptions | None = None, **changes: Any) -> Reading:
    return read(write_npz(path / "set.npz", **changes), options=options)


def clips_of(path: Path, **changes: Any) -> list[Clip]:
    return list(open_set(path, **changes).clips)


def test_units_that_the_file_does_not_say_may_be_given(tmp_path: Path) -> None:
    options = ReadOptions(units="millimetre")
    assert next(open_set(tmp_path, options, units=None).clips).units == "millimetre"
    with pytest.raises(FormatError, match=r"expected units 'metre'.* got 'millimetre'"):
        next(open_set(tmp_path, options).clips)


def test_a_sound_set(tmp_path: Path) -> None:
    reading = open_set(tmp_path, correctness=np.array([1, 3]))
    first, second = list(reading.clips)
    np.testing.assert_array_equal(first.keypoints[:, 0], arrays()["keypoints"][:4])
    assert (first.num_frames, second.num_frames, reading.num_clips) == (4, 3, 2)
    assert (first.label, first.subject, first.camera, first.fps) == (0, 4, -1, 30.0)
    assert first.axes == ("right", "up", "away") and first.units == "metre"
    assert first.source != second.source and second.name == "set_00001"
    assert second.extra == {"correctness": 3}
    assert reading.class_names == ("push", "pull")
    assert reading.report.to_dict() == {
        "source": "set.npz", "format": "npz", "files": 1, "clips": 2, "frames": 7,
        "repaired": {}, "skipped": {}, "dropped": {}, "notes": [],
        "survey": {
            "lengths": {"min": 3, "median": 3.5, "max": 4},
            "joints": {}, "outside": 0, "duplicates": {}, "unlabelled": 0,
        },
        "steps": {},
    }  # fmt: skip


def test_joint_names_rule_over_the_order(tmp_path: Path) -> None:
    sound = arrays()
    order = np.random.default_rng(0).permutation(25)
    moved = open_set(
        tmp_path,
        keypoints=sound["keypoints"][:, order],
        joint_names=sound["joint_names"][order],
    )
    np.testing.assert_array_equal(next(moved.clips).keypoints[:, 0], sound["keypoints"][:4])
    assert "joints put in the order of layout 'kinect_v2'" in moved.report.notes[0]


def test_joint_names_rule_over_the_layout_named(tmp_path: Path) -> None:
    reading = open_set(tmp_path, layout=np.array("coco17"))
    assert next(reading.clips).layout.name == "kinect_v2"
    assert "found by joint names (the file says 'coco17')" in reading.report.notes[0]


def test_without_names_the_layout_is_taken_and_said(tmp_path: Path) -> None:
    reading = open_set(tmp_path, joint_names=None)
    assert next(reading.clips).layout.name == "kinect_v2"
    assert "no joint names in the file" in reading.report.notes[0]
    with pytest.raises(FormatError, match=r"expected joint_names or a known layout.*--layout"):
        open_set(tmp_path, joint_names=None, layout=None)
    with pytest.raises(FormatError, match=r"expected 17 joints for layout 'coco17', got 25"):
        open_set(tmp_path, ReadOptions(layout="coco17"), joint_names=None)


def test_unknown_joints_are_listed_with_the_nearest(tmp_path: Path) -> None:
    names = arrays()["joint_names"].copy()
    names[[2, 5]] = "neck_joint", "elbow_left"
    with pytest.raises(FormatError) as caught:
        open_set(tmp_path, joint_names=names)
    text = str(caught.value)
    assert "got 'neck_joint'. Did you mean 'neck'?" in text
    assert "got 'elbow_left'. Did you mean" in text
    assert "got none called neck, left_elbow" in text


def pixels(**changes: Any) -> dict[str, Any]:
    layout = load_layout("openpose_body25")
    points = np.random.default_rng(0).uniform(50, 400, (6, 25, 3)).astype(np.float32)
    points[..., 2] = 0.8
    return dict(
        keypoints=points, offsets=np.array([0, 6]), label=np.array([0]), subject=np.array([1]),
        joint_names=np.array(layout.joints), layout=np.array(layout.name),
        units=np.array("pixel"), **changes,
    )  # fmt: skip


def test_pixels_have_confidence_and_its_zero_is_missing(tmp_path: Path) -> None:
    content = pixels()
    content["keypoints"][0, 3] = 12, 7, 0  # what is left of a joint that was not found
    content["keypoints"][1, 4] = 0, 0, 0
    content["keypoints"][2, 5, 2] = -1e-5
    reading = open_set(tmp_path, **content)
    (clip,) = reading.clips
    assert clip.axes == ("left", "down") and clip.keypoints.shape == (6, 1, 25, 2)
    assert not clip.seen[0, 0, 3] and not clip.seen[1, 0, 4] and not clip.seen[2, 0, 5]
    assert (~clip.seen).sum() == 3
    assert clip.confidence is not None
    assert clip.confidence[0, 0, 3] == 0 and clip.confidence[0, 0, 0] == np.float32(0.8)
    assert reading.report.repaired["joints with confidence or state 0 -> missing"] == 2
    assert reading.report.repaired["joints at the origin -> missing"] == 1


def test_kinect_states_become_confidence(tmp_path: Path) -> None:
    state = np.full((7, 25, 1), 2, dtype=np.float32)
    state[0, 1], state[0, 2] = 1, 0
    reading = open_set(tmp_path, keypoints=np.concatenate([arrays()["keypoints"], state], axis=2))
    clip = next(reading.clips)
    assert clip.confidence is not None
    assert clip.confidence[0, 0, :4].tolist() == [1, 0.5, 0, 1]
    assert clip.seen[0, 0, :4].tolist() == [True, True, False, True]
    assert "tracking state" in reading.report.notes[0]


def test_other_confidence_of_metres_does_not_mean_missing(tmp_path: Path) -> None:
    score = np.zeros((7, 25, 1), dtype=np.float32)
    score[1] = 0.4
    (clip, _) = clips_of(tmp_path, keypoints=np.concatenate([arrays()["keypoints"], score], 2))
    assert clip.seen.all() and clip.confidence is not None
    assert clip.confidence[1, 0, 0] == np.float32(0.4)


def test_missing_marks_are_counted(tmp_path: Path) -> None:
    points = arrays()["keypoints"].copy()
    points[0, 0, 1], points[1, 1, 2] = np.nan, np.inf
    points[2] = 0
    reading = open_set(tmp_path, keypoints=points)
    (clip, _) = list(reading.clips)
    assert not clip.seen[0, 0, 0] and not clip.seen[1, 0, 1] and not clip.seen[2].any()
    assert dict(reading.report.repaired) == {
        "joints with a NaN coordinate -> missing": 1,
        "joints with an infinite coordinate -> missing": 1,
        "joints at the origin -> missing": 25,
        "joints with confidence or state 0 -> missing": 0,
    }


def test_a_set_about_its_root_keeps_the_root(tmp_path: Path) -> None:
    points = arrays()["keypoints"] - arrays()["keypoints"][:, :1]
    points[:, 19] = 0
    points[3] = 0
    reading = open_set(tmp_path, keypoints=points)
    (clip, _) = list(reading.clips)
    assert clip.seen[:3, 0, 0].all() and not clip.seen[:, 0, 19].any()
    assert reading.report.notes == [
        "'spine_base' is always at the origin: kept as the origin of the recording"
    ]


def test_unusable_clips_are_dropped_and_named(tmp_path: Path) -> None:
    points = arrays()["keypoints"].copy()
    points[4:] = 0
    reading = open_set(
        tmp_path, keypoints=points, offsets=np.array([0, 4, 4, 7]), label=np.array([0, 1, 1]),
        subject=np.array([1, 1, 1]),
    )  # fmt: skip
    assert len(list(reading.clips)) == 1
    assert reading.report.dropped == {
        "set_00001": "no frames", "set_00002": "no joint is seen in any frame",
    }  # fmt: skip


def test_a_set_without_any_usable_clip_writes_nothing(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "set.npz", keypoints=np.zeros((7, 25, 3), np.float32))
    with pytest.raises(StoreError, match=r"at least one usable clip.*dropped: no joint is seen"):
        convert(path, tmp_path / "store")
    assert [entry.name for entry in tmp_path.iterdir()] == ["set.npz"]


def two_hands(**changes: Any) -> dict[str, Any]:
    points = np.random.default_rng(1).uniform(0.2, 0.8, (2, 5, 2, 21, 3)).astype(np.float16)
    return dict(
        keypoints=points, offsets=None, joint_names=np.array(HANDS.joints), fps=None,
        layout=np.array("mediapipe_hands"), units=np.array("image fraction"), **changes,
    )  # fmt: skip


def test_hands_go_to_their_slots(tmp_path: Path) -> None:
    content = two_hands(bodies=np.array(["left", "right"]))
    plain = clips_of(tmp_path, **content)[0]
    assert plain.keypoints.shape == (5, 2, 21, 3) and plain.axes == ("left", "down", "away")
    assert plain.keypoints.dtype == np.float32 and plain.fps is None
    swapped = {**content, "bodies": np.array(["right", "left"])}
    reading = open_set(tmp_path, **swapped)
    np.testing.assert_array_equal(next(reading.clips).keypoints, plain.keypoints[:, ::-1])
    assert "hands put in the order left, right" in reading.report.notes[0]


def test_options_go_before_the_file(tmp_path: Path) -> None:
    options = ReadOptions(width=640, height=480, fps=25.0)
    clip = next(open_set(tmp_path, options, **two_hands(width=np.array(1920))).clips)
    assert (clip.width, clip.height, clip.fps) == (640, 480, 25.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": None}, "expected the key 'keypoints'"),
        ({"units": None}, "expected the key 'units'"),
        ({"units": np.array("furlong")}, "units: expected one of metre"),
        ({"offsets": None}, r"without offsets"),
        ({"keypoints": np.zeros((7, 25), np.float32)}, r"expected \(F, V, C\) with 'offsets'"),
        ({"keypoints": np.full((7, 25, 3), "x")}, "keypoints: expected numbers"),
        ({"keypoints": np.zeros((7, 25, 5), np.float32)}, "expected 3 or 4 .* channels, got 5"),
        ({"offsets": np.array([0, 5, 4, 7])}, "no value below the one before.* clips 1"),
        ({"offsets": np.array([0, 4, 9])}, "run from 0 to the 7 frames, got 0 to 9"),
        ({"offsets": np.array([0.0, 4.0, 7.0])}, "offsets: expected at least two whole numbers"),
        ({"offsets": np.array([7])}, "offsets: expected at least two whole numbers"),
        ({"label": np.array([0, 2])}, "clip 1: expected a label from 0 to 1 .* got 2"),
        ({"label": np.array([-5, 0])}, "clip 0: expected a label"),
        ({"label": np.array([0, 1, 1])}, "label: expected 2 whole numbers"),
        ({"subject": np.array([0.5, 1])}, "subject: expected 2 whole numbers"),
        ({"joint_names": np.array(["neck"])}, "expected 25 joint_names"),
    ],
)
def test_faults_are_told(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        open_set(tmp_path, **change)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        open_set(tmp_path, offsets=np.array([0, 5, 4, 9]), label=np.array([0]))
    assert len(str(caught.value).splitlines()) == 4


def test_text_and_objects_are_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    path.write_text("not a zip archive")
    with pytest.raises(FormatError, match=r"expected a whole .npz archive of plain arrays"):
        read(path)
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 25, 3)))
    with pytest.raises(FormatError, match=r"no zip archive"):
        read(path)
    np.savez(path, keypoints=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FormatError, match=r"expected a whole .npz archive of plain arrays"):
        read(path)


def test_unknown_sources_are_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"expected an existing file"):
        detect(tmp_path / "none.npz")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(FormatError, match=r"expected one of the formats npz"):
        read(tmp_path / "a.txt")
    with pytest.raises(FormatError, match=r"format: expected one of"):
        read(tmp_path / "a.txt", format="npy")
    assert detect(write_npz(tmp_path / "b.npz")) == "npz" and "npz" in FORMATS


@pytest.fixture(scope="module")
def sound_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_npz(tmp_path_factory.mktemp("sound") / "set.npz").read_bytes()


@given(share=st.floats(0, 0.999))
def test_a_cut_off_file_is_an_error(
    sound_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / "set.npz"
    path.write_bytes(sound_bytes[: int(share * len(sound_bytes))])
    with pytest.raises(FormatError, match=r"set\.npz: expected"):
        read(path)


@given(place=st.floats(0, 1), value=st.integers(0, 255))
def test_a_changed_byte_is_an_error_of_ours_or_harmless(
    sound_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, place: float, value: int
) -> None:
    folder = tmp_path_factory.mktemp("changed")
    damaged = bytearray(sound_bytes)
    damaged[int(place * (len(damaged) - 1))] = value
    (folder / "set.npz").write_bytes(damaged)
    try:
        store = convert(folder / "set.npz", folder / "store")
    except SkelgraphError:
        assert [entry.name for entry in folder.iterdir()] == ["set.npz"]
    else:
        assert store.verify() == []
