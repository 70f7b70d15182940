"""What the media of one store must share: the picture's shape and the frame rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from skelgraph.errors import FormatError
from skelgraph.live.frames import MediaFacts

SAME_SHAPE = 0.005
"""Width / height that differs by less than this share counts as equal."""

SAME_RATE = 0.01
"""Frame rates that differ by less than this share count as equal."""

UNEVEN = 1.5
"""Frame times are uneven if the longest step is more than this many medians."""


def common_size(facts: Mapping[str, MediaFacts], *, pad: bool) -> tuple[int, int]:
    """Find the picture size of a store.

    Fractions of pictures with one shape mean the same, whatever their size: the size of the
    first is taken. Padded pictures have the greatest width and the greatest height.

    Args:
        facts: File -> its facts.
        pad: Whether pictures are padded to one shape.

    Returns:
        Width and height in pixels.

    Raises:
        FormatError: If shapes differ and are not padded; names files of each.
    """
    sizes = [(one.width, one.height) for one in facts.values()]
    if pad:
        return max(width for width, _ in sizes), max(height for _, height in sizes)
    first = sizes[0][0] / sizes[0][1]
    if all(abs(width / height / first - 1) < SAME_SHAPE for width, height in sizes):
        return sizes[0]
    groups = {file: f"{one.width} x {one.height}" for file, one in facts.items()}
    raise FormatError(
        f"media: expected pictures of one shape, got {_grouped(groups)}. Extract each shape to a "
        "store of its own, or put them in one frame with --pad, or take metres with --world."
    )


def check_one_kind(is_picture: Mapping[str, bool]) -> None:
    """Refuse pictures beside videos: a store has a frame rate or none.

    Args:
        is_picture: File -> whether it is a single picture.
    """
    if len(set(is_picture.values())) > 1:
        groups = {file: "pictures" if single else "videos" for file, single in is_picture.items()}
        raise FormatError(
            f"media: expected videos or pictures, got both: {_grouped(groups)}. Extract each kind "
            "to a store of its own."
        )


def common_rate(rates: Mapping[str, float | None], *, asked: float | None) -> float | None:
    """Find the frame rate of a store.

    Args:
        rates: File -> frames per second, None for a picture.
        asked: The rate at which frames are taken, if the user gives one.

    Returns:
        The median rate, or the one asked for; None for pictures.

    Raises:
        FormatError: If rates differ by more than `SAME_RATE`, if a video is slower than the rate
            asked for, or if pictures stand beside videos; names files of each.
    """
    check_one_kind({file: rate is None for file, rate in rates.items()})
    groups = {file: f"{rate:.4g} frames per second" for file, rate in rates.items() if rate}
    known = np.array([rate for rate in rates.values() if rate is not None])
    if not len(known):
        if asked is not None:
            raise FormatError("--fps: expected videos, got pictures only. Leave it out.")
        return None
    if asked is not None:
        slow = {file: groups[file] for file, rate in rates.items() if _slower(rate, asked)}
        if slow:
            raise FormatError(
                f"--fps: expected at most the rate of every video, got {asked:g} with "
                f"{_grouped(slow)}. Give a lower one."
            )
        return asked
    middle = float(np.median(known))
    if (np.abs(known / middle - 1) < SAME_RATE).all():
        return round(middle, 4)
    raise FormatError(
        f"media: expected one frame rate, got {_grouped(groups)}. Take even frames from all with "
        "--fps N, or extract each rate to a store of its own."
    )


def even_frames(times: np.ndarray, fps: float) -> np.ndarray:
    """Choose the frame nearest to each tick of an even clock.

    Args:
        times: Time of each frame in seconds, rising, (T,).
        fps: Ticks per second.

    Returns:
        Frame at each tick; -1 where none lies within half a tick and half a median step.
    """
    ticks = times[0] + np.arange(int((times[-1] - times[0]) * fps + 1.001)) / fps
    after = np.searchsorted(times, ticks).clip(1, max(len(times) - 1, 1))
    before = after - 1
    after = after.clip(max=len(times) - 1)
    nearest = np.where(ticks - times[before] <= times[after] - ticks, before, after)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    far = np.abs(times[nearest] - ticks) > (1 / fps + step) / 2 + 1e-6
    return np.where(far, -1, nearest)


def measured_rate(times: np.ndarray) -> float | None:
    """Give the mean frame rate of the times of frames; None: there are not two of them.

    Example:
        >>> measured_rate(np.array([0.0, 0.5, 1.0]))
        2.0
    """
    length = float(times[-1] - times[0]) if len(times) else 0.0
    return (len(times) - 1) / length if length > 0 else None


def is_uneven(times: np.ndarray) -> bool:
    """Tell whether frames come at uneven times, as phones record."""
    steps = np.diff(times)
    return len(steps) > 0 and bool(steps.max() > UNEVEN * np.median(steps))


def padded(points: np.ndarray, size: tuple[int, int], canvas: tuple[int, int]) -> np.ndarray:
    """Count fractions in a greater picture, in whose middle the first stands as large as it fits.

    Args:
        points: Fractions of the picture, z in the scale of x, (..., 3).
        size: Its width and height.
        canvas: Width and height of the greater one.
    """
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    share = np.array([size[0] * scale / canvas[0], size[1] * scale / canvas[1]])
    factor = np.array([share[0], share[1], share[0]])
    margin = np.array([*((1 - share) / 2), 0.0])
    return (points * factor + margin).astype(np.float32)


def _slower(rate: float | None, asked: float) -> bool:
    return rate is not None and rate < asked * (1 - SAME_RATE)


def _grouped(kind_of: Mapping[str, str]) -> str:
    """Name some files of each kind."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file, kind in kind_of.items():
        groups[kind].append(file)
    return "; ".join(f"{kind} ({_some(files)})" for kind, files in groups.items())


def _some(files: Sequence[str]) -> str:
    shown = ", ".join(files[:3])
    return f"{shown} and {len(files) - 3} more" if len(files) > 3 else shown
