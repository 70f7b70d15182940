"""Which clips have their labels given, which count as unlabelled, and which test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.grouping import group_clips
from skelgraph.data.protocol_names import COLUMN_OF
from skelgraph.data.protocols import Split
from skelgraph.data.split_files import read_split_files
from skelgraph.data.store import Store
from skelgraph.data.table import ClipTable
from skelgraph.errors import ConfigError, ProtocolError, list_faults
from skelgraph.training.clips import split_store
from skelgraph.training.config import FewOptions, ProtocolOptions
from skelgraph.training.semi.budget import budget_file, draw_labelled, read_budget
from skelgraph.training.split_faults import splitting

FILE_PARTS = ("train", "val", "test", "unlabelled")


@dataclass(frozen=True, eq=False)
class FewSplit:
    """Rows of a store's index by what training may know of them, int64, sorted, disjoint.

    Args:
        labelled: Clips whose label is given.
        unlabelled: Clips that training sees without a label.
        val: Clips that validate beside the budget; none unless `full_validation`.
        test: Clips that test.
        given: Given label of every clip of the store, -1 where none is, int64 (clips,).
        details: Counts for the report: labels a class, clips left out and why.
    """

    labelled: np.ndarray
    unlabelled: np.ndarray
    val: np.ndarray
    test: np.ndarray
    given: np.ndarray
    details: dict[str, Any] = field(default_factory=dict)


def split_few(store: Store, protocol: ProtocolOptions, few: FewOptions) -> FewSplit:
    """Split a store into labelled, unlabelled and test clips.

    The protocol says which people test; labels are given to some clips of the others, balanced
    over the classes and spread over the people. All other clips of these people count as
    unlabelled, those without a label in the store among them. A split file may have a part
    `unlabelled`: then labels are drawn from its other training clips only, and those that were
    not drawn are left out.

    Raises:
        ProtocolError: If the protocol does not fit the store.
        ConfigError: If the budget cannot be read, or gives a class no label.
    """
    table = store.clips
    pool, val, test, hidden = _parts(store, protocol, full=few.full_validation)
    candidates = pool[table.label[pool] >= 0]
    size = len(pool) + len(hidden)
    given = np.full(len(table), -1, dtype=np.int64)
    path = budget_file(few.label_budget)
    if path is not None:
        labels = read_budget(path, store, allowed=np.concatenate([pool, hidden]))
        labelled = np.array(sorted(labels), dtype=np.int64)
        given[labelled] = [labels[int(row)] for row in labelled]
    else:
        labelled = draw_labelled(
            table, candidates, budget=few.label_budget, size=size, seed=few.draw_seed
        )
        given[labelled] = table.label[labelled]
    _demand_each_class(store, given, path)
    unlabelled = hidden if len(hidden) else np.setdiff1d(pool, labelled)
    unlabelled = np.setdiff1d(unlabelled, labelled)
    used = len(labelled) + len(unlabelled) + len(val) + len(test)
    counts = np.bincount(given[labelled], minlength=len(store.class_names))
    details = {
        "label_budget": few.label_budget,
        "labels_by_class": {
            name: int(count) for name, count in zip(store.class_names, counts, strict=True)
        },
        "share": len(labelled) / max(1, len(labelled) + len(unlabelled)),
        "left_out": len(table) - used,
    }
    return FewSplit(labelled, unlabelled, val, test, given, details)


def _parts(
    store: Store, options: ProtocolOptions, *, full: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows that may be labelled, that validate, that test, and that are unlabelled by name."""
    table = store.clips
    none = np.zeros(0, dtype=np.int64)
    if options.protocol == "files" and options.files is not None:
        with splitting(store):
            part = read_split_files(Path(options.files), table.name, parts=FILE_PARTS)
        if (part == FILE_PARTS.index("unlabelled")).any():
            scored = ("test", "val") if full else ("test",)
            with splitting(store):
                _check_file_groups(table, part, scored)
            train, val, test, hidden = (np.flatnonzero(part == i) for i in range(4))
            pool = train if full else np.union1d(train, val)
            val = val if full else none
            # As in every protocol, what cannot be scored is left out.
            val, test = (rows[table.label[rows] >= 0] for rows in (val, test))
            return pool, val, test, hidden
    split = _split_labelled(store, options)
    taken = np.concatenate([split.train, split.val, split.test])
    kept_apart = np.concatenate([split.test, split.val]) if full else split.test
    others = _free_unlabelled(table, kept_apart, taken, options.protocol)
    pool = np.union1d(split.train if full else np.union1d(split.train, split.val), others)
    return pool, (split.val if full else none), split.test, none


def _split_labelled(store: Store, options: ProtocolOptions) -> Split:
    """Split by a protocol, which goes by the store's labels."""
    try:
        return split_store(store, options)
    except ProtocolError as error:
        if (store.clips.label >= 0).all():
            raise
        raise ProtocolError(
            f"{error}\nProtocols go by the labels in the store, and not all clips have one. A "
            "split file can say who trains and who tests: --protocol files --files FILE.csv, with "
            "a part `unlabelled`."
        ) from error


def _free_unlabelled(
    table: ClipTable, apart: np.ndarray, taken: np.ndarray, protocol: str
) -> np.ndarray:
    """Clips without a label whose people, recordings, cameras or setups are not kept apart."""
    candidates = np.setdiff1d(np.flatnonzero(table.label < 0), taken)
    groups, _ = group_clips(table)
    free = ~np.isin(groups[candidates], groups[apart])
    column = COLUMN_OF.get(protocol)
    if column in ("camera", "setup"):
        values = getattr(table, column)
        free = ~np.isin(values[candidates], values[apart])
    return candidates[free]


def _check_file_groups(table: ClipTable, part: np.ndarray, scored: Sequence[str]) -> None:
    """Refuse scored parts without a clip, or with people and recordings of another part."""
    groups, grouped_by = group_clips(table)
    faults = []
    for name in scored:
        own = part == FILE_PARTS.index(name)
        shared = np.intersect1d(groups[own], groups[(part >= 0) & ~own])
        faults += [
            f"{grouped_by} of clip '{table.name[np.flatnonzero(groups == group)[0]]}': expected "
            f"in {name} or in the other parts, got in both. Move its clips to one."
            for group in shared[:10]
        ]
        if not (own & (table.label >= 0)).any():
            faults.append(f"expected clips with a label in {name}, got none. Name some.")
    if faults:
        raise ProtocolError(list_faults([f"protocol files: {fault}" for fault in faults]))


def _demand_each_class(store: Store, given: np.ndarray, file: Path | None) -> None:
    """Refuse a class of the store without a label; a draw gives each that it can one at least."""
    counts = np.bincount(given[given >= 0], minlength=len(store.class_names))
    lacking = [store.class_names[i] for i in np.flatnonzero(counts == 0)]
    if not lacking:
        return
    names = ", ".join(lacking[:10]) + (f" and {len(lacking) - 10} more" * (len(lacking) > 10))
    if file is not None:
        raise ConfigError(
            f"{file}: expected a label for each class of the store, got none for {names}. Name "
            "clips of these classes in it, or take the classes out with `skelgraph select`."
        )
    raise ConfigError(
        "label_budget: expected clips with a label of each class among the people who do not test, "
        f"got none of {names}. Choose who tests with --protocol and its options, give labels in a "
        "file, --label-budget FILE.csv, or take the classes out with `skelgraph select`."
    )
