"""Which clips training without labels sees: those of the people whom the protocol does not test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from skelgraph.data.grouping import balanced_parts, group_clips
from skelgraph.data.protocol_names import COLUMN_OF
from skelgraph.data.split_checks import PARTS
from skelgraph.data.split_files import read_split_files
from skelgraph.data.store import Store
from skelgraph.data.table import ClipTable
from skelgraph.errors import ProtocolError, list_faults
from skelgraph.training.clips import split_table
from skelgraph.training.config import ProtocolOptions
from skelgraph.training.split_faults import splitting

FILE_PARTS = (*PARTS, "unlabelled")
TRAIN, VAL, TEST = range(3)


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
    Clips without a label go with their person, recording, camera or setup. A split file may name
    them, also as `unlabelled`.

    Args:
        store: Where they lie.
        options: The protocol.
        all_clips: Learn from everybody but the share that validates.

    Raises:
        ProtocolError: If the protocol does not fit the store, or nobody is left.
    """
    with splitting(store):
        part = _parts(store.clips, options, all_clips=all_clips)
    train, val = (np.flatnonzero(part == number) for number in (TRAIN, VAL))
    return SeenSplit(train, val, np.flatnonzero((part != TRAIN) & (part != VAL)))


def _parts(table: ClipTable, options: ProtocolOptions, *, all_clips: bool) -> np.ndarray:
    """Number of the part of each clip; anything else where it is in none."""
    if all_clips:
        part = np.full(len(table), TRAIN)
        _take_val(part, table, options)
    elif options.protocol == "files" and options.files is not None:
        part = _from_files(table, options)
    else:
        part = _by_protocol(table, options)
    if not (part == TRAIN).any():
        raise ProtocolError("clips: expected some to learn from, got none. Choose other parts.")
    return part


def _take_val(part: np.ndarray, table: ClipTable, options: ProtocolOptions) -> None:
    """Turn about a share of what is learned from into validation, whole groups at a time."""
    rows = np.flatnonzero(part == TRAIN)
    groups = group_clips(table)[0][rows]
    count = len(np.unique(groups))
    if options.val_fraction == 0 or count < 2:
        return
    pieces = min(max(2, round(1 / options.val_fraction)), count)
    alike = np.zeros(len(rows), dtype=np.int64)
    piece = balanced_parts(groups, alike, count=pieces, seed=options.split_seed + 1)
    part[rows[piece == 0]] = VAL


def _from_files(table: ClipTable, options: ProtocolOptions) -> np.ndarray:
    part = read_split_files(Path(str(options.files)), table.name, parts=FILE_PARTS)
    part[part == FILE_PARTS.index("unlabelled")] = TRAIN
    groups, grouped_by = group_clips(table)
    shared = [
        group
        for group in np.unique(groups[part >= 0])
        if len(np.unique(part[(groups == group) & (part >= 0)])) > 1
    ]
    if shared:
        clips = [str(table.name[np.flatnonzero(groups == group)[0]]) for group in shared]
        raise ProtocolError(
            list_faults(
                [
                    f"protocol files, {grouped_by} of clip '{clip}': expected in one part, got in "
                    "several. Move its clips to one."
                    for clip in clips
                ]
            )
        )
    if not (part == VAL).any():
        _take_val(part, table, options)
    return part


def _by_protocol(table: ClipTable, options: ProtocolOptions) -> np.ndarray:
    """Number of the part of each clip, -1 for none."""
    given = table.label >= 0
    if not given.any():
        table, given = replace(table, label=np.zeros_like(table.label)), ~given
    split = split_table(table, options)
    part = np.full(len(table), -1)
    for number, name in enumerate(PARTS):
        part[split.part(name)] = number
    _place_unlabelled(part, table, ~given, options.protocol)
    return part


def _place_unlabelled(
    part: np.ndarray, table: ClipTable, unlabelled: np.ndarray, protocol: str
) -> None:
    """Put clips without a label where their group is; a new group is learned from."""
    groups, _ = group_clips(table)
    column = COLUMN_OF.get(protocol)
    by_angle = column in ("camera", "setup")
    tested_by = getattr(table, str(column)) if by_angle else groups
    validated, tested = (
        np.unique(values[(part == number) & ~unlabelled])
        for values, number in ((groups, VAL), (tested_by, TEST))
    )
    part[unlabelled] = TRAIN
    part[unlabelled & np.isin(groups, validated)] = VAL
    part[unlabelled & np.isin(tested_by, tested)] = TEST
