"""Folds of the labelled clips, to compare models inside the budget."""

from __future__ import annotations

import numpy as np

from skelgraph.data.grouping import balanced_parts, group_clips
from skelgraph.data.table import ClipTable


def fold_labelled(
    table: ClipTable, rows: np.ndarray, given: np.ndarray, *, folds: int, seed: int
) -> tuple[list[np.ndarray], str]:
    """Deal labelled clips into folds, each of which is held out once.

    A person's clips stay together where that leaves every class a clip to train on in every
    fold; else a recording's clips do. A clip that is the only one of its class is never held
    out.

    Args:
        table: Clips of the store.
        rows: The labelled clips.
        given: Given label of every clip.
        folds: How many; fewer where there are not as many groups.
        seed: Fixes which groups come together.

    Returns:
        Rows held out in each fold, and what kept together: `subject` or `recording`. No fold
        if nothing can be held out.
    """
    chosen, label = table.take(rows), given[rows]
    recording = np.unique(chosen.recording, return_inverse=True)[1]
    people, grouped_by = group_clips(chosen)
    for groups, name in ((people, grouped_by), (recording, "recording")):
        count = min(folds, len(np.unique(groups)))
        if count < 2:
            continue
        part = balanced_parts(groups, label, count=count, seed=seed)
        if name != "recording" and not _keeps_classes(label, part, count):
            continue
        held = [_without_last(label, part == number) for number in range(count)]
        return [rows[mask] for mask in held if mask.any()], name
    return [], "recording"


def _keeps_classes(label: np.ndarray, part: np.ndarray, count: int) -> bool:
    classes = len(np.unique(label))
    return all(len(np.unique(label[part != number])) == classes for number in range(count))


def _without_last(label: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Keep the held clips of classes that have others to train on."""
    remaining = np.unique(label[~held])
    return held & np.isin(label, remaining)
