"""Importance for the report of a run: by class, of the clips that are played, and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.explain import METHODS, Importance
from skelgraph.report.packing import rounded
from skelgraph.training.explaining import check_clips, explain_clips
from skelgraph.training.results import clip_names
from skelgraph.training.weights import Recogniser

SAMPLE = 500  # clips that the means of classes are taken over, at most
TIMES = 50  # steps of relative time


@dataclass(frozen=True, eq=False)
class Asked:
    """What was asked about importance.

    Args:
        importance: Of the sampled clips and of those that are played.
        sampled: Which of them were drawn by chance, bool (N,); means are over these.
        of: Clips that they were drawn from.
        check: What the checks found, see `checks.gate.check_methods`; None: not checked.
    """

    importance: Importance
    sampled: np.ndarray
    of: int
    check: dict[str, Any] | None


def ask_importance(
    recogniser: Recogniser,
    store: Store,
    clips: ClipSet,
    played: Sequence[str],
    *,
    method: str,
    checked: int,
    tell: Callable[[str], None],
) -> Asked:
    """Ask about up to 500 recordings drawn by chance and those that are played.

    Args:
        recogniser: The model.
        store: The recordings.
        clips: Windows of them, as the model gets them.
        played: Names of windows that are played.
        method: A key of `skelgraph.explain.METHODS`.
        checked: Clips on which the method is tested; 0: it is not.
        tell: Called with what is being done.

    Raises:
        ConfigError: If the model has not what the method needs.
    """
    rows = np.unique(clips.windows.row)
    drawn = np.random.default_rng(0).permutation(rows)[:SAMPLE]
    names = np.array(clip_names(store, clips))
    shown = clips.windows.row[np.isin(names, list(played))]
    tell(f"importance ({METHODS[method].title}) of {len(np.union1d(drawn, shown))} recordings")
    importance = explain_clips(recogniser, store, rows=np.union1d(drawn, shown), method=method)
    row_of = dict(zip(names.tolist(), clips.windows.row.tolist(), strict=True))
    sampled = np.isin([row_of[name] for name in importance.names], drawn)
    check = None
    if checked:
        tell(f"check of importance on {min(checked, len(clips))} clips")
        check = check_clips(recogniser, clips, methods=(method,), limit=checked)
    return Asked(importance, sampled, len(clips), check)


def describe_importance(asked: Asked) -> dict[str, Any]:
    """Sum importance up by class for the page.

    Returns:
        `method`, its `title`, what it `finds`; `sampled` of how many (`of`); `check`; and for
        each class that is predicted its `name`, `clips`, mean `joints` (M, V), `parts`, and
        `times` (50 shares of relative time) where the method tells frames apart.
    """
    importance = asked.importance.take(asked.sampled)
    groups = []
    for number in np.unique(importance.target):
        some = importance.take(importance.target == number)
        groups.append(
            {
                "name": importance.class_names[number],
                "clips": len(some),
                "joints": rounded(some.mean_joints()),
                "parts": {name: float(v.mean()) for name, v in some.parts().items()},
                "times": rounded(_over_time(some)) if some.timed else None,
            }
        )
    method = METHODS[importance.method]
    return {
        "method": importance.method,
        "title": method.title,
        "finds": method.finds,
        "sampled": len(importance),
        "of": asked.of,
        "check": _verdict(asked),
        "classes": groups,
    }


def _over_time(importance: Importance) -> np.ndarray:
    """Mean importance over relative time, (50,)."""
    steps = np.linspace(0, 1, TIMES)
    profiles = [
        np.interp(steps, np.linspace(0, 1, int(frames)), values[: int(frames)])
        for values, frames in zip(importance.over_joints(), importance.frames, strict=True)
    ]
    return np.asarray(np.mean(profiles, axis=0))


def _verdict(asked: Asked) -> dict[str, Any] | None:
    """Whether the method names what the decisions rest on, better than chance does."""
    if asked.check is None:
        return None
    found = asked.check["methods"][asked.importance.method]
    unit = "frames" if METHODS[asked.importance.method].finds == "frames" else "joints"
    return {
        "clips": asked.check["num_clips"],
        "beats_random": found["beats_random"],
        "deletion": found["deletion"],
        "insertion": found["insertion"],
        "random": asked.check["random"][unit],
    }
