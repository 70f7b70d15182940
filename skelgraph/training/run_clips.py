"""The clips that a run is asked about: its own, or others that fit it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from skelgraph.data import formats
from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import ReadOptions, stored
from skelgraph.data.store import Store
from skelgraph.errors import (
    FormatError,
    LayoutError,
    RunError,
    SkelgraphError,
    StoreError,
    unknown_name,
)
from skelgraph.graphs import JointMap, Layout, map_joints
from skelgraph.training.clips import PARTS, check_coordinates, clip_set
from skelgraph.training.run import SIMULATED, read_config, read_split
from skelgraph.training.weights import Recogniser


def own_store(run: str | Path) -> Store:
    """Open the data that a run was trained on.

    Raises:
        RunError: If it is not where it was.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise RunError(
            f"{folder}: expected a run folder, got a file. Give --data to say which clips."
        )
    path = read_config(folder).store or folder / SIMULATED
    try:
        return Store.open(path)
    except StoreError as error:
        raise RunError(
            f"{folder}: expected its data at {path}, found none that opens ({error}). Give --data."
        ) from error


def rows_of_part(run: str | Path, store: Store, part: str) -> np.ndarray:
    """Find the rows of a store that were in a part of the run's split.

    Raises:
        RunError: If the part is unknown, or the store has changed since.
    """
    if part not in PARTS:
        raise RunError(unknown_name("split", part, PARTS))
    split = read_split(Path(run))
    wanted = [name for name, where in split.items() if where == part]
    row_of = {str(name): row for row, name in enumerate(store.clips.name)}
    lost = [name for name in wanted if name not in row_of]
    if lost:
        raise RunError(
            f"{store.path}: expected the clips that the run was trained with, got a store "
            f"without {len(lost)} of them ({', '.join(lost[:3])}). Give --data."
        )
    return np.array([row_of[name] for name in wanted], dtype=np.int64)


@contextmanager
def opened(
    source: str | Path, *, format: str | None = None, options: ReadOptions | None = None
) -> Iterator[Store]:
    """Open a store, or convert a recording into a temporary one for the time of the block.

    Args:
        source: Store or recording.
        format: Format of a recording. None: found by looking.
        options: What the user knows better of a recording. None: the user cannot say.
    """
    path = Path(source)
    if stored.recognises(path):
        stored.refuse_told(path, format, options or ReadOptions())
        yield Store.open(path)
        return
    with TemporaryDirectory(prefix="skelgraph-") as folder:
        target = Path(folder) / "store"
        try:
            store = formats.convert(path, target, format=format, options=options)
        except FormatError as error:
            if options is not None or " --" not in str(error):
                raise
            raise FormatError(
                f"{error}\nOptions are given on conversion: skelgraph convert {path} STORE. Then "
                "give the store."
            ) from error
        try:
            yield store
        except SkelgraphError as error:
            raise type(error)(str(error).replace(str(target), str(path))) from error


def clips_for(recogniser: Recogniser, store: Store, rows: np.ndarray) -> ClipSet:
    """Prepare clips as a recogniser needs them."""
    joints_for(recogniser, store)
    return clip_set(store, rows, layout=recogniser.layout, data=recogniser.data, testing=True)


def joints_for(recogniser: Recogniser, store: Store) -> JointMap:
    """Find where a recogniser's joints come from in a store.

    Raises:
        RunError: If the store's coordinates or joints do not fit.
    """
    check_coordinates(
        store, recogniser.num_coords, num_spatial=recogniser.num_spatial, what="this run"
    )
    try:
        return map_joints(store.layout, recogniser.layout, slot=recogniser.data.slot)
    except LayoutError as error:
        told = _unfit(recogniser.layout, store, slot=recogniser.data.slot)
        raise RunError(f"{store.path}: {told}") from error


def _unfit(wanted: Layout, store: Store, *, slot: str | None) -> str:
    """Say which joints, or which hand, recordings lack for a run, and what may be done."""
    got = store.layout
    if slot is not None and _fits(got, wanted):
        return (
            f"expected recordings of the {slot} hand for this run, got recordings of "
            f"'{got.name}', which have the other alone. Give others."
        )
    known = set(got.joints)
    lacking = [joint for joint in wanted.joints if joint not in known]
    if len(lacking) == len(wanted.joints):
        step = f"They share none: give recordings of '{wanted.name}'."
    else:
        command = f"skelgraph convert {store.path} OUT --to-layout {wanted.name}"
        step = f"If others stand for them: `{command}`."
    return (
        f"expected recordings with the joints of '{wanted.name}' for this run, got recordings of "
        f"'{got.name}', which lack {', '.join(lacking)}. {step}"
    )


def _fits(source: Layout, target: Layout) -> bool:
    try:
        map_joints(source, target)
    except LayoutError:
        return False
    return True
