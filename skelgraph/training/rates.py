"""The frame rate of recordings beside that of the recordings that a run learned from."""

from __future__ import annotations

from skelgraph.data.store import Store
from skelgraph.training.config import DataOptions
from skelgraph.training.weights import Recogniser

TOLERANCE = 0.05  # 30 frames a second are also written as 29.97


def rate_note(recogniser: Recogniser, store: Store, *, source: object) -> str | None:
    """Tell of a frame rate at which movements look slower or faster to a run than they are.

    Args:
        recogniser: The run.
        store: What it is asked about.
        source: What the user calls that.

    Returns:
        A sentence; None where the rates are alike or one is not known, or where clips are sampled
        so that the rate makes no difference.
    """
    own, got = recogniser.fps, store.fps
    if own is None or got is None or not counts_frames(recogniser.data):
        return None
    if abs(got / own - 1) <= TOLERANCE:
        return None
    return (
        f"{source}: expected about {own:g} frames a second, as this run learned from, got "
        f"{got:g}: movements look {own / got:.3g} times as fast to it. Give recordings of that "
        "rate, or train on some of this one."
    )


def counts_frames(data: DataOptions) -> bool:
    """Whether a run counts in frames, so that it takes another rate for another speed.

    Whole clips, and windows in seconds, that are sampled to a number of frames do not.

    Example:
        >>> counts_frames(DataOptions(num_frames=0)), counts_frames(DataOptions(window="3s"))
        (True, False)
    """
    window = str(data.test_window or data.window or "s").strip().lower()
    return data.num_frames == 0 or not window.endswith("s")
