"""Which clips have their labels given, which count as unlabelled, and which test."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.grouping import balanced_parts, group_clips
from skelgraph.data.protocol_names import COLUMN_OF
from skelgraph.data.split_files import read_split_files
from skelgraph.data.store import Store
from skelgraph.data.table import ClipTable
from skelgraph.errors import ConfigError, ProtocolError, list_faults
from skelgraph.training.clips import split_store
from skelgraph.training.config import FewOptions, ProtocolOptions

ALL = "all"
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
    path = _as_file(few.label_budget)
    if path is not None:
        labels = _read_budget(path, store, allowed=np.concatenate([pool, hidden]))
        labelled = np.array(sorted(labels), dtype=np.int64)
        given[labelled] = [labels[int(row)] for row in labelled]
    else:
        labelled = _draw(table, candidates, budget=few.label_budget, size=size, seed=few.draw_seed)
        given[labelled] = table.label[labelled]
    _demand_each_class(store, given)
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


def _parts(
    store: Store, options: ProtocolOptions, *, full: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows that may be labelled, that validate, that test, and that are unlabelled by name."""
    table = store.clips
    none = np.zeros(0, dtype=np.int64)
    if options.protocol == "files" and options.files is not None:
        part = read_split_files(Path(options.files), table.name, parts=FILE_PARTS)
        if (part == FILE_PARTS.index("unlabelled")).any():
            _check_file_groups(table, part)
            train, val, test, hidden = (np.flatnonzero(part == i) for i in range(4))
            pool = train if full else np.union1d(train, val)
            return pool, (val if full else none), test, hidden
    split = split_store(store, options)
    taken = np.concatenate([split.train, split.val, split.test])
    kept_apart = np.concatenate([split.test, split.val]) if full else split.test
    others = _free_unlabelled(table, kept_apart, taken, options.protocol)
    pool = np.union1d(split.train if full else np.union1d(split.train, split.val), others)
    return pool, (split.val if full else none), split.test, none


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


def _check_file_groups(table: ClipTable, part: np.ndarray) -> None:
    """Refuse people and recordings that stand in a test part and in another."""
    groups, grouped_by = group_clips(table)
    test = FILE_PARTS.index("test")
    shared = np.intersect1d(groups[part == test], groups[(part >= 0) & (part != test)])
    faults = [
        f"{grouped_by} of clip '{table.name[np.flatnonzero(groups == group)[0]]}': expected in "
        "test or in the other parts, got in both. Move its clips to one."
        for group in shared[:10]
    ]
    if not (part == test).any():
        faults.append("expected clips in test, got none. Name some.")
    if faults:
        raise ProtocolError(list_faults([f"protocol files: {fault}" for fault in faults]))


def _as_file(budget: str) -> Path | None:
    if budget == ALL or _as_number(budget) is not None:
        return None
    return Path(budget)


def _as_number(budget: str) -> float | None:
    try:
        return float(budget)
    except ValueError:
        return None


def _draw(
    table: ClipTable, candidates: np.ndarray, *, budget: str, size: int, seed: int
) -> np.ndarray:
    """Draw clips, as many of each class as can be, each class spread over the people."""
    if budget == ALL:
        return candidates
    number = _as_number(budget)
    assert number is not None
    if number <= 0 or ("." in budget and number > 1) or ("." not in budget and number % 1):
        raise ConfigError(
            f"label_budget: expected a share in (0, 1] with a point, as 0.1, or a number a class, "
            f"as 5, got {budget}. Write 10 % as 0.1."
        )
    label = table.label[candidates]
    classes, counts = np.unique(label, return_counts=True)
    if "." in budget:
        wanted = _even_shares(counts, max(len(classes), round(number * size)), seed=seed)
    else:
        wanted = np.minimum(counts, int(number))
    draw = np.random.default_rng([seed, 1])
    chosen = [
        _spread(candidates[label == name], table.subject, int(count), draw)
        for name, count in zip(classes, wanted, strict=True)
    ]
    return np.sort(np.concatenate(chosen)) if chosen else candidates[:0]


def _even_shares(counts: np.ndarray, total: int, *, seed: int) -> np.ndarray:
    """Deal a total to classes one by one until they are full; who is first is drawn."""
    order = np.random.default_rng([seed, 0]).permutation(len(counts))
    wanted = np.zeros_like(counts)
    while wanted.sum() < min(total, counts.sum()):
        for place in order:
            if wanted[place] < counts[place] and wanted.sum() < total:
                wanted[place] += 1
    return wanted


def _spread(
    rows: np.ndarray, subject: np.ndarray, count: int, draw: np.random.Generator
) -> np.ndarray:
    """Draw clips in turns from the people, who come in a random order."""
    shuffled = draw.permutation(rows)
    people = draw.permutation(np.unique(subject[shuffled]))
    turn = np.zeros(len(shuffled), dtype=np.int64)
    for person in people:
        own = subject[shuffled] == person
        turn[own] = np.arange(own.sum())
    rank = np.argsort(people, kind="stable")
    place = rank[np.searchsorted(np.sort(people), subject[shuffled])]
    return shuffled[np.lexsort((place, turn))][:count]


def _read_budget(path: Path, store: Store, *, allowed: np.ndarray) -> dict[int, int]:
    """Read the CSV of labelled clips: row of the store -> class."""
    rows = _csv_rows(path)
    table, classes = store.clips, list(store.class_names)
    row_of = {str(name): row for row, name in enumerate(table.name)}
    free, labels = set(allowed.tolist()), dict[int, int]()
    faults = []
    for number, entry in enumerate(rows, start=2):
        where = f"{path.name}, row {number}"
        clip, named = (entry.get("clip") or "").strip(), (entry.get("label") or "").strip()
        row = row_of.get(clip)
        own = -1 if row is None else int(table.label[row])
        if row is None:
            faults.append(f"{where}: expected a clip of the store, got '{clip}'. Correct it.")
        elif row not in free:
            faults.append(
                f"{where}: expected a clip that does not test, got '{clip}'. Leave it out."
            )
        elif named and named not in classes:
            faults.append(
                f"{where}: expected one of {', '.join(classes)}, got '{named}'. Correct the label."
            )
        elif named and own >= 0 and classes[own] != named:
            faults.append(
                f"{where}: expected the store's label '{classes[own]}', got '{named}'. Correct one."
            )
        elif not named and own < 0:
            faults.append(f"{where}: expected a label, got none, and the store has none. Add it.")
        else:
            labels[row] = classes.index(named) if named else own
    if faults:
        raise ConfigError(list_faults(faults))
    return labels


def _csv_rows(path: Path) -> list[dict[str, str | None]]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"label_budget: expected a share (0.1), a number a class (5), 'all' or a readable CSV "
            f"file, got '{path}'. Correct it."
        ) from error
    if not rows or "clip" not in rows[0]:
        raise ConfigError(
            f"{path}: expected a column clip, and label where the store has none, got others. "
            "Write a clip name a row."
        )
    return rows


def _demand_each_class(store: Store, given: np.ndarray) -> None:
    """Refuse a budget that leaves a class of the store without a label."""
    counts = np.bincount(given[given >= 0], minlength=len(store.class_names))
    lacking = [store.class_names[i] for i in np.flatnonzero(counts == 0)]
    if lacking:
        raise ConfigError(
            f"label_budget: expected a label for each class, got none for "
            f"{', '.join(lacking[:10])}. Give a larger budget, or take those classes out with "
            "`skelgraph select`."
        )
