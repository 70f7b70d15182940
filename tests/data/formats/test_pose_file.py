"""`.pose` files: OpenPose and MediaPipe headers, several people, damaged counts."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, detect, read
from skelgraph.data.formats.detectors.pose_points import body_joint, find_points, hand_joint
from skelgraph.errors import FormatError, MissingExtraError, SkelgraphError
from skelgraph.graphs import load_layout

pytest.importorskip("pose_format", reason="needs the extra formats")

HAND = [
    "WRIST",
    *(f"{finger}_{joint}" for finger, joints in (
        ("THUMB", ("CMC", "MCP", "IP", "TIP")),
        *((name, ("MCP", "PIP", "DIP", "TIP"))
          for name in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")),
    ) for joint in joints),
]  # fmt: skip
POSE = ["NOSE", "MOUTH_LEFT", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_WRIST"]
BODY = ["Nose", "Neck", "RShoulder", "LBigToe", "MidHip"]


def short(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode()


def header(version: float, components: dict[str, list[str]], form: str = "XYZC") -> bytes:
    """The header as the format's page describes it: 640 x 480, no limbs, no colours."""
    out = struct.pack("<fHHHH", version, 640, 480, 0, len(components))
    for name, points in components.items():
        out += short(name) + short(form) + struct.pack("<HHH", len(points), 0, 0)
        out += b"".join(map(short, points))
    return out


def write(
    path: Path, components: dict[str, list[str]], *, frames: int = 4, people: int = 1,
    form: str = "XYZC", version: float = 0.2, move: Any = None,
) -> Path:  # fmt: skip
    """Point p of person m in frame t is at (100 m + t, p, 1), confidence 0.5."""
    count = sum(map(len, components.values()))
    dims = len(form) - 1
    data = np.ones((frames, people, count, dims), "<f4")
    data[..., 0] = np.arange(frames)[:, None, None] + 100.0 * np.arange(people)[:, None]
    data[..., 1] = np.arange(count)
    score = np.full((frames, people, count), 0.5, "<f4")
    if move is not None:
        move(data, score)
    counts = struct.pack("<fIH", 25.0, frames, people)
    if version == 0.1:
        counts = struct.pack("<HHH", 25, frames, people)
    path.write_bytes(header(version, components, form) + counts + data.tobytes() + score.tobytes())
    return path


SOUND = header(0.2, {"POSE_LANDMARKS": POSE})
OLDER = header(0.1, {"POSE_LANDMARKS": POSE})


def taken(path: Path, **options: Any) -> tuple[list[Clip], Reading]:
    reading = read(path, options=ReadOptions(**options))
    return list(reading.clips), reading


@pytest.mark.parametrize("version", [0.1, 0.2])
def test_a_pose_and_a_hand(tmp_path: Path, version: float) -> None:
    components = {"POSE_LANDMARKS": POSE, "FACE_LANDMARKS": ["0", "7"], "LEFT_HAND_LANDMARKS": HAND}
    path = write(tmp_path / "sign.pose", components, version=version)
    assert detect(path) == detect(tmp_path) == "pose"
    (clip,), reading = taken(path)
    assert clip.layout.name == "mediapipe_holistic" and clip.keypoints.shape == (4, 1, 75, 3)
    assert (clip.fps, clip.width, clip.height, clip.units) == (25.0, 640, 480, "pixel")
    assert clip.axes == ("left", "down", "away") and clip.name == "sign"
    assert clip.keypoints[2, 0, clip.layout.index("left_mouth")].tolist() == [2, 1, 1]
    assert clip.keypoints[3, 0, clip.layout.index("left_hand_index_mcp")].tolist() == [3, 12, 1]
    assert not clip.seen[:, 0, clip.layout.index("right_hand_wrist")].any()
    assert "points of the face are dropped" in reading.report.notes[0]
    assert (
        "49 joints of layout 'mediapipe_holistic' are not in the header" in reading.report.notes[1]
    )


def test_confidence_0_is_missing(tmp_path: Path) -> None:
    def lose(data: np.ndarray, score: np.ndarray) -> None:
        score[1, 0, 2] = 0
        data[2, 0, 3], score[2, 0, 3] = np.nan, 0

    path = write(tmp_path / "a.pose", {"pose_keypoints_2d": BODY}, form="XYC", move=lose)
    (clip,), reading = taken(path)
    names = clip.layout
    assert names.name == "openpose_body25" and clip.axes == ("left", "down")
    assert not clip.seen[1, 0, names.index("right_shoulder")]
    assert not clip.seen[2, 0, names.index("left_big_toe")]
    assert clip.seen[0, 0, list(names.indices(["nose", "neck", "mid_hip"]))].all()
    assert reading.report.repaired["joints with confidence 0 -> missing"] == 1


def test_hands_alone_have_slots(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pose", {"RIGHT_HAND_LANDMARKS": HAND}, people=2)
    (clip,), reading = taken(path)
    assert clip.layout.name == "mediapipe_hands"
    assert clip.seen.any((0, 2)).tolist() == [False, True]
    assert reading.report.repaired["people after the one seen best -> dropped"] == 4


def test_several_people_are_followed(tmp_path: Path) -> None:
    def swap(data: np.ndarray, score: np.ndarray) -> None:
        data[2] = data[2, [1, 0, 2]]
        score[:, 2] = 0.1

    path = write(tmp_path / "a.pose", {"pose_keypoints_2d": BODY}, form="XYC", people=3, move=swap)
    (clip,), reading = taken(path)
    assert clip.keypoints[:, :, 0, 0].tolist() == [[0, 100], [1, 101], [2, 102], [3, 103]]
    assert reading.report.repaired["bodies beyond 2 -> dropped"] == 4


def test_version_0_keeps_the_first_person(tmp_path: Path) -> None:
    frame = np.arange(15, dtype="<f4").reshape(5, 3) + 1
    one = struct.pack("<h", 0) + frame.tobytes()
    body = struct.pack("<HH", 24, 3) + struct.pack("<H", 2) + one * 2 + struct.pack("<H", 0)
    path = tmp_path / "a.pose"
    path.write_bytes(header(0, {"pose_keypoints_2d": BODY}, "XYC") + body + struct.pack("<H", 1) + one)  # fmt: skip  # noqa: E501
    (clip,), reading = taken(path)
    assert clip.num_frames == 3 and not clip.seen[1].any()
    assert clip.keypoints[0, 0, clip.layout.index("neck")].tolist() == [4, 5]
    assert reading.report.repaired["bodies after the first in version 0.0 -> dropped"] == 1


def test_names_of_points() -> None:
    hand = load_layout("mediapipe_hands").joints
    assert [hand_joint(point) for point in HAND] == list(hand)
    theirs = ["BASE", "T_STT", "T_BCMC", "T_MCP", "T_IP"]
    theirs += [f"{finger}_{joint}" for finger in "IMRP" for joint in ("CMC", "MCP", "PIP", "DIP")]
    assert [hand_joint(point) for point in theirs] == list(hand)
    assert [body_joint(point) for point in BODY] == [
        "nose", "neck", "right_shoulder", "left_big_toe", "mid_hip",
    ]  # fmt: skip
    words = [
        "".join({"left": "L", "right": "R"}.get(word, word.title()) for word in joint.split("_"))
        for joint in load_layout("openpose_coco18").joints
    ]
    points = find_points([("pose_keypoints_2d", words)])
    assert points is not None and points.layout == "openpose_coco18"
    assert find_points([("BODY_135", ["a"])]) is None


def test_a_layout_of_another_skeleton_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pose", {"pose_keypoints_2d": BODY}, form="XYC")
    with pytest.raises(FormatError, match=r"expected layout 'openpose_body25'.*--to-layout kinect"):
        taken(path, layout="kinect_v2")
    (clip,), _ = taken(path, layout="openpose_body25_hands")
    assert clip.layout.name == "openpose_body25_hands"


def test_the_size_of_a_skipped_file_does_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a.pose", {"POSE_LANDMARKS": POSE})
    other = write(tmp_path / "b.pose", {"LEFT_HAND_LANDMARKS": HAND})
    content = bytearray(other.read_bytes())
    content[4:8] = struct.pack("<HH", 64, 48)
    other.write_bytes(content)
    (clip,), reading = taken(tmp_path)
    assert set(reading.report.skipped) == {"b.pose"} and (clip.width, clip.height) == (640, 480)
    assert not any("sizes" in note for note in reading.report.notes)


def test_files_that_do_not_go_together_are_skipped(tmp_path: Path) -> None:
    write(tmp_path / "a.pose", {"POSE_LANDMARKS": POSE})
    write(tmp_path / "b.pose", {"LEFT_HAND_LANDMARKS": HAND})
    write(tmp_path / "c.pose", {"pose_keypoints_2d": BODY}, form="XYC")
    clips, reading = taken(tmp_path)
    assert [clip.name for clip in clips] == ["a"]
    assert set(reading.report.skipped) == {"b.pose", "c.pose"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a .pose file of version"),
        (b"\x00" * 200, "expected a .pose file of version"),
        (header(0.7, {"POSE_LANDMARKS": POSE}) + b"\0" * 99, "got 'version 0.7'"),
        (header(0.2, {"A": ["b"]}) + struct.pack("<fIH4f", 5, 1, 1, 0, 0, 0, 0), "got A"),
        (header(0.2, {}) + b"\0" * 99, "points of the form none"),
        (header(0.2, {"POSE_LANDMARKS": []}) + b"\0" * 99, "a header without points"),
        (header(0.2, {"POSE_LANDMARKS": POSE}, "XY") + b"\0" * 99, "points of the form XY"),
        (
            SOUND + struct.pack("<fIH", 5, 2**32 - 1, 9) + b"\0" * 80,
            "80 bytes where 4294967295 frames of 9 people",
        ),
        (OLDER + struct.pack("<HHH", 5, 9, 0), "0 people in 9"),
        (OLDER + struct.pack("<HHH", 5, 9, 1) + b"\0" * 80, "9 frames"),
        (header(0, {"POSE_LANDMARKS": POSE}) + struct.pack("<HHH", 5, 9, 1), "where 9 frames"),
        (header(0, {"POSE_LANDMARKS": POSE}) + struct.pack("<HH", 5, 0), "no frames"),
        (struct.pack("<fHHHH", 0.2, 1, 1, 0, 65535), "expected a .pose file"),
    ],
)  # fmt: skip
def test_damaged_headers(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.pose").write_bytes(content)
    with pytest.raises(FormatError, match=message):
        taken(tmp_path / "a.pose")


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.pose", {"POSE_LANDMARKS": POSE})
    monkeypatch.setitem(sys.modules, "pose_format", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skelgraph\[formats\]'"):
        read(path)


@settings(max_examples=60)
@given(
    version=st.sampled_from([0.1, 0.2]), place=st.floats(0, 1), value=st.integers(0, 255),
    how=st.sampled_from(["cut", "flip", "drop"]), early=st.booleans(),
)  # fmt: skip
def test_damage_is_an_error_of_ours_or_harmless(
    tmp_path_factory: pytest.TempPathFactory,
    version: float,
    place: float,
    value: int,
    how: str,
    early: bool,
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "a.pose"
    write(path, {"pose_keypoints_2d": BODY}, form="XYC", version=version, people=2)
    content = bytearray(path.read_bytes())
    where = int(place * ((100 if early else len(content)) - 1))
    if how == "flip":
        content[where] = value
    else:
        del content[where : None if how == "cut" else where + 1 + value]
    path.write_bytes(content)
    try:
        clips, _ = taken(path)
    except SkelgraphError:
        return
    assert all(clip.keypoints.dtype == np.float32 for clip in clips)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "layout", "shape"),
    [
        ("openpose", "openpose_body25_hands", (93, 1, 67, 2)),
        ("mediapipe", "mediapipe_holistic", (170, 1, 75, 3)),
        ("mediapipe_hand_normalized", "mediapipe_hands", (170, 2, 21, 3)),
    ],
)
def test_real_files(recordings: Path, name: str, layout: str, shape: tuple[int, ...]) -> None:
    from pose_format import Pose

    path = recordings / "native" / "pose_format" / f"{name}.pose"
    (clip,), _ = taken(path)
    assert clip.layout.name == layout and clip.keypoints.shape == shape and clip.fps == 24
    pose = Pose.read(io.BytesIO(path.read_bytes()))
    first = pose.header.components[-1]
    point = pose.header.get_point_index(first.name, first.points[0])
    joint = clip.layout.joints.index("wrist" if shape[1] == 2 else "right_hand_wrist")
    seen = clip.seen[:, -1, joint]
    assert (seen == (pose.body.confidence[:, 0, point] > 0)).all() and seen.any()
    known = pose.body.data.data[seen, 0, point].astype(np.float32)
    np.testing.assert_array_equal(clip.keypoints[seen, -1, joint], known)
