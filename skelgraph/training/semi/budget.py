"""The clips whose labels are given: drawn from a store, or named in a file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from skelgraph.data.store import Store
from skelgraph.data.table import ClipTable
from skelgraph.errors import ConfigError, list_faults, unknown_name

ALL = "all"


def budget_file(budget: str) -> Path | None:
    """The file that a budget names; None for a number and for `all`."""
    if budget == ALL or _as_number(budget) is not None:
        return None
    return Path(budget)


def _as_number(budget: str) -> float | None:
    try:
        return float(budget)
    except ValueError:
        return None


def draw_labelled(
    table: ClipTable, candidates: np.ndarray, *, budget: str, size: int, seed: int
) -> np.ndarray:
    """Draw clips, as many of each class as can be, each class spread over the people.

    Args:
        table: Clips of the store.
        candidates: Rows that may be drawn, all with labels.
        budget: A share of `size`, a number a class, or `all`.
        size: Clips that a share counts.
        seed: Fixes the draw.

    Raises:
        ConfigError: If the budget is no such number.
    """
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


def read_budget(path: Path, store: Store, *, allowed: np.ndarray) -> dict[int, int]:
    """Read the CSV of labelled clips: row of the store -> class.

    Args:
        path: Columns clip, and label where the store has none.
        store: Where the clips are.
        allowed: Rows that may be labelled.

    Raises:
        ConfigError: With all faults of the file.
    """
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
            faults.append(unknown_name(f"{where}, label", named, classes))
        elif named and own >= 0 and classes[own] != named:
            faults.append(
                f"{where}: expected the store's label '{classes[own]}', got '{named}'. Correct one."
            )
        elif not named and own < 0:
            faults.append(f"{where}: expected a label, got none, and the store has none. Add it.")
        elif (label := classes.index(named) if named else own) != labels.get(row, label):
            faults.append(
                f"{where}: expected one label for '{clip}', got '{classes[labels[row]]}' before "
                f"and '{classes[label]}' here. Remove one."
            )
        else:
            labels[row] = label
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
    if not rows:
        raise ConfigError(
            f"{path}: expected the clips whose labels may be used, got none. Write a line of "
            "column names, clip and label, then a clip a row."
        )
    if "clip" not in rows[0]:
        raise ConfigError(
            f"{path}: expected a column clip, and label where the store has none, got "
            f"{', '.join(str(name) for name in rows[0] if name)}. Write a clip name a row."
        )
    return rows
