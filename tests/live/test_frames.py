"""Frames come upright, in their true shape and with their own times; damage is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from skelgraph.errors import FormatError, MissingExtraError
from skelgraph.live import frames
from skelgraph.live.frames import probe, read_frames, turned
from tests.live.made_up import picture, write_video


def red_corner(found: np.ndarray) -> str:
    """Which quarter is red."""
    height, width = found.shape[:2]
    rows = {"upper": height // 4, "lower": 3 * height // 4}
    columns = {"left": width // 4, "right": 3 * width // 4}
    reddest = {
        f"{row} {column}": int(found[y, x, 0]) - int(found[y, x, 1])
        for row, y in rows.items()
        for column, x in columns.items()
    }
    return max(reddest, key=lambda corner: reddest[corner])


def test_times_are_those_of_the_file(tmp_path: Path) -> None:
    uneven = [0, 33, 66, 100, 250, 260, 300, 1000]
    path = write_video(tmp_path / "a.mp4", uneven)
    assert [round(1000 * (frame.time or 0)) for frame in read_frames(path)] == uneven
    late = write_video(tmp_path / "late.mkv", [500, 540, 580])
    assert [round(1000 * (frame.time or 0)) for frame in read_frames(late)] == [0, 40, 80]


def test_facts_of_a_video(tmp_path: Path) -> None:
    facts = probe(write_video(tmp_path / "a.mp4"))
    assert (facts.width, facts.height, facts.num_frames) == (64, 48, 10)
    assert facts.fps == pytest.approx(25) and facts.duration == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("turn", "corner", "size"),
    [
        (0, "upper left", (64, 48)),
        (90, "lower left", (48, 64)),
        (180, "lower right", (64, 48)),
        (-90, "upper right", (48, 64)),
    ],
)
def test_turned_videos_stand_upright(
    tmp_path: Path, turn: int, corner: str, size: tuple[int, int]
) -> None:
    path = write_video(tmp_path / "a.mp4", turn=turn)  # counter-clockwise
    found = next(read_frames(path)).picture
    assert red_corner(found) == corner
    facts = probe(path)
    assert (facts.width, facts.height) == size == found.shape[1::-1]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), [[1, 2], [3, 4]]),
        ((-1, 0, 0, 1), [[2, 1], [4, 3]]),  # flipped left to right
        ((1, 0, 0, -1), [[3, 4], [1, 2]]),
        ((-1, 0, 0, -1), [[4, 3], [2, 1]]),
        ((0, 1, -1, 0), [[3, 1], [4, 2]]),  # clockwise
        ((0, -1, 1, 0), [[2, 4], [1, 3]]),
        ((0, 1, 1, 0), [[1, 3], [2, 4]]),
    ],
)
def test_every_quarter_turn_and_flip(
    matrix: tuple[int, int, int, int], expected: list[list[int]]
) -> None:
    assert turned(np.array([[[1], [2]], [[3], [4]]]), matrix)[..., 0].tolist() == expected


def test_pictures_follow_their_orientation_tag(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter clockwise
    Image.fromarray(picture()).save(tmp_path / "a.png", exif=exif)
    found = next(read_frames(tmp_path / "a.png"))
    assert found.picture.shape == (64, 48, 3) and red_corner(found.picture) == "upper right"
    assert probe(tmp_path / "a.png").fps is None


def test_mirrored_media_are_flipped_back_and_rows_have_no_gaps(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", size=(50, 48))
    plain, back = (next(read_frames(path, mirrored=way)).picture for way in (False, True))
    assert (back == plain[:, ::-1]).all() and red_corner(back) == "upper right"
    assert plain.flags.c_contiguous and back.flags.c_contiguous


def test_wide_pixels_become_square(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2
        for packet in stream.encode(av.VideoFrame.from_ndarray(picture(), format="rgb24")):
            container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    facts = probe(path)
    assert (facts.width, facts.height) == (128, 48)


def test_a_video_that_is_cut_off_is_no_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", range(0, 8000, 40), options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(FormatError, match=r"a\.mp4: expected \d+ bytes, as its index says, got"):
        probe(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="expected pictures, got none"):
        probe(path)


@pytest.mark.parametrize("name", ["a.mp4", "a.jpg", "a.gif"])
def test_what_is_no_medium(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no picture\n" * 50)
    with pytest.raises(FormatError, match="damaged or no medium"):
        probe(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(FormatError, match="got an empty file"):
        probe(tmp_path / name)


def test_sound_without_pictures(tmp_path: Path) -> None:
    import wave

    path = tmp_path / "a.avi"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(1600))
    with pytest.raises(FormatError, match="expected pictures, got none"):
        probe(path)


def test_no_frames_is_told(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    with pytest.raises(FormatError, match=r"expected at least one frame|expected a whole video"):
        probe(path)


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "a.mp4")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skelgraph\[video\]'"):
        probe(path)
    Image.fromarray(picture()).save(tmp_path / "a.png")
    assert frames.probe(tmp_path / "a.png").width == 64


@pytest.fixture(scope="module")
def whole_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("whole") / "a.mp4").read_bytes()


@given(data=st.data())
@settings(max_examples=30)
def test_damage_never_ends_in_another_error(
    whole_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    damaged = bytearray(whole_bytes)
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=8)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "a.mp4"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        found = list(read_frames(path))
    except FormatError:
        return
    assert all(frame.picture.dtype == np.uint8 and frame.picture.ndim == 3 for frame in found)
