"""How far forecast poses lie from those that came, beside two simple guesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FRAMES = (1, 5, 10)
MILLISECONDS = (80, 160, 320, 400)
FEWEST_SUBJECTS = 3  # with fewer, the interval is over clips


def hold_pose(positions: np.ndarray, seen: np.ndarray, *, num_frames: int) -> np.ndarray:
    """Guess that each joint stays where it was seen last.

    Args:
        positions: Observed, (T, ..., C); what was not seen does not count.
        seen: Joints seen, bool (T, ...).
        num_frames: Frames to guess, F.

    Returns:
        Places, NaN for joints never seen, (F, ..., C).
    """
    place, _, _ = _last_two(positions, seen)
    return np.broadcast_to(place, (num_frames, *place.shape)).copy()


def keep_velocity(positions: np.ndarray, seen: np.ndarray, *, num_frames: int) -> np.ndarray:
    """Guess that each joint goes on as between the last two frames in which it was seen.

    Args:
        positions: Observed, (T, ..., C); what was not seen does not count.
        seen: Joints seen, bool (T, ...).
        num_frames: Frames to guess, F.

    Returns:
        Places, NaN for joints never seen; one seen once stays there, (F, ..., C).
    """
    place, velocity, last = _last_two(positions, seen)
    ahead = np.arange(num_frames).reshape(-1, *[1] * last.ndim) + len(seen) - last
    return place + velocity * ahead[..., None]


def _last_two(positions: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Last place of each joint, its way a frame from the place before, and the last frame."""
    time = np.arange(len(seen)).reshape(-1, *[1] * (seen.ndim - 1))
    last = np.where(seen, time, -1).max(axis=0)
    before = np.where(seen & (time < last), time, -1).max(axis=0)
    place, earlier = _at(positions, last), _at(positions, np.where(before < 0, last, before))
    passed = np.where(before < 0, 1, last - before)
    place = np.where((last < 0)[..., None], np.nan, place)
    return place, (place - earlier) / passed[..., None], last


def _at(positions: np.ndarray, frame: np.ndarray) -> np.ndarray:
    index = np.maximum(frame, 0)[None, ..., None]
    taken: np.ndarray = np.take_along_axis(positions, index, axis=0)[0]
    return taken


def joint_distances(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance of each predicted joint from its true place.

    Args:
        predicted: (F, ..., C).
        truth: NaN where not seen, (F, ..., C).

    Returns:
        NaN where either is unknown, (F, ...).
    """
    distance: np.ndarray = np.linalg.norm(predicted - truth, axis=-1)
    return distance


def mean_of_known(values: np.ndarray, *, axis: int | tuple[int, ...]) -> np.ndarray:
    """Mean over some axes of what is not NaN; NaN where all is.

    Example:
        >>> mean_of_known(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]), axis=1).tolist()
        [2.0, nan]
    """
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def at_milliseconds(
    curve: np.ndarray, *, step_ms: float, horizons: Sequence[float] = MILLISECONDS
) -> dict[str, float | None]:
    """Read an error curve at points in time, on straight lines between the frames.

    At 0 ms, the last observed frame, the error counts as 0.

    Args:
        curve: Error in frames 1, 2, ... ahead, (F,).
        step_ms: Time from frame to frame.
        horizons: Points in time, milliseconds.

    Returns:
        Horizon -> error; None beyond the last frame.

    Example:
        >>> at_milliseconds(np.array([1.0, 3.0]), step_ms=40, horizons=(60, 80, 100))
        {'60': 2.0, '80': 3.0, '100': None}
    """
    times = step_ms * np.arange(len(curve) + 1)
    values = np.concatenate([[0.0], curve])
    read = np.interp(horizons, times, values)
    read[np.asarray(horizons) > times[-1] + 1e-6] = np.nan
    return {f"{key:g}": known_or_none(value) for key, value in zip(horizons, read, strict=True)}


def score_curves(
    curves: dict[str, np.ndarray],
    *,
    subject: np.ndarray,
    clip: np.ndarray,
    step_ms: float | None,
) -> dict[str, Any]:
    """Sum up error curves of several methods over the same windows.

    Args:
        curves: Method -> error of each window in frames 1, 2, ... ahead, NaN where no joint was
            seen, (W, F). The first method is compared with the others.
        subject: Who performs in each window, -1 unknown, (W,).
        clip: Clip each window comes from, (W,).
        step_ms: Time from frame to frame. None: unknown.

    Returns:
        For each method `by_frame` (mean over windows), `at_frame` and, if the time is known,
        `at_ms`; for the first one also `interval` (95 %, by frame) and `gain`: by method and
        frame, how much smaller its error is than that method's, paired, with its interval.
        `interval_over` says over what: subjects if there are at least three, else clips.
    """
    over, group = _groups(subject, clip)
    known = sorted(set(group.tolist()))
    grouped = {
        name: np.stack([mean_of_known(values[group == one], axis=0) for one in known])
        for name, values in curves.items()
    }
    first = next(iter(curves))
    result: dict[str, Any] = {"interval_over": over, "groups": len(known), "methods": {}}
    for name, values in curves.items():
        result["methods"][name] = _describe(mean_of_known(values, axis=0), step_ms)
    own = result["methods"][first]
    own["interval"] = known_or_none(_intervals(grouped[first])[:, 1:])
    own["gain"] = {
        name: known_or_none(_intervals(values - grouped[first]))
        for name, values in grouped.items()
        if name != first
    }
    return result


def known_or_none(values: np.ndarray) -> Any:
    """Turn numbers into plain lists, None where nothing is known.

    Example:
        >>> known_or_none(np.array([[1.0, np.nan]]))
        [[1.0, None]]
    """
    if values.ndim == 0:
        return float(values) if np.isfinite(values) else None
    return [known_or_none(value) for value in values]


def _describe(curve: np.ndarray, step_ms: float | None) -> dict[str, Any]:
    by_frame = known_or_none(curve)
    frames = {f"{k}": by_frame[k - 1] if k <= len(curve) else None for k in FRAMES}
    described: dict[str, Any] = {"by_frame": by_frame, "at_frame": frames}
    if step_ms is not None:
        described["at_ms"] = at_milliseconds(curve, step_ms=step_ms)
    return described


def _groups(subject: np.ndarray, clip: np.ndarray) -> tuple[str, np.ndarray]:
    """Windows that belong together: those of a subject, or of a clip where people are few."""
    if (subject >= 0).all() and len(np.unique(subject)) >= FEWEST_SUBJECTS:
        return "subjects", subject
    return "clips", clip


def _intervals(values: np.ndarray) -> np.ndarray:
    """Mean over groups with its 95 % interval (Student's t): (G, F) to (F, 3).

    NaN where no group is known; the bounds are where fewer than two are.
    """
    from scipy.stats import t

    mean, count = mean_of_known(values, axis=0), np.isfinite(values).sum(axis=0)
    spread = mean_of_known((values - mean) ** 2, axis=0) * count / np.maximum(count - 1, 1)
    degrees = np.maximum(count - 1, 1)
    half = np.where(
        count > 1, t.ppf(0.975, degrees) * np.sqrt(spread / np.maximum(count, 1)), np.nan
    )
    return np.stack([mean, mean - half, mean + half], axis=1)
