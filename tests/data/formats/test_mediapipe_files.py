"""MediaPipe's results in the files that people keep: classifier CSV, JSON, arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, convert, detect, read
from skelgraph.data.formats.detectors.landmark_frames import snake
from skelgraph.data.formats.survey import NO_SIZE
from skelgraph.errors import FormatError, SkelgraphError
from skelgraph.graphs import load_layout

HOLISTIC = load_layout("mediapipe_holistic")


def taken(path: Path, **options: Any) -> tuple[list[Clip], Reading]:
    reading = read(path, options=ReadOptions(**options))
    return list(reading.clips), reading


def hand_row(label: int, dims: int = 2) -> list[float]:
    """A hand whose joint j is at (j / 20, -j / 40, ...)."""
    return [label, *(j / d for j in range(21) for d in (20, -40, 80)[:dims])]


def write_rows(path: Path, rows: list[list[float]]) -> Path:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("dims", [2, 3])
def test_a_hand_a_row(tmp_path: Path, dims: int) -> None:
    path = write_rows(tmp_path / "keypoint.csv", [hand_row(1, dims), hand_row(0, dims)])
    (tmp_path / "keypoint_labels.csv").write_text("\ufeffOpen\r\nClose\r\n")
    assert detect(path) == detect(tmp_path) == "mediapipe_csv"
    (first, second), reading = taken(path)
    assert reading.class_names == ("Open", "Close") and (first.label, second.label) == (1, 0)
    assert first.keypoints.shape == (1, 2, 21, dims) and not first.seen[:, 0].any()
    assert (
        first.keypoints[0, 1, 8].tolist() == np.array([0.4, -0.2, 0.1][:dims], np.float32).tolist()
    )
    assert first.axes == ("right", "down", "away")[:dims] and first.units == "pixel"
    assert first.source != second.source and reading.num_clips == 2
    assert any("which hand" in note for note in reading.report.notes)


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    _, reading = taken(write_rows(tmp_path / "k.csv", [hand_row(2), hand_row(0)]))
    assert reading.class_names == ("0", "1", "2")


def test_a_fingertip_is_no_skeleton(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "point_history.csv", [[0.0] * 33])
    assert detect(path) == "mediapipe_csv"
    with pytest.raises(FormatError, match=r"the path of one fingertip"):
        taken(path)
    write_rows(tmp_path / "keypoint.csv", [hand_row(0)])
    clips, reading = taken(tmp_path)
    assert len(clips) == 1 and "point_history.csv is the path" in reading.report.notes[0]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (hand_row(0)[:-1], "row 2: expected 43 cells, got 42"),
        (hand_row(7), "row 2: expected a label from 0 to 1, got 7"),
        (hand_row(-1), "row 2: expected a label from 0 to 1, got -1"),
        ([float("nan"), *hand_row(0)[1:]], "row 2: expected a label from 0 to 1, got nan"),
        ([0, *["x"] * 42], "row 2, column 'number 1': expected a number, got 'x'"),
    ],
)
def test_faulty_rows(tmp_path: Path, second: list[Any], message: str) -> None:
    path = write_rows(tmp_path / "keypoint.csv", [hand_row(0), second])
    (tmp_path / "keypoint_labels.csv").write_text("Open\nClose\n")
    with pytest.raises(FormatError, match=message):
        taken(path)


@pytest.mark.data
def test_the_classifier_csv(recordings: Path, tmp_path: Path) -> None:
    path = recordings / "native" / "mediapipe_csv"
    store = convert(path, tmp_path / "store")
    assert store.num_clips == 4450 and store.class_names == ("Open", "Close", "Pointer")
    assert np.bincount(store.clips.label).tolist() == [1522, 1572, 1356]
    line = (path / "keypoint.csv").read_text().splitlines()[999].split(",")
    frame = np.asarray(store.keypoints[999])
    assert frame[1, 20].tolist() == np.array(line[41:43], np.float32).tolist()


def landmarks(count: int, shift: float = 0.0) -> list[dict[str, float]]:
    return [
        {"x": 0.25 + shift + j / 1000, "y": j / 100, "z": -0.5, "visibility": 0.75}
        for j in range(count)
    ]


def holistic(t: int = 0, **parts: Any) -> dict[str, Any]:
    return {
        "pose_landmarks": landmarks(33, t / 100), "face_landmarks": landmarks(3),
        "left_hand_landmarks": None, "right_hand_landmarks": landmarks(21), **parts,
    }  # fmt: skip


def dump(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_frames_of_holistic(tmp_path: Path) -> None:
    frames = [holistic(t) for t in range(3)]
    path = dump(tmp_path / "a.json", {"fps": 25, "width": 640, "height": 480, "frames": frames})
    assert detect(path) == detect(tmp_path) == "mediapipe_json"
    (clip,), reading = taken(path)
    assert clip.layout.name == "mediapipe_holistic" and clip.keypoints.shape == (3, 1, 75, 3)
    assert (clip.units, clip.fps, clip.width, clip.height) == ("image fraction", 25, 640, 480)
    joint = HOLISTIC.index("left_elbow")
    np.testing.assert_allclose(clip.keypoints[2, 0, joint], [0.283, 0.13, -0.5], rtol=1e-6)
    assert clip.confidence is not None and clip.confidence[0, 0, joint] == 0.75
    assert not clip.seen[:, 0, HOLISTIC.index("left_hand_wrist")].any()
    assert clip.seen[:, 0, HOLISTIC.index("right_hand_wrist")].all()
    assert reading.report.notes == ["points of the face are dropped: no layout has them"]


def test_spellings(tmp_path: Path) -> None:
    assert snake("poseLandmarks") == "pose_landmarks" == snake("pose_landmarks")
    plain = taken(dump(tmp_path / "a.json", [holistic()]))[0][0]
    wrapped = {
        "poseLandmarks": {"landmark": landmarks(33)},
        "rightHandLandmarks": [[p["x"], p["y"], p["z"], 0.75] for p in landmarks(21)],
    }
    other = taken(dump(tmp_path / "b.json", [wrapped]))[0][0]
    np.testing.assert_array_equal(plain.keypoints, other.keypoints)
    assert plain.confidence is not None and other.confidence is not None
    np.testing.assert_array_equal(plain.confidence, other.confidence)


@pytest.mark.parametrize(
    "sides",
    [
        [[{"category_name": "Right"}], [{"categoryName": "Left"}]],
        [{"classification": [{"label": "Right"}]}, {"classification": [{"label": "Left"}]}],
        ["right", "left"],
        None,
    ],
)
def test_hands_go_to_their_sides(tmp_path: Path, sides: Any) -> None:
    frame = {"hand_landmarks": [landmarks(21, 0.5), landmarks(21)], "handedness": sides}
    (clip,), reading = taken(dump(tmp_path / "a.json", [frame, {"hand_landmarks": []}]))
    assert clip.layout.name == "mediapipe_hands" and clip.keypoints.shape == (2, 2, 21, 3)
    assert clip.keypoints[0, :, 0, 0].tolist() == [0.25, 0.75] and not clip.seen[1].any()
    assert bool(set(reading.report.notes) - {NO_SIZE}) == (sides is None)


def test_two_left_hands_are_one_too_many(tmp_path: Path) -> None:
    frame = {"hand_landmarks": [landmarks(21), landmarks(21)], "handedness": ["Left", "Left"]}
    _, reading = taken(dump(tmp_path / "a.json", [frame]))
    assert reading.report.repaired["bodies without a place -> dropped"] == 1


def test_several_poses_are_followed(tmp_path: Path) -> None:
    def frame(t: int) -> dict[str, Any]:
        people = [landmarks(33, t / 100), landmarks(33, 0.6)]
        return {"pose_landmarks": people if t % 2 else people[::-1]}

    (clip,), _ = taken(dump(tmp_path / "a.json", [frame(t) for t in range(6)]))
    assert clip.layout.name == "mediapipe_pose" and clip.keypoints.shape[1] == 2
    first = np.sort(clip.keypoints[0, :, 0, 0])
    np.testing.assert_allclose(first, [0.25, 0.85], rtol=1e-6)
    assert np.ptp(clip.keypoints[:, :, 0, 0], axis=0).max() < 0.06


def test_a_file_a_frame(tmp_path: Path) -> None:
    for t in (8, 9, 11):
        dump(tmp_path / "set" / f"film_{t}.json", holistic(t))
    (clip,), reading = taken(tmp_path / "set")
    assert clip.num_frames == 4 and not clip.seen[2].any() and clip.name == "film"
    np.testing.assert_allclose(clip.keypoints[:2, 0, 0, 0], [0.33, 0.34], rtol=1e-6)
    assert reading.report.repaired["frames that no file has -> gaps"] == 1
    (tmp_path / "set" / "film_10.json").write_text("{")
    (clip,), reading = taken(tmp_path / "set")
    assert list(reading.report.skipped) == ["film_10.json"] and clip.num_frames == 4


def test_what_only_later_files_have_is_said(tmp_path: Path) -> None:
    """Layout, rate and size go by the first file; nothing else may go in silence."""
    pose = {"pose_landmarks": landmarks(33)}
    dump(tmp_path / "a.json", {"fps": 30, "frames": [pose] * 3})
    dump(tmp_path / "b.json", {"frames": [holistic(t) for t in range(3)]})
    dump(tmp_path / "c.json", {"fps": 60, "frames": [pose] * 3})
    clips, reading = taken(tmp_path)
    assert [(clip.name, clip.layout.name) for clip in clips] == [
        ("a", "mediapipe_pose"),
        ("b", "mediapipe_pose"),
    ]
    (note,) = [note for note in reading.report.notes if "to keep" in note]
    assert note.startswith("hands dropped") and "--layout mediapipe_holistic" in note
    assert "expected fps 30 as in the first file, got 60" in reading.report.skipped["c.json"]
    clips, reading = taken(tmp_path, layout="mediapipe_holistic", fps=25.0)
    assert len(clips) == 3 and {clip.fps for clip in clips} == {25.0}
    hand = HOLISTIC.index("right_hand_wrist")
    assert [clip.seen[:, 0, hand].all() for clip in clips] == [False, True, False]
    assert not any("to keep" in note for note in reading.report.notes)


def test_numbers_of_frames_show_gaps(tmp_path: Path) -> None:
    frames = [holistic(t) | {"frame": t} for t in (3, 4, 6)]
    (clip,), _ = taken(dump(tmp_path / "a.json", frames))
    assert clip.num_frames == 4 and not clip.seen[2].any()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "expected a list of frames, got an empty one"),
        ([3], "frame 0: expected an object|expected an object"),
        ([{"pose_landmarks": landmarks(32)}], "expected 33 landmarks, got 32"),
        ([{"pose_landmarks": "x"}], "expected a list of landmarks, got str"),
        ([{"pose_landmarks": [{"x": 1}] * 33}], "landmark 0: expected numbers x, y and z"),
        ([{"pose_landmarks": [{"x": "1", "y": 2}] * 33}], "landmark 0: expected numbers"),
        ([{"face_landmarks": []}], "expected landmarks of pose or hands, got none"),
        (3, "expected a list of frames, got int"),
    ],
)
def test_faulty_json(tmp_path: Path, content: Any, message: str) -> None:
    path = dump(tmp_path / "a.json", content)
    with pytest.raises(FormatError, match=message):
        list(read(path, format="mediapipe_json").clips)


def numbers(t: int, *, face: bool = True, left: bool = True) -> np.ndarray:
    """A frame in the tutorial's order: pose x 33 x 4, face, left hand, right hand."""
    pose = np.arange(132, dtype=float) / 132
    hand = np.arange(63, dtype=float) / 63 + 0.01
    middle = [np.full(1404, 0.5)] if face else []
    return np.concatenate([pose + t / 100, *middle, hand if left else 0 * hand, hand + 0.1])


def save(root: Path, **frames: np.ndarray) -> Path:
    for name, values in frames.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file.with_suffix(".npy"), values)
    return root


@pytest.mark.parametrize("face", [True, False])
def test_folders_of_arrays(tmp_path: Path, face: bool) -> None:
    frames = {f"{word}__{i}__{t}": numbers(t, face=face, left=t != 1)
              for word in ("hello", "thanks") for i in (0, 1) for t in (0, 1, 2, 10)}  # fmt: skip
    root = save(tmp_path / "data", **{k: v for k, v in frames.items() if k != "hello__0__10"})
    assert detect(root) == "mediapipe_npy"
    clips, reading = taken(root)
    assert reading.class_names == ("hello", "thanks")
    found = [(clip.name, clip.label, clip.num_frames) for clip in clips]
    assert found == [("hello/0", 0, 3), ("hello/1", 0, 11), ("thanks/0", 1, 11), ("thanks/1", 1, 11)]  # fmt: skip  # noqa: E501
    clip = clips[0]
    assert clip.keypoints.shape == (3, 1, 75, 3) and clip.confidence is not None
    elbow = HOLISTIC.index("left_elbow")
    expected = (np.arange(132).reshape(33, 4)[13] / 132 + 0.02).astype(np.float32)
    np.testing.assert_array_equal(clip.keypoints[2, 0, elbow], expected[:3])
    assert clip.confidence[2, 0, elbow] == expected[3]
    wrist = HOLISTIC.index("left_hand_wrist")
    assert clip.seen[:, 0, wrist].tolist() == [True, False, True]
    tip = HOLISTIC.index("right_hand_little_tip")
    np.testing.assert_allclose(clip.keypoints[0, 0, tip, 2], 62 / 63 + 0.11, rtol=1e-6)
    assert any("face" in note for note in reading.report.notes) == face


def test_a_whole_sequence_in_one_array(tmp_path: Path) -> None:
    root = save(tmp_path / "data", wave__a=np.stack([numbers(t) for t in range(4)]))
    (clip,), reading = taken(root)
    assert (clip.name, clip.label, clip.num_frames) == ("wave/a", 0, 4)
    assert reading.class_names == ("wave",)


def test_odd_arrays(tmp_path: Path) -> None:
    root = save(tmp_path / "data", a__0__0=numbers(0), a__0__1=numbers(1)[:100])
    with pytest.raises(FormatError, match=r"expected 1662 numbers a frame, or 258 without"):
        taken(root)
    root = save(tmp_path / "both", a__0__0=numbers(0), a__0__1=numbers(1, face=False))
    with pytest.raises(FormatError, match=r"in all frames, got both"):
        taken(root)
    np.save(tmp_path / "o.npy", np.array([{}] * 1662, dtype=object), allow_pickle=True)
    with pytest.raises(FormatError, match=r"expected one whole array of numbers"):
        list(read(tmp_path / "o.npy", format="mediapipe_npy").clips)
    huge = (tmp_path / "o.npy").read_bytes().replace(b"(1662,)", b"(9**9,)")
    (tmp_path / "h.npy").write_bytes(huge)
    with pytest.raises(FormatError):
        list(read(tmp_path / "h.npy", format="mediapipe_npy").clips)


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["keypoint.csv", "a.json", "0.npy"]), place=st.floats(0, 1),
    value=st.integers(0, 255), how=st.sampled_from(["cut", "flip", "drop"]), early=st.booleans(),
)  # fmt: skip
def test_damage_is_an_error_of_ours_or_harmless(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    place: float,
    value: int,
    how: str,
    early: bool,
) -> None:
    root = tmp_path_factory.mktemp("damaged")
    path = root / kind
    if kind.endswith("csv"):
        write_rows(path, [hand_row(0), hand_row(1)])
    elif kind.endswith("json"):
        dump(path, [holistic(0), holistic(1)])
    else:
        save(root, **{"0": numbers(0, face=False)})
    content = bytearray(path.read_bytes())
    where = int(place * ((128 if early else len(content)) - 1))
    if how == "flip":
        content[where] = value
    else:
        del content[where : None if how == "cut" else where + 1 + value]
    path.write_bytes(content)
    name = {"keypoint.csv": "mediapipe_csv", "a.json": "mediapipe_json", "0.npy": "mediapipe_npy"}
    try:
        clips = list(read(path, format=name[kind]).clips)
    except SkelgraphError:
        return
    assert all(clip.keypoints.dtype == np.float32 and clip.seen.any() for clip in clips)
