"""Windows: contiguous ranges of frames cut from clips that a protocol has already chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelgraph.errors import ConfigError


@dataclass(frozen=True)
class WindowSpec:
    """How clips are cut; training and test may use different ones.

    Args:
        length: Frames of a window. None: the whole clip is one window.
        overlap: Share of a window that the next one repeats, 0 to below 1.

    Raises:
        ConfigError: If either is out of range.
    """

    length: int | None = None
    overlap: float = 0.0

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 1:
            raise ConfigError(
                f"window: expected at least one frame, got {self.length}. Give a longer one."
            )
        if not 0 <= self.overlap < 1:
            raise ConfigError(
                f"overlap: expected a share from 0 to below 1, got {self.overlap}. "
                "Write 80 % as 0.8."
            )

    @property
    def stride(self) -> int:
        """Frames from one window's start to the next one's; at least 1."""
        return 1 if self.length is None else max(1, round(self.length * (1 - self.overlap)))


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of chosen clips, int64 (W,) each.

    Args:
        row: Clip each was cut from, a row of the store's index.
        start: First frame, counted in the store's keypoints.npy.
        length: Number of frames.
    """

    row: np.ndarray
    start: np.ndarray
    length: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def cut_windows(
    starts: np.ndarray, frames: np.ndarray, rows: np.ndarray, spec: WindowSpec
) -> Windows:
    """Cut windows from the chosen clips.

    Windows start every `stride` frames from the first. Where that leaves frames at the end
    uncovered, one more window ends with the clip, and overlaps its neighbour by more than was
    asked for. A clip shorter than a window is one window of its own length.

    Args:
        starts: First frame of every clip of the store, (N,).
        frames: Length of every clip, (N,).
        rows: The clips to cut, e.g. `split.train`.
        spec: Length and overlap.
    """
    rows = np.asarray(rows, dtype=np.int64)
    first, total = np.asarray(starts)[rows], np.asarray(frames)[rows]
    if spec.length is None:
        return Windows(rows, first.astype(np.int64), total.astype(np.int64))
    steps = -(-np.maximum(total - spec.length, 0) // spec.stride)
    owner = np.repeat(np.arange(len(rows)), steps + 1)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    latest = np.maximum(total - spec.length, 0)[owner]
    offset = np.minimum(step * spec.stride, latest)
    length = np.minimum(total, spec.length)[owner]
    return Windows(rows[owner], first[owner] + offset, length.astype(np.int64))


def parse_window(
    length: str | int | None, *, overlap: float = 0.0, fps: float | None = None
) -> WindowSpec:
    """Read a window's length in frames (`90`) or in seconds (`3s`).

    Args:
        length: The words. None: whole clips.
        overlap: Share of a window that the next one repeats.
        fps: Frames per second of the clips, for lengths in seconds.

    Raises:
        ConfigError: If it is neither, or in seconds where the frame rate is unknown.

    Example:
        >>> parse_window("3s", overlap=0.5, fps=30).length
        90
    """
    if length is None:
        return WindowSpec(overlap=overlap)
    word = str(length).strip().lower()
    value = _number(word.removesuffix("s"))
    if not word.endswith("s"):
        if value != int(value):
            raise ConfigError(_wrong_length(word))
        return WindowSpec(int(value), overlap)
    if not fps:
        raise ConfigError(
            f"window: expected a length in frames, got '{length}' for clips of unknown frame "
            "rate. Give frames, or the frame rate on conversion (--fps)."
        )
    return WindowSpec(max(1, round(value * fps)), overlap)


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or value <= 0:
        raise ConfigError(_wrong_length(word))
    return value


def _wrong_length(word: str) -> str:
    return f"window: expected frames such as 90 or seconds such as 3s, got '{word}'. Correct it."
