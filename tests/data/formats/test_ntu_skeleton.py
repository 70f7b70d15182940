"""NTU RGB+D's text files: values, bodies that come and go, damage, many files at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, detect, read
from skelgraph.data.formats.ntu.ntu_names import CLASSES
from skelgraph.data.formats.ntu.ntu_skeleton import load
from skelgraph.data.formats.ntu.ntu_text import parse_checked, parse_fast
from skelgraph.errors import FormatError

NAME = "S003C002P017R001A058.skeleton"
PERSON = np.random.default_rng(5).normal(0, 1, (25, 3)) * [0.2, 0.5, 0.1] + [0, 0, 3]


def body_lines(
    points: np.ndarray, *, body: str = "72057594037944738", states: Any = 2
) -> list[str]:
    """Write a body as the sensor's tool does; a state for all, or one a joint."""
    states = np.broadcast_to(states, 25)
    tail = "254.1 201.5 949.4 525.5 -0.2263594 0.0365 0.9735 -0.0004E-05"
    joints = [
        f"{x:.7g} {y:.7g} {z:.7g} {tail} {state}"
        for (x, y, z), state in zip(points, states, strict=True)
    ]
    return [f"{body} 0 1 1 0 0 0 0.02764709 -0.05745083 2", "25", *joints]


def text(frames: list[list[list[str]]], newline: str = "\r\n") -> bytes:
    """Write frames, each a list of bodies' lines."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        lines += [line for body in bodies for line in body]
    return (newline.join(lines) + newline).encode()


def moving(count: int, *, scale: float = 0.1, **facts: Any) -> list[list[str]]:
    """Write one body over some frames; more of a swing is more motion."""
    return [
        body_lines(PERSON + np.array([scale * np.sin(frame / 3), 0, 0]), **facts)
        for frame in range(count)
    ]


def write(folder: Path, content: bytes, name: str = NAME) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def one_clip(path: Path) -> tuple[Clip, Reading]:
    reading = read(path)
    (clip,) = reading.clips
    return clip, reading


def test_a_sound_file(tmp_path: Path) -> None:
    path = write(tmp_path, text([[body] for body in moving(4)]))
    assert detect(path) == detect(tmp_path) == "ntu_skeleton"
    clip, reading = one_clip(path)
    assert clip.keypoints.shape == (4, 1, 25, 3) and clip.fps == 30
    assert clip.units == "metre" and clip.axes == ("right", "up", "away")
    np.testing.assert_allclose(clip.keypoints[0, 0], PERSON, rtol=1e-6)
    head = clip.layout.index("head")
    assert clip.keypoints[0, 0, head, 2] == np.float32(f"{PERSON[3, 2]:.7g}")
    assert (clip.setup, clip.camera, clip.subject, clip.repetition, clip.label) == (3, 2, 17, 1, 57)
    assert reading.class_names == CLASSES[:60] and CLASSES[57] == "shake hands"
    assert clip.name == clip.source == "S003C002P017R001A058"
    assert clip.confidence is not None and (clip.confidence == 1).all()
    assert reading.report.is_clean


def test_class_names_of_both_sets() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 120
    assert (CLASSES[0], CLASSES[42], CLASSES[59]) == ("drink water", "fall", "walk apart")
    assert (CLASSES[60], CLASSES[119]) == ("put on headphone", "finger-guessing game")


def test_other_names_are_read_without_a_label(tmp_path: Path) -> None:
    clip, reading = one_clip(write(tmp_path, text([[moving(1)[0]]]), "mine.skeleton"))
    assert clip.label is None and clip.subject == -1 and reading.class_names == ()
    assert "1 names are not SsssCcccPpppRrrrAaaa: unlabelled" in reading.report.notes


def test_states_and_zeros_are_missing_joints(tmp_path: Path) -> None:
    points, states = PERSON.copy(), np.full(25, 2)
    points[5], states[7], states[8] = 0, 0, 1
    clip, reading = one_clip(write(tmp_path, text([[body_lines(points, states=states)]])))
    assert np.flatnonzero(~clip.seen[0, 0]).tolist() == [5, 7]
    assert clip.confidence is not None
    assert clip.confidence[0, 0, [4, 5, 7, 8]].tolist() == [1, 0, 0, 0.5]
    assert dict(reading.report.repaired) == {
        "joints at the origin -> missing": 1,
        "joints with tracking state 0 -> missing": 1,
    }


def test_both_ways_of_parsing_agree(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(0, 1, (25, 3)) * 10.0 ** np.arange(-12, 13)[:, None]
    odd = body_lines(numbers, states=1)
    odd[4] = odd[4].replace(odd[4].split()[0], "0", 1)
    for newline in ("\n", "\r\n"):
        data = text([[body] for body in moving(3)] + [[], [odd, moving(1, body="9")[0]]], newline)
        fast, checked = parse_fast(data), parse_checked(data, tmp_path)
        assert fast is not None and fast.num_frames == checked.num_frames == 5
        assert fast.body == checked.body and fast.frame.tolist() == [0, 1, 2, 4, 4]
        np.testing.assert_array_equal(fast.position, checked.position)
        np.testing.assert_array_equal(fast.state, checked.state)
    assert parse_fast(data.replace(b" 2\r\n", b"  2\r\n")) is None


def test_one_body_throughout_is_found_at_once_and_nothing_else_is(tmp_path: Path) -> None:
    bodies = moving(4)
    for other in (bodies[3], moving(1, body="8")[0], moving(1, body="7205759403")[0]):
        data = text([[body] for body in [*bodies[:3], other]])
        fast, checked = parse_fast(data), parse_checked(data, tmp_path)
        assert fast is not None and fast.body == checked.body
        assert fast.frame.tolist() == checked.frame.tolist() == [0, 1, 2, 3]
        np.testing.assert_array_equal(fast.position, checked.position)
    lines = text([[body] for body in bodies]).decode().split("\r\n")
    lines[1 + 2 * 28] = "2"
    assert parse_fast("\r\n".join(lines).encode()) is None


def test_two_persons_stay_in_their_slots(tmp_path: Path) -> None:
    calm, lively = moving(20, body="1"), moving(20, body="2", scale=0.5)
    clip, reading = one_clip(
        write(tmp_path, text([list(pair) for pair in zip(calm, lively, strict=True)]))
    )
    assert clip.keypoints.shape[1] == 2
    assert np.ptp(clip.keypoints[:, 0, 0, 0]) > np.ptp(clip.keypoints[:, 1, 0, 0])
    assert reading.report.is_clean


def test_a_person_met_again_under_another_id_keeps_the_slot(tmp_path: Path) -> None:
    first, again = moving(15, body="1"), moving(15, body="2")
    clip, _ = one_clip(write(tmp_path, text([[b] for b in first] + [[]] + [[b] for b in again])))
    assert clip.keypoints.shape == (31, 1, 25, 3)
    assert clip.seen[:15].all() and not clip.seen[15].any() and clip.seen[16:].all()


def test_noise_is_dropped_and_counted(tmp_path: Path) -> None:
    table = [body_lines(PERSON[:, [1, 0, 2]], body="7") for _ in range(20)]
    short = [*moving(5, body="8"), *[None] * 15]
    others = [moving(20, body=str(i), scale=0.1 * i) for i in (1, 2, 3)]
    frames = [[b for b in bodies if b] for bodies in zip(table, short, *others, strict=True)]
    clip, reading = one_clip(write(tmp_path, text(frames)))
    assert clip.keypoints.shape[1] == 2
    assert dict(reading.report.repaired) == {
        "bodies seen in 11 frames or fewer -> dropped": 1,
        "bodies wider than a person -> dropped": 1,
        "bodies beyond the 2 that move most -> dropped": 1,
    }


def test_listed_recordings_are_left_out_and_counted(tmp_path: Path) -> None:
    content = text([[moving(1)[0]]])
    for action in (1, 2, 3):
        write(tmp_path, content, f"S001C001P001R001A00{action}.skeleton")
    listed = "Missing skeletons of:\n\nS001C001P001R001A002\nS009C001P001R001A002\n"
    (tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt").write_text(listed)
    reading = read(tmp_path)
    assert [clip.name[-4:] for clip in reading.clips] == ["A001", "A003"]
    assert reading.report.dropped == {"S001C001P001R001A002": "listed as missing skeletons"}
    assert "NTU_RGBD_samples_with_missing_skeletons.txt: 1 of 2 listed left out" in (
        reading.report.notes
    )


SOUND = text([[body] for body in moving(3)])


def changed(line: int, replacement: str | None) -> bytes:
    lines = SOUND.decode().split("\r\n")
    lines[line : line + 1] = [] if replacement is None else [replacement]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a number of frames, got an empty file"),
        (b"\x00\xff\x12", "line 1: expected a number of frames"),
        (SOUND[: len(SOUND) // 2], r"frame 1: expected 12 values of a joint, got|frame 1: .* end"),
        (changed(0, "4"), "frame 3: expected further lines, got the end of the file"),
        (changed(0, "2"), "line 58, frame 1: expected the end of the file, got 28 further lines"),
        (changed(0, "999999999"), "frame 3: expected further lines"),
        (changed(1, "x"), "line 2, frame 0: expected a number of bodies, got 'x'"),
        (changed(1, "2"), "expected 10 values of a body, got 1"),
        (changed(2, "5 0 1"), "line 3, frame 0: expected 10 values of a body, got 3"),
        (changed(3, "24"), "line 4, frame 0: expected 25 joints, got 24"),
        (changed(9, None), "line 29, frame 0: expected 12 values of a joint, got 1"),
        (changed(9, "1 2 3"), "line 10, frame 0: expected 12 values of a joint, got 3"),
        (changed(9, "a 2 3 4 5 6 7 8 9 0 1 2"), "expected three numbers, got 'a 2 3'"),
        (changed(9, "1 2 3 4 5 6 7 8 9 0 1 7"), "expected a tracking state 0, 1 or 2, got '7'"),
        (b"2\r\n0\r\n0\r\n", "expected a body in at least one of 2 frames, got none"),
    ],
)
def test_damage_is_told_with_line_and_frame(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(read(write(tmp_path, content)).clips)


def test_several_faults_are_listed_at_once(tmp_path: Path) -> None:
    lines = SOUND.decode().split("\r\n")
    lines[5] = lines[6] = "1 2 x 4 5 6 7 8 9 0 1 2"
    with pytest.raises(FormatError) as caught:
        list(read(write(tmp_path, "\r\n".join(lines).encode())).clips)
    assert "line 6" in str(caught.value) and "line 7" in str(caught.value)


def test_numbers_that_are_none_make_joints_missing(tmp_path: Path) -> None:
    content = changed(9, "NaN 2 3 4 5 6 7 8 9 0 1 2")
    clip, reading = one_clip(write(tmp_path, content))
    assert not clip.seen[0, 0, 5] and clip.seen[1].all()
    assert reading.report.repaired["joints without a number -> missing"] == 1


def test_a_damaged_file_among_several_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    write(tmp_path, SOUND[:300], "S001C001P001R001A001.skeleton")
    reading = read(tmp_path)
    assert len(list(reading.clips)) == 1
    assert (
        "line 7, frame 0: expected 12 values of a joint, got 6"
        in reading.report.skipped["S001C001P001R001A001.skeleton"]
    )


def test_what_the_user_says_must_fit(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND)
    with pytest.raises(FormatError, match=r"expected layout 'kinect_v2'.*got 'coco17'"):
        read(path, options=ReadOptions(layout="coco17"))
    with pytest.raises(FormatError, match="expected units 'metre'"):
        read(path, options=ReadOptions(units="pixel"))
    (clip,) = read(path, options=ReadOptions(fps=15)).clips
    assert clip.fps == 15
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FormatError, match=r"expected at least one \.skeleton file"):
        read(empty, format="ntu_skeleton")


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_are_an_error_or_sound_clips(tmp_path_factory: Any, data: Any) -> None:
    content = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "line"]))
        if kind == "flip":
            content[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[place : place + data.draw(st.integers(1, 500))]
        elif kind == "insert":
            content[place:place] = data.draw(st.binary(max_size=20))
        else:
            lines = bytes(content).split(b"\n")
            del lines[data.draw(st.integers(0, len(lines) - 1))]
            content = bytearray(b"\n".join(lines))
        content = content or bytearray(b"0")
    path = write(tmp_path_factory.getbasetemp(), bytes(content))
    try:
        bodies = load(path)
    except FormatError as error:
        assert "expected" in str(error)
    else:
        assert bodies.position.shape == (*bodies.state.shape, 3)
        assert (bodies.state <= 2).all()
