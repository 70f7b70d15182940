"""From a store and a configuration to the clip sets that training and evaluation use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.clip import num_spatial as num_spatial_of
from skelgraph.data.dataset import ClipSet
from skelgraph.data.prepare import PrepareOptions
from skelgraph.data.protocols import Split, split_clips
from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import RECIPE_VERSION, simulate
from skelgraph.data.table import ClipTable
from skelgraph.data.windows import cut_windows, parse_window
from skelgraph.errors import ProtocolError, RunError
from skelgraph.graphs import Layout, map_joints
from skelgraph.training.config import DataOptions, ProtocolOptions, RunConfig
from skelgraph.training.run import SIMULATED
from skelgraph.training.split_faults import splitting

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Parts:
    """The three parts of a store, ready for the model.

    Args:
        train: Clips to learn from.
        val: Clips to choose by.
        test: Clips to report.
        split: Rows of the store in each part.
    """

    train: ClipSet
    val: ClipSet
    test: ClipSet
    split: Split


def open_source(config: RunConfig, layout: Layout, folder: Path) -> Store:
    """Open the configured store; with none, simulate clips once into the run's folder."""
    if config.store is not None:
        return Store.open(config.store)
    path = folder / SIMULATED
    if path.is_dir():
        return Store.open(path)
    clips, names = simulate(layout, **config.simulated)
    provenance = {"simulated": True, "recipe_version": RECIPE_VERSION, **config.simulated}
    return write_store(path, clips, class_names=names, provenance=provenance)


def split_store(store: Store, options: ProtocolOptions) -> Split:
    """Split a store as configured.

    Raises:
        ProtocolError: If the labelled clips are of one class, or as `split_clips` says.
    """
    _check_classes(store)
    with splitting(store):
        return split_table(store.clips, options)


def split_table(table: ClipTable, options: ProtocolOptions) -> Split:
    """Split a table of clips as configured.

    Raises:
        ProtocolError: As `split_clips` says.
    """
    return split_clips(
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


def _check_classes(store: Store) -> None:
    """Refuse clips of one class, which any answer would label right."""
    labels = np.unique(store.clips.label)
    if (labels >= 0).sum() == 1:
        raise ProtocolError(
            f"{store.path}: expected clips of at least 2 classes, got those of "
            f"{store.clips.class_of(labels[-1])} alone. Merge it with a store of other classes: "
            "`skelgraph merge`."
        )


def clip_set(
    store: Store, rows: np.ndarray, *, layout: Layout, data: DataOptions, testing: bool
) -> ClipSet:
    """Cut and prepare some clips of a store.

    Args:
        store: Where they lie.
        rows: Which clips.
        layout: Skeleton of the model; its joints are taken from the store's by name.
        data: Windows, gaps and slots.
        testing: Use the windows meant for validation and test.
    """
    length, overlap = data.window, data.overlap
    if testing:
        length = data.test_window or length
        overlap = overlap if data.test_overlap is None else data.test_overlap
    spec = parse_window(length, overlap=overlap, fps=store.fps)
    table = store.clips
    windows = cut_windows(table.start, table.frames, rows, spec)
    joints = map_joints(store.layout, layout, slot=data.slot)
    options = PrepareOptions(max_gap=data.max_gap)
    return ClipSet(store, windows, layout=layout, joint_map=joints, options=options)


def cut_parts(store: Store, split: Split, *, layout: Layout, data: DataOptions) -> Parts:
    """Build the three clip sets of a split."""
    train, val, test = (
        clip_set(store, rows, layout=layout, data=data, testing=name != "train")
        for name, rows in zip(PARTS, (split.train, split.val, split.test), strict=True)
    )
    return Parts(train=train, val=val, test=test, split=split)


def check_coordinates(store: Store, expected: int, *, num_spatial: int, what: str) -> None:
    """Refuse a store whose coordinates a trained model cannot take.

    Args:
        store: Recordings.
        expected: Coordinates a joint.
        num_spatial: How many of them are places.
        what: What expects them, for the message.

    Raises:
        RunError: If it has another number of coordinates a joint, or its third is a
            confidence where a place is expected, or the other way round.
    """
    found, places = int(store.keypoints.shape[-1]), num_spatial_of(store.axes)
    if found == expected and places != num_spatial:
        third = {2: "a confidence", 3: "a place"}
        raise RunError(
            f"{store.path}: expected {third[num_spatial]} as third coordinate for {what}, got "
            f"{third[places]}. Give recordings of the kind that the run was trained on, or train "
            "another."
        )
    if found != expected:
        raise RunError(
            f"{store.path}: expected {expected} coordinates a joint for {what}, got {found}. "
            "Give recordings of the kind that the run was trained on, or train another."
        )
