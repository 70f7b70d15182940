"""What every split owes: no empty part, classes to learn from, nobody in two parts."""

from __future__ import annotations

import numpy as np

from skelgraph.data.table import ClipTable

PARTS = ("train", "val", "test")


def split_faults(table: ClipTable, part: np.ndarray, protocol: str) -> list[str]:
    """List why a split cannot be used; an empty list means that it can.

    Args:
        table: The labelled clips.
        part: Number of the part of each clip, -1 where it is in none, (N,).
        protocol: The protocol that chose them.
    """
    used = part >= 0
    faults = [
        f"expected clips in {name}, got none. There are too few groups; change the folds, the "
        "ids or val_fraction."
        for i, name in enumerate(PARTS)
        if not (part == i).any()
    ]
    labels = np.unique(table.label[used])
    counts = np.array([(table.label[used] == label).sum() for label in labels])
    faults += [
        f"class {table.class_of(label)}: expected at least 2 clips, got 1. Add clips or leave "
        "the class out."
        for label in labels[counts == 1]
    ]
    untrained = np.setdiff1d(labels[counts > 1], table.label[part == 0])
    faults += [
        f"class {table.class_of(label)}: expected clips in train, got none. Choose other folds "
        "or ids."
        for label in untrained
    ]
    faults += _shared(table.recording, part, "recording")
    if protocol in ("xsub", "loso", "random", "files"):
        subject = np.where(table.subject < 0, -1 - np.arange(len(part)), table.subject)
        faults += _shared(subject, part, "subject")
    return faults


def _shared(values: np.ndarray, part: np.ndarray, what: str) -> list[str]:
    keys, index = np.unique(values, return_inverse=True)
    present = np.zeros((len(keys), 3), dtype=bool)
    present[index[part >= 0], part[part >= 0]] = True
    twice = np.flatnonzero(present.sum(axis=1) > 1)
    return [
        f"{what} {keys[i]}: expected in one part, got in "
        f"{' and '.join(name for name, there in zip(PARTS, present[i], strict=True) if there)}. "
        "Move its clips to one part."
        for i in twice
    ]
