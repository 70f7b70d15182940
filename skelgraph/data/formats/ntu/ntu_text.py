"""The text of a `.skeleton` file: a fast way through sound files, a careful one through others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.errors import MAX_FAULTS, FormatError, list_faults

NUM_JOINTS = 25
BODY_VALUES = 10
JOINT_VALUES = 12
FRAME_LINES = 3 + NUM_JOINTS
NEWLINE, SPACE, MINUS, DOT = b"\n -."
ZERO = np.uint8(ord("0"))

WIDTH = 16
CELL = np.dtype(f"V{WIDTH}")
FIRST = np.tri(WIDTH + 1, WIDTH, -1, dtype=np.uint8).view(CELL).ravel()
"""Row n keeps the first n characters of a cell."""

SCALE = 1e14
WEIGHTS = np.array([1e14, 0, *(10.0**power for power in range(13, -1, -1))])
"""Worth of each character of `d.dddddddddddddd`, in units of 1 / SCALE. A sum of them stays
below 2 ** 53, so it is exact, and its quotient by SCALE is the same as float()'s."""

MOST_WORDS = 64
"""Words of a line that are told apart; a sound one has twelve."""


@dataclass(frozen=True, eq=False)
class BodyRows:
    """Every body of every frame, in the file's order.

    Args:
        num_frames: Frames in the file, with and without bodies.
        frame: Frame of each row, (N,).
        body: The sensor's id of each row's body, a text.
        position: x, y, z in metres, float32 (N, 25, 3).
        state: Tracking state 0, 1 or 2, uint8 (N, 25).
    """

    num_frames: int
    frame: np.ndarray
    body: list[bytes]
    position: np.ndarray
    state: np.ndarray


def parse_skeleton(data: bytes, path: Path) -> BodyRows:
    """Parse a `.skeleton` file.

    Args:
        data: Its bytes.
        path: What messages call it.

    Raises:
        FormatError: Lists faults with line and frame.
    """
    if not data.strip():
        raise FormatError(f"{path}: expected a number of frames, got an empty file. Copy it again.")
    if not data.endswith(b"\n"):
        data += b"\n"
    return parse_fast(data) or parse_checked(data, path)


def parse_fast(data: bytes) -> BodyRows | None:
    """Parse a file that is exactly as the sensor's tool writes it; None for any other.

    Of each joint's twelve values the first three and the last are read: lines are found by
    their ends, and the same character of all lines is turned into digits at once.
    """
    buffer = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(buffer == NEWLINE)
    try:
        rows = _one_body(data, ends) or _walk(data, ends.tolist())
    except (IndexError, ValueError):
        return None
    num_frames, frame, body, first = rows
    spaces = len(first) * (BODY_VALUES - 1 + NUM_JOINTS * (JOINT_VALUES - 1))
    if len(first) == 0 or np.count_nonzero(buffer == SPACE) != spaces:
        return None
    lines = (np.asarray(first)[:, None] + np.arange(NUM_JOINTS)).ravel()
    state = _states(buffer, ends[lines])
    position = None if state is None else _positions(data, ends[lines - 1] + 1)
    if state is None or position is None:
        return None
    return BodyRows(
        num_frames=num_frames,
        frame=np.asarray(frame),
        body=body,
        position=position.reshape(-1, NUM_JOINTS, 3),
        state=state.reshape(-1, NUM_JOINTS),
    )


Found = tuple[int, Sequence[int] | np.ndarray, list[bytes], Sequence[int] | np.ndarray]
"""Number of frames; frame, id and first joint line of each body."""


def _one_body(data: bytes, ends: np.ndarray) -> Found | None:
    """Find the bodies of a file with one and the same body in every frame; None for others.

    Such files are most: the lines before the joints are held against the first frame's.
    """
    num_frames = int(data[: ends[0]])
    if num_frames < 1 or len(ends) != 1 + num_frames * FRAME_LINES or data[ends[-1] :].strip():
        return None
    starts = ends[:-1].reshape(num_frames, FRAME_LINES) + 1
    id_end = data.index(b" ", starts[0, 1])
    regular = (
        int(data[starts[0, 0] : ends[1]]) == 1
        and int(data[starts[0, 2] : ends[3]]) == NUM_JOINTS
        and _repeats(data, starts[:, 0], id_end + 1)
        and _repeats(data, starts[:, 2], starts[0, 3])
    )
    if not regular:
        return None
    frames = np.arange(num_frames)
    return num_frames, frames, [data[starts[0, 1] : id_end]] * num_frames, 4 + FRAME_LINES * frames


def _repeats(data: bytes, starts: np.ndarray, end: int) -> bool:
    """Tell whether the characters from the first start to `end` stand at every start."""
    width = int(end - starts[0])
    windows: np.ndarray = np.ndarray((len(data) - width + 1, width), np.uint8, data, strides=(1, 1))
    return bool((windows[starts] == windows[starts[0]]).all())


def _walk(data: bytes, ends: list[int]) -> Found:
    """Find the bodies of any sound file, a line before the joints after another."""
    frames, bodies, first = [], [], []
    num_frames = int(data[: ends[0]])
    line = 1
    for frame in range(num_frames):
        count = int(data[ends[line - 1] : ends[line]])
        line += 1
        for _ in range(count):
            start = ends[line - 1] + 1
            frames.append(frame)
            bodies.append(data[start : data.index(b" ", start)])
            if int(data[ends[line] : ends[line + 1]]) != NUM_JOINTS:
                raise ValueError("another number of joints")
            first.append(line + 2)
            line += 2 + NUM_JOINTS
    if line > len(ends) or data[ends[line - 1] :].strip():
        raise ValueError("another number of lines")
    return num_frames, frames, bodies, first


def _states(buffer: np.ndarray, ends: np.ndarray) -> np.ndarray | None:
    """Read the last value of each line, one digit; None if it is something else."""
    last = ends - 1 - (buffer[ends[0] - 1] == ord("\r"))
    state = buffer[last] - ZERO
    if (state > 2).any() or (buffer[last - 1] != SPACE).any():
        return None
    return state


def _positions(data: bytes, starts: np.ndarray) -> np.ndarray | None:
    """Read the first three values of each line, float32 (lines, 3)."""
    if starts[-1] + 3 * (WIDTH + 1) > len(data):
        data += b"\n" * 3 * (WIDTH + 1)
    characters = np.frombuffer(data, dtype=np.uint8)
    windows: np.ndarray = np.ndarray((len(data) - WIDTH + 1,), CELL, data, strides=(1,))
    found = np.empty((len(starts), 3), dtype=np.float32)
    for column in range(3):
        negative = characters[starts] == MINUS
        starts = starts + negative
        values, lengths = _numbers(windows[starts])
        ends = starts + lengths
        odd = (lengths < 2) | (characters[ends] != SPACE)
        if odd.any() and not _read_singly(data, starts, odd, values, ends):
            return None
        found[:, column] = to_float32(values * (1 - 2.0 * negative))
        starts = ends + 1
    return found


def _numbers(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers of the form d.ddd from their first characters.

    Returns:
        Values float64 (N,), and how many characters of each have that form (N,), 0 where it
        is not followed by a dot.
    """
    text = cells.view(np.uint8).reshape(-1, WIDTH)
    digits = text - ZERO
    dotted = text[:, 1] == DOT
    digits[:, 1] = 0
    lengths = (digits > 9).argmax(axis=1) * dotted
    digits *= FIRST[lengths].view(np.uint8).reshape(-1, WIDTH)
    return np.einsum("nw,w->n", digits, WEIGHTS) / SCALE, lengths


def _read_singly(
    data: bytes, starts: np.ndarray, odd: np.ndarray, values: np.ndarray, ends: np.ndarray
) -> bool:
    """Read the few numbers of another form, such as 1.2E-05 or 0; False if one is no number."""
    for row in np.flatnonzero(odd):
        start = int(starts[row])
        try:
            end = data.index(b" ", start)
            values[row] = float(data[start:end])
        except ValueError:
            return False
        ends[row] = end
    return True


def parse_checked(data: bytes, path: Path) -> BodyRows:
    """Parse a file line by line, with any white space, and say where it is wrong."""
    reader = _Lines(data, path)
    frames: list[int] = []
    bodies: list[bytes] = []
    values: list[list[float]] = []
    num_frames = reader.count("a number of frames")
    for frame in range(num_frames):
        reader.frame = frame
        for _ in range(reader.count("a number of bodies")):
            frames.append(frame)
            bodies.append(reader.values(BODY_VALUES, "values of a body")[0])
            joints = reader.count("a number of joints")
            if joints != NUM_JOINTS:
                reader.fail(f"expected {NUM_JOINTS} joints, got {joints}")
            values += [reader.joint() for _ in range(NUM_JOINTS)]
    reader.finish()
    if not values:
        raise FormatError(
            f"{path}: expected a body in at least one of {num_frames} frames, got none. "
            "Leave the recording out."
        )
    numbers = np.array(values).reshape(-1, NUM_JOINTS, 4)
    return BodyRows(
        num_frames=num_frames,
        frame=np.array(frames),
        body=bodies,
        position=to_float32(numbers[..., :3]),
        state=numbers[..., 3].astype(np.uint8),
    )


class _Lines:
    """The lines of a file, and what is wrong with them."""

    def __init__(self, data: bytes, path: Path) -> None:
        self.lines = data.split(b"\n")
        self.path = path
        self.at = 0
        self.frame: int | None = None
        self.faults: list[str] = []

    def next(self) -> list[bytes]:
        while self.at < len(self.lines):
            self.at += 1
            words = self.lines[self.at - 1].split(maxsplit=MOST_WORDS)
            if words:
                return words
        self.fail("expected further lines, got the end of the file")
        raise AssertionError

    def count(self, what: str) -> int:
        words = self.next()
        if len(words) != 1 or not words[0].isdigit() or len(words[0]) > 9:
            self.fail(f"expected {what}, got '{_shown(words)}'")
        return int(words[0])

    def values(self, count: int, what: str) -> list[bytes]:
        words = self.next()
        if len(words) != count:
            got = len(words) if len(words) <= MOST_WORDS else f"more than {MOST_WORDS}"
            self.fail(f"expected {count} {what}, got {got}")
        return words

    def joint(self) -> list[float]:
        words = self.values(JOINT_VALUES, "values of a joint")
        try:
            position = [float(word) for word in words[:3]]
        except ValueError:
            position = [np.nan] * 3
            self.note(f"expected three numbers, got '{_shown(words[:3])}'")
        if words[-1] not in (b"0", b"1", b"2"):
            self.note(f"expected a tracking state 0, 1 or 2, got '{_shown(words[-1:])}'")
            return [*position, 0.0]
        return [*position, float(words[-1])]

    def note(self, fault: str) -> None:
        where = "" if self.frame is None else f", frame {self.frame}"
        self.faults.append(
            f"{self.path}, line {self.at}{where}: {fault}. Copy the file again or leave it out."
        )
        if len(self.faults) >= MAX_FAULTS:
            raise FormatError(list_faults(self.faults))

    def fail(self, fault: str) -> None:
        """Give up: what follows cannot be told apart any more."""
        self.note(fault)
        raise FormatError(list_faults(self.faults))

    def finish(self) -> None:
        rest = [line for line in self.lines[self.at :] if line.strip()]
        if rest:
            self.at += 1
            self.note(f"expected the end of the file, got {len(rest)} further lines")
        if self.faults:
            raise FormatError(list_faults(self.faults))


def _shown(words: list[bytes]) -> str:
    return b" ".join(words)[:40].decode("ascii", "replace")
