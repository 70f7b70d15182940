"""Base and novel classes: which is which, and a store and a split file for either."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.selecting import DROP, Selection, select
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, list_faults, unknown_name
from skelgraph.files import written_whole
from skelgraph.training.clips import PARTS, split_store
from skelgraph.training.config import ProtocolOptions


@dataclass(frozen=True)
class Half:
    """The clips of some classes.

    Args:
        store: Path of the store that holds them alone.
        files: Split file. Its people test, validate and train as they do in the whole store, so
            that nobody who tests novel classes is seen in base classes.
        classes: The classes.
    """

    store: Path
    files: Path
    classes: tuple[str, ...]


def draw_novel(class_names: Sequence[str], *, number: int) -> tuple[str, ...]:
    """Draw half of the classes (rounded down, at least two), in the store's order."""
    draw = np.random.default_rng([number, len(class_names)])
    chosen = draw.choice(len(class_names), max(2, len(class_names) // 2), replace=False)
    return tuple(class_names[index] for index in sorted(chosen))


def check_novel(class_names: Sequence[str], novel: Sequence[str]) -> None:
    """Refuse classes that are not there, and fewer than two on either side.

    Raises:
        ConfigError: With all faults.
    """
    faults = [
        unknown_name("novel class", one, class_names) for one in novel if one not in class_names
    ]
    for side, count in (("novel", len(set(novel))), ("base", len(set(class_names) - set(novel)))):
        if not faults and count < 2:
            faults.append(f"{side} classes: expected at least 2, got {count}. Choose others.")
    if faults:
        raise ConfigError(list_faults(faults))


def make_half(
    store: Store, classes: Sequence[str], folder: Path, *, protocol: ProtocolOptions
) -> Half:
    """Select the clips of some classes once, and write which of them train, validate and test."""
    half = Half(folder / "store", folder / "split.csv", tuple(classes))
    if not half.files.exists():
        folder.mkdir(parents=True, exist_ok=True)
        chosen = Selection(classes=half.classes, unlabelled=DROP)
        select(store.path, half.store, chosen, force=half.store.exists())
        _write_split(half, store, protocol)
    return half


def _write_split(half: Half, store: Store, protocol: ProtocolOptions) -> None:
    split = split_store(store, protocol)
    kept = set(Store.open(half.store).clips.name.tolist())
    rows = [
        (name, part)
        for part in PARTS
        for name in store.clips.name[split.part(part)].tolist()
        if name in kept
    ]
    with (
        written_whole(half.files) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("clip", "split"))
        writer.writerows(rows)
