"""Three groups of people: to label, to leave unlabelled, to test on."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from skelgraph.data.table import ClipTable
from skelgraph.files import written_whole

LABELLED, UNLABELLED, TEST = "train", "unlabelled", "test"
PARTS = (LABELLED, UNLABELLED, TEST)


def three_groups(
    table: ClipTable, *, draw: int, cameras: Mapping[str, int] | None = None
) -> np.ndarray:
    """Deal people to the three parts; each draw turns the order, so that roles change.

    A third of the people (rounded down, at least one) is labelled, as many test, the others have
    no labels. Nobody is in two parts.

    Args:
        table: Clips of a store, all with subjects.
        draw: From 0; after as many draws as there are thirds everybody had every role.
        cameras: The camera that each part is taken from, others are left out. None: any.

    Returns:
        Number of its part in `PARTS` for each clip, -1 where it is left out, int64 (N,).
    """
    order = np.random.default_rng(0).permutation(np.unique(table.subject))
    third = max(1, len(order) // 3)
    turned = np.roll(order, -draw * third)
    people = turned[:third], turned[third : len(order) - third], turned[len(order) - third :]
    part = np.full(len(table), -1, dtype=np.int64)
    for number, (name, chosen) in enumerate(zip(PARTS, people, strict=True)):
        mine = np.isin(table.subject, chosen) & (table.label >= 0)
        if cameras is not None:
            mine &= table.camera == cameras[name]
        part[mine] = number
    return part


def write_split(path: Path, table: ClipTable, part: np.ndarray, *, all_labels: bool) -> None:
    """Write a split file, clip and part a row; whole, since two runs at once may write it.

    Args:
        path: The CSV.
        table: Clips of the store.
        part: As of `three_groups`.
        all_labels: Give the unlabelled their labels: the reference that others are held against.
    """
    names = [LABELLED if all_labels and name == UNLABELLED else name for name in PARTS]
    with (
        written_whole(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("clip", "split"))
        writer.writerows(
            (name, names[number])
            for name, number in zip(table.name, part, strict=True)
            if number >= 0
        )
