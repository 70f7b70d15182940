"""OpenPose's JSON frames: what they mean, people over time, and damaged sources."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, convert, detect, read
from skelgraph.data.formats.raw.tracking import into_slots
from skelgraph.errors import FormatError, SkelgraphError
from skelgraph.graphs import load_layout

BODY = load_layout("openpose_body25")


def person(shift: float = 0.0, *, joints: int = 25, hands: bool = False, score: float = 0.5) -> Any:
    """A person whose joint j is at (100 + shift + j, 200 + 4 j)."""
    numbers = [n for j in range(joints) for n in (100 + shift + j, 200.0 + 4 * j, score)]
    hand = [n for j in range(21) for n in (300 + shift + j, 50.0 + j, 0.25)] if hands else []
    return {
        "person_id": [-1], "pose_keypoints_2d": numbers, "face_keypoints_2d": [],
        "hand_left_keypoints_2d": hand, "hand_right_keypoints_2d": hand[::-1] and hand,
    }  # fmt: skip


def text(*people: Any) -> str:
    return json.dumps({"version": 1.3, "people": list(people)})


def folder(root: Path, frames: dict[str, str]) -> Path:
    for name, content in frames.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def walking(number: int = 4, *people: Any) -> dict[str, str]:
    return {f"film_{i:012d}_keypoints.json": text(person(3.0 * i), *people) for i in range(number)}


def taken(path: Path, **options: Any) -> tuple[list[Clip], Reading]:
    reading = read(path, options=ReadOptions(**options))
    return list(reading.clips), reading


def test_a_recording(tmp_path: Path) -> None:
    root = folder(tmp_path / "walk", walking())
    assert detect(root) == "openpose_json"
    (clip,), reading = taken(root, width=640, height=480, fps=25.0)
    assert clip.keypoints.shape == (4, 1, 25, 2) and clip.layout.name == "openpose_body25"
    assert clip.keypoints[2, 0, BODY.index("right_elbow")].tolist() == [109.0, 212.0]
    assert clip.confidence is not None and clip.confidence[0, 0, 0] == 0.5
    assert (clip.units, clip.axes, clip.width, clip.fps) == ("pixel", ("left", "down"), 640, 25.0)
    assert (clip.name, clip.source, clip.label) == ("film", "walk/film", None)
    assert reading.report.is_clean and reading.report.files == 4


def test_joints_without_confidence_are_missing(tmp_path: Path) -> None:
    body = person()
    body["pose_keypoints_2d"][3:6] = [7.0, 8.0, 0.0]
    body["pose_keypoints_2d"][6:9] = [0, 0, 0]
    root = folder(tmp_path, {"a_0.json": text(body), "a_1.json": text(person())})
    (clip,), reading = taken(root)
    assert clip.seen[0, 0, :4].tolist() == [True, False, False, True]
    assert reading.report.repaired["joints with confidence 0 -> missing"] == 2


def test_coco_and_hands(tmp_path: Path) -> None:
    coco = folder(tmp_path / "coco", {"0.json": text(person(joints=18))})
    assert taken(coco)[0][0].layout.name == "openpose_coco18"
    hands = folder(tmp_path / "hands", {"0.json": text(person(hands=True))})
    (clip,), _ = taken(hands)
    joint = clip.layout.index("left_hand_index_tip")
    assert clip.layout.name == "openpose_body25_hands"
    assert clip.keypoints[0, 0, joint].tolist() == [308.0, 58.0]
    small = taken(hands, layout="openpose_upper8_hands")[0][0]
    assert small.keypoints[0, 0, small.layout.index("mid_hip")].tolist() == [108.0, 232.0]
    both = folder(tmp_path / "both", {"0.json": text(person(joints=18, hands=True))})
    assert "hands are dropped" in taken(both)[1].report.notes[0]
    with pytest.raises(FormatError, match=r"expected joints of 'openpose_body25'.*'kinect_v2'"):
        taken(hands, layout="kinect_v2")


def test_face_is_dropped_and_said(tmp_path: Path) -> None:
    body = person() | {"face_keypoints_2d": [1.0] * 210}
    _, reading = taken(folder(tmp_path, {"0.json": text(body)}))
    assert reading.report.notes == ["points of the face are dropped: no layout has them"]


def test_hands_after_the_first_frame_are_said(tmp_path: Path) -> None:
    """The layout goes by the first frame; what others have must not go in silence."""
    frames = {"a_0_keypoints.json": text(person()), "a_1_keypoints.json": text(person(hands=True))}
    (clip,), reading = taken(folder(tmp_path, frames))
    assert clip.layout.name == "openpose_body25"
    assert reading.report.notes == [
        "joints of the hands are dropped: the first frame has none; to keep them: "
        "--layout openpose_body25_hands"
    ]
    (clip,), reading = taken(tmp_path, layout="openpose_body25_hands")
    hand = clip.layout.index("left_hand_index_tip")
    assert clip.seen[:, 0, hand].tolist() == [False, True] and reading.report.notes == []


def test_old_names_of_the_lists(tmp_path: Path) -> None:
    old = {"pose_keypoints": person()["pose_keypoints_2d"]}
    (clip,), _ = taken(folder(tmp_path, {"0.json": text(old)}))
    assert clip.seen.all()


def test_frames_go_by_number_and_gaps_are_counted(tmp_path: Path) -> None:
    names = {f"{i}.json": text(person(float(i))) for i in (9, 10, 12, 11, 14)}
    (clip,), reading = taken(folder(tmp_path, names))
    assert clip.keypoints[:, 0, 0, 0].tolist()[:4] == [109, 110, 111, 112]
    assert clip.num_frames == 6 and not clip.seen[4].any()
    assert reading.report.repaired["frames that no file has -> gaps"] == 1


def test_steps_are_said(tmp_path: Path) -> None:
    names = {f"{5 * i}.json": text(person(float(i))) for i in range(4)}
    (clip,), reading = taken(folder(tmp_path, names))
    assert clip.num_frames == 4 and "steps of 5" in reading.report.notes[0]


def test_many_recordings(tmp_path: Path) -> None:
    frames = {f"a/{name}": body for name, body in walking(2).items()}
    frames |= {f"b/{name}": body for name, body in walking(3).items()}
    frames |= {"b/other_0.json": text(person())}
    clips, reading = taken(folder(tmp_path / "set", frames))
    found = {clip.name: clip.num_frames for clip in clips}
    assert found == {"a/film": 2, "b/film": 3, "b/other": 1} and reading.num_clips == 3
    assert len({clip.source for clip in clips}) == 3


def test_people_keep_their_slots_when_the_order_changes(tmp_path: Path) -> None:
    frames = {}
    for i in range(12):
        people = [person(2.0 * i, score=0.9), person(700.0 - 2 * i, score=0.5)]
        frames[f"{i}.json"] = text(*(people if i % 3 else people[::-1]))
    (clip,), reading = taken(folder(tmp_path, frames))
    assert clip.keypoints[:, 0, 0, 0].tolist() == [100 + 2 * i for i in range(12)]
    assert clip.keypoints[:, 1, 0, 0].tolist() == [800 - 2 * i for i in range(12)]
    assert reading.report.is_clean


def test_bodies_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    frames = {f"{i}.json": text(person(score=0.2), person(500, score=0.9), person(900, score=0.8))
              for i in range(5)}  # fmt: skip
    (clip,), reading = taken(folder(tmp_path, frames))
    assert clip.keypoints[0, :, 0, 0].tolist() == [600, 1000]
    assert reading.report.repaired["bodies beyond 2 -> dropped"] == 5


def test_a_slot_is_taken_again_after_someone_left() -> None:
    body = np.stack([np.arange(5.0), 10 * np.arange(5.0)], axis=-1)
    frames = [(body + (0 if t < 4 else 5000))[None] for t in range(8)]
    people, dropped = into_slots(frames, [np.ones((1, 5))] * 8, num_slots=1)
    assert people[:, 0].tolist() == [0] * 8 and dropped == 0
    people, dropped = into_slots(frames[:4] + [np.zeros((0, 5, 2))] * 2, [np.ones((1, 5))] * 4 + [np.ones((0, 5))] * 2, num_slots=2)  # fmt: skip  # noqa: E501
    assert people.tolist() == [[0, -1]] * 4 + [[-1, -1]] * 2


def test_a_crowd_is_cut(tmp_path: Path) -> None:
    crowd = text(*(person(40.0 * i, score=0.1 + i / 100) for i in range(50)))
    (clip,), reading = taken(folder(tmp_path, {"0.json": crowd}))
    assert clip.keypoints.shape[1] == 2
    assert reading.report.repaired["bodies beyond the 32 seen best in a frame -> dropped"] == 18
    assert reading.report.repaired["bodies beyond 2 -> dropped"] == 30


def test_a_damaged_frame_becomes_a_gap_and_is_named(tmp_path: Path) -> None:
    frames = walking(5)
    frames["film_000000000002_keypoints.json"] = frames["film_000000000002_keypoints.json"][:50]
    (clip,), reading = taken(folder(tmp_path, frames))
    assert not clip.seen[2].any() and clip.seen[3].all()
    assert list(reading.report.skipped) == ["film_000000000002_keypoints.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"people": {}}, "expected an object with the list 'people'"),
        ({"people": []}, "expected a person in at least one frame, got none"),
        ({"people": [7]}, "person 0: expected an object, got a number"),
        ({"people": [{"pose_keypoints_2d": [1.0] * 45}]}, "expected 75 numbers .* got 45"),
        ({"people": [{"pose_keypoints_2d": ["x"] * 75}]}, "expected a list of numbers"),
        ({"people": [{"pose_keypoints_2d": [[1]] * 75}]}, "expected a list of numbers"),
        ({"people": [{"pose_keypoints_2d": 3}]}, "expected a list of numbers, got a number"),
        ({"people": [person(), person(joints=18)]}, "expected bodies of one model"),
        ({"people": [person() | {"hand_left_keypoints_2d": [1.0]}]}, "expected 63 numbers or none"),
        ({"people": [person(score=0)]}, "no joint is seen"),
    ],
)
def test_faults_are_told(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "0.json").write_text(json.dumps(content))
    if "no joint" in message:
        reading = read(tmp_path, format="openpose_json")
        assert not list(reading.clips) and message in next(iter(reading.report.dropped.values()))
        return
    with pytest.raises(FormatError, match=message):
        list(read(tmp_path, format="openpose_json").clips)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1.json", "01.json"], "expected each frame once, got 1"),
        (["a_1.json", "a_2.json", "a_5000.json"], "numbered one after another"),
        (["film.json", "film_1.json"], "ends in a frame's number"),
    ],
)
def test_faulty_numbers(tmp_path: Path, names: list[str], message: str) -> None:
    root = folder(tmp_path, dict.fromkeys(names, text(person())))
    with pytest.raises(FormatError, match=message):
        taken(root)


def packed(path: Path, frames: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in frames.items():
            archive.writestr(name, content)
    return path


def test_an_archive_is_as_its_folder(tmp_path: Path) -> None:
    frames = {f"set/walk/{name}": body for name, body in walking().items()}
    path = packed(tmp_path / "set.zip", frames)
    assert detect(path) == "openpose_json"
    (clip,), _ = taken(path)
    (same,), _ = taken(folder(tmp_path / "plain", frames))
    np.testing.assert_array_equal(clip.keypoints, same.keypoints)
    assert clip.name == "set/walk/film" == same.name
    assert convert(path, tmp_path / "store").num_clips == 1


def test_archives_that_are_not_to_be_trusted(tmp_path: Path) -> None:
    frame = text(person())
    with pytest.raises(FormatError, match=r"expected names inside the archive, got '../x_1.json'"):
        taken(packed(tmp_path / "out.zip", {"0.json": frame, "../x_1.json": frame}))
    bomb = packed(tmp_path / "bomb.zip", {"0.json": frame, "1.json": " " * 40_000_000})
    with pytest.raises(FormatError, match=r"expected at most 200 times the archive's"):
        taken(bomb)
    lying = bytearray(packed(tmp_path / "lie.zip", {"0.json": frame}).read_bytes())
    place = lying.rindex(b"PK\x01\x02") + 24  # the size that the archive says
    lying[place : place + 4] = (5).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(lying)
    with pytest.raises(FormatError):
        list(read(tmp_path / "lie.zip", format="openpose_json").clips)
    empty = packed(tmp_path / "empty.zip", {"readme.txt": "x"})
    with pytest.raises(FormatError, match=r"expected at least one frame as \.json"):
        read(empty, format="openpose_json")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    path = packed(tmp_path_factory.mktemp("sound") / "set.zip", walking(3, person(400, hands=True)))
    return path.read_bytes(), text(person(), person(300)).encode()


@settings(max_examples=60)
@given(
    archive=st.booleans(), place=st.floats(0, 1), how=st.sampled_from(["cut", "flip", "drop"]),
    value=st.integers(0, 255),
)  # fmt: skip
def test_damage_is_an_error_of_ours_or_harmless(
    sound: tuple[bytes, bytes],
    tmp_path_factory: pytest.TempPathFactory,
    archive: bool,
    place: float,
    how: str,
    value: int,
) -> None:
    content = bytearray(sound[0 if archive else 1])
    where = int(place * (len(content) - 1))
    if how == "flip":
        content[where] = value
    else:
        del content[where : None if how == "cut" else where + 1 + value]
    path = tmp_path_factory.mktemp("damaged") / ("set.zip" if archive else "0.json")
    path.write_bytes(content)
    try:
        clips = list(read(path, format="openpose_json").clips)
    except SkelgraphError:
        return
    assert all(clip.keypoints.dtype == np.float32 and clip.seen.any() for clip in clips)


@pytest.mark.data
def test_the_fall(recordings: Path) -> None:
    path = recordings / "native" / "openpose_json" / "fall_body_json.zip"
    assert detect(path) == "openpose_json"
    (clip,), reading = taken(path)
    assert clip.keypoints.shape == (469, 2, 25, 2) and clip.seen.any(-1).all()
    assert reading.report.repaired["bodies beyond 2 -> dropped"] == 3751
    jumps = np.linalg.norm(np.diff(np.nanmedian(clip.keypoints, axis=2), axis=0), axis=-1)
    assert jumps.max() < 100  # pixels: nobody changes slots with somebody else
    with zipfile.ZipFile(path) as archive:
        frame = json.loads(archive.read("json/000000000100_keypoints.json"))
    noses = [np.array(body["pose_keypoints_2d"][:2], np.float32) for body in frame["people"]]
    assert any((clip.keypoints[100, 0, 0] == nose).all() for nose in noses)
