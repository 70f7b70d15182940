"""Groups of clips that must stay together, and their even distribution."""

from __future__ import annotations

import numpy as np

from skelgraph.data.table import ClipTable


def group_clips(table: ClipTable) -> tuple[np.ndarray, str]:
    """Join clips of one subject, and clips of one recording.

    Returns:
        A group number for each clip, int64 (N,), and what they were grouped by: `subject`,
        `recording` (no subject is known) or `subject, recording where unknown`.
    """
    known = table.subject >= 0
    alone = table.subject.max(initial=0) + 1 + np.arange(len(known))
    subject = np.unique(np.where(known, table.subject, alone), return_inverse=True)[1]
    recording = np.unique(table.recording, return_inverse=True)[1]
    if known.all():
        grouped_by = "subject"
    else:
        grouped_by = "subject, recording where unknown" if known.any() else "recording"
    return join_groups(subject, recording), grouped_by


def join_groups(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number the groups of entries that are linked through either of two groupings.

    Example:
        >>> join_groups(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
        [0, 0, 0, 1]
    """
    keys = [np.unique(key, return_inverse=True)[1] for key in (first, second)]
    label = np.arange(len(first))
    while True:
        before = label
        for key in keys:
            lowest = np.full(key.max(initial=-1) + 1, len(label))
            np.minimum.at(lowest, key, label)
            label = lowest[key]
        if np.array_equal(before, label):
            return np.unique(label, return_inverse=True)[1]


def balanced_parts(groups: np.ndarray, label: np.ndarray, *, count: int, seed: int) -> np.ndarray:
    """Deal whole groups to parts so that every part gets an even share of every class.

    The largest group first (equal sizes in a seeded order), each to the part where it keeps
    the classes' shares most even.

    Args:
        groups: Group of each clip, (N,).
        label: Class of each clip, from 0, (N,).
        count: Number of parts, at most the number of groups.
        seed: Fixes the order of groups of equal size.

    Returns:
        Part of each clip, int64 (N,); every part has a group.
    """
    _, group = np.unique(groups, return_inverse=True)
    sizes = np.zeros((group.max() + 1, label.max() + 1))
    np.add.at(sizes, (group, label), 1)
    share = sizes / np.maximum(sizes.sum(axis=0), 1)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled].sum(axis=1), kind="stable")]
    load = np.zeros((count, sizes.shape[1]))
    held = np.zeros(count, dtype=np.int64)
    part_of = np.empty(len(sizes), dtype=np.int64)
    for place, chosen in enumerate(order):
        cost = ((load + share[chosen]) ** 2 - load**2).sum(axis=1)
        if count - (held > 0).sum() >= len(order) - place:
            cost[held > 0] = np.inf
        part = int(np.lexsort((held, cost.round(12)))[0])
        part_of[chosen] = part
        load[part] += share[chosen]
        held[part] += 1
    return part_of[group]
