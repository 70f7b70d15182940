"""Which clips training without labels sees: those of the people whom the protocol does not test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from skelgraph.data.grouping import balanced_parts, group_clips
from skelgraph.data.protocol_names import COLUMN_OF
from skelgraph.data.protocols import split_clips
from skelgraph.data.split_checks import PARTS
from skelgraph.data.split_files import read_split_files
from skelgraph.data.store import Store
from skelgraph.data.table import ClipTable
from skelgraph.errors import ProtocolError
from skelgraph.training.config import ProtocolOptions


@dataclass(frozen=True, eq=False)
class SeenSplit:
    """Rows of a store's index, int64, sorted, disjoint.

    Args:
        train: Clips to learn from.
        val: Clips that the objective is measured on, of other people; none if the share is 0.
        kept_out: Clips that are never looked at.
    """

    train: np.ndarray
    val: np.ndarray
    kept_out: np.ndarray


def split_seen(store: Store, options: ProtocolOptions, *, all_clips: bool) -> SeenSplit:
    """Choose the clips that are seen.

    The protocol draws the line where `train` would draw it, so that whoever tests later was never
    seen. Labels have a say only in that: where a protocol deals people evenly over the classes.
    Clips without a label go with their person, recording, camera or setup.

    Args:
        store: Where they lie.
        options: The protocol.
        all_clips: Learn from everybody but the share that validates.

    Raises:
        ProtocolError: If the protocol does not fit the store, or nobody is left.
    """
    table = store.clips
    part = _without_test(table, options) if all_clips else _by_protocol(table, options)
    train, val, out = (np.flatnonzero(np.isin(part, n)) for n in ((0,), (1,), (-1, 2)))
    if len(train) == 0:
        raise ProtocolError("clips: expected some to learn from, got none. Choose other parts.")
    return SeenSplit(train, val, out)


def _without_test(table: ClipTable, options: ProtocolOptions) -> np.ndarray:
    part = np.zeros(len(table), dtype=np.int64)
    groups, _ = group_clips(table)
    count = len(np.unique(groups))
    if options.val_fraction == 0 or count < 2:
        return part
    pieces = min(max(2, round(1 / options.val_fraction)), count)
    piece = balanced_parts(groups, np.zeros_like(part), count=pieces, seed=options.split_seed + 1)
    part[piece == 0] = 1
    return part


def _by_protocol(table: ClipTable, options: ProtocolOptions) -> np.ndarray:
    """Number of the part of each clip, -1 for none."""
    part = np.full(len(table), -1, dtype=np.int64)
    given = table.label >= 0
    if not given.any():
        table, given = replace(table, label=np.zeros_like(table.label)), ~given
    split = split_clips(
        table,
        options.protocol,
        fold=options.fold,
        folds=options.folds,
        val_fraction=options.val_fraction,
        test=options.test,
        val=options.val,
        files=options.files,
        seed=options.split_seed,
    )
    for number, name in enumerate(PARTS):
        part[split.part(name)] = number
    _place_unlabelled(part, table, ~given, options)
    return part


def _place_unlabelled(
    part: np.ndarray, table: ClipTable, unlabelled: np.ndarray, options: ProtocolOptions
) -> None:
    """Put clips without a label where their group is; a new group is learned from."""
    if options.protocol == "files":
        named = read_split_files(Path(str(options.files)), table.name, parts=PARTS)
        part[unlabelled] = named[unlabelled]
        return
    groups, _ = group_clips(table)
    where = {number: np.unique(groups[(part == number) & ~unlabelled]) for number in (1, 2)}
    column = COLUMN_OF.get(options.protocol)
    by_angle = column in ("camera", "setup")
    part[unlabelled] = 0
    part[unlabelled & np.isin(groups, where[1])] = 1
    if by_angle:
        values = getattr(table, str(column))
        tested = np.unique(values[(part == 2) & ~unlabelled])
        part[unlabelled & np.isin(values, tested)] = 2
    else:
        part[unlabelled & np.isin(groups, where[2])] = 2
