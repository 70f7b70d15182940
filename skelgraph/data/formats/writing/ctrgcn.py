"""The .npz sets that CTR-GCN and its followers train on: x_train, y_train, x_test, y_test.

x is float32 (N, T, M * V * 3), padded with zeros to the longest clip; the columns are body by
body, joint by joint: x, y, z in metres in the house frame, or in 2-D x, y and score in pixels.
y is one-hot (N, K), uint8. The parts are those of the index's column `split`; without one, all
clips are in `train`. M is the layout's number of bodies (2 x 25 x 3 = 150 for Kinect v2).
Positions are not moved: the sets that CTR-GCN's authors made start at the first body's
spine_mid. Written a clip at a time, without compression, as those sets are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from skelgraph.data.clip import Clip
from skelgraph.data.formats.arrays.ctrgcn_npz import CHANNELS, NTU_CLASSES, NTU_COLUMNS
from skelgraph.data.formats.arrays.point_sets import NTU_FPS
from skelgraph.data.formats.arrays.published_parts import PARTS
from skelgraph.data.formats.ntu.ntu_names import class_names
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import (
    Content,
    count_content,
    filled,
    places_and_score,
)
from skelgraph.data.formats.writing.picture import (
    METRIC,
    in_space_or_pixels,
    picture_faults,
    picture_losses,
    space_losses,
)
from skelgraph.data.formats.writing.told import (
    Losses,
    Told,
    body_losses,
    fact_losses,
    layout_loss,
    missing_losses,
    score_losses,
)
from skelgraph.data.store import Store

ENDINGS = (".npz",)
SPLIT = "split"


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written."""
    found = [] if store.units in METRIC else picture_faults(store, "sets of CTR-GCN in 2-D")
    coordinates = 3 if store.units in METRIC else 2
    spatial = 2 if store.axes[2:] == ("confidence",) else len(store.axes)
    if not found and spatial != coordinates:
        found.append(
            f"expected x, y, z in metres or x, y in the picture, got {', '.join(store.axes)} in "
            f"{store.units}: nobody could tell z from a score in the file. Write it as "
            "mmaction_pickle or pyg."
        )
    if not (store.clips.label >= 0).any():
        found.append("expected labelled clips, got none. Give --labels FILE.csv.")
    parts = set(store.clips.extra.get(SPLIT, np.array(["train"])).tolist())
    if not parts <= set(PARTS):
        found.append(
            f"expected train, val or test in the column 'split' of every clip, got "
            f"{', '.join(repr(part) for part in sorted(parts - set(PARTS))[:3])}. Correct it in "
            "index.csv, or choose clips with `skelgraph select`."
        )
    return found


def losses(store: Store) -> Losses:
    """List what the file does not hold."""
    content = count_content(store)
    ntu = _is_ntu(store)
    count = len(store.class_names)
    parts = set(store.clips.extra.get(SPLIT, np.array(["train"])).tolist())
    told = Told(
        labels=True,
        class_names=class_names(count - 1) if ntu else tuple(map(str, range(count))),
        extra=() if "val" in parts and "test" not in parts else (SPLIT,),
        fps=NTU_FPS if ntu else None,
    )
    return {
        **fact_losses(store, told),
        **_clip_losses(store),
        **_place_losses(store, content),
        **body_losses(store, content, followed=False),
        **_length_losses(store, content),
    }


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as one archive of arrays."""
    rows = {part: rows for part in PARTS if len(rows := _rows(store, part))}
    total = sum(map(len, rows.values()))
    clips = (store.clip(row) for part in rows.values() for row in part.tolist())
    tracked = iter(clips if track is None else track(clips, total))
    length = int(max(store.clips.frames[part].max() for part in rows.values()))
    shape = (length, _num_bodies(store) * store.layout.num_joints * CHANNELS)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for part, own in rows.items():
            arrays = (_row(clip, store, shape) for clip in _take(tracked, len(own)))
            _write_array(archive, f"x_{part}", (len(own), *shape), "<f4", arrays)
            hot = store.clips.label[own][:, None] == np.arange(len(store.class_names))
            _write_array(archive, f"y_{part}", hot.shape, "|u1", [hot.astype(np.uint8)])
    next(tracked, None)  # lets the progress know that it is done


def _rows(store: Store, part: str) -> np.ndarray:
    parts = store.clips.extra.get(SPLIT, np.full(store.num_clips, "train"))
    return np.flatnonzero((parts == part) & (store.clips.label >= 0))


def _take(clips: Iterator[Clip], count: int) -> Iterator[Clip]:
    for _ in range(count):
        yield next(clips)


def _row(clip: Clip, store: Store, shape: tuple[int, int]) -> np.ndarray:
    points, score = places_and_score(clip)
    positions, sure = filled(in_space_or_pixels(points, store), score)
    if positions.shape[-1] == 2:
        positions = np.concatenate([positions, sure[..., None]], axis=-1)
    row = np.zeros((shape[0], _num_bodies(store), *positions.shape[2:]), dtype=np.float32)
    row[: len(positions), : positions.shape[1]] = positions
    return row.reshape(shape)


def _write_array(
    archive: zipfile.ZipFile,
    key: str,
    shape: tuple[int, ...],
    code: str,
    parts: Iterable[np.ndarray],
) -> None:
    """Write an array part after part."""
    header: dict[str, Any] = {"descr": code, "fortran_order": False, "shape": shape}
    with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
        npy.write_array_header_1_0(file, header)
        for values in parts:
            file.write(np.ascontiguousarray(values, dtype=code).data)


def _num_bodies(store: Store) -> int:
    return max(store.num_bodies, store.layout.max_bodies)


def _is_ntu(store: Store) -> bool:
    return _is_kinect(store) and len(store.class_names) in NTU_CLASSES


def _is_kinect(store: Store) -> bool:
    """Tell whether a reader takes the columns for Kinect v2's without being told."""
    columns = _num_bodies(store) * store.layout.num_joints * CHANNELS
    known = store.layout.name == "kinect_v2" and store.units in METRIC
    return known and columns == NTU_COLUMNS


def _clip_losses(store: Store) -> Losses:
    bare = int((store.clips.label < 0).sum())
    return {"clips": f"{bare:,} clips without a label are left out"} if bare else {}


def _place_losses(store: Store, content: Content) -> Losses:
    found: Losses = {}
    if store.units not in METRIC:
        found |= picture_losses(store, coordinates=2) | layout_loss(store, units="pixel")
        if store.axes[2:] != ("confidence",) or store.confidence is not None:
            found |= score_losses(store, content)
        return found | missing_losses(content, zero_score=True)
    found |= space_losses(store)
    if not _is_kinect(store):
        found |= layout_loss(store, units="metre")
    return found | missing_losses(content, centred=True)


def _length_losses(store: Store, content: Content) -> Losses:
    short = int((content.lengths < store.clips.frames).sum())
    if not short:
        return {}
    return {"frames": f"frames without anybody at the end of {short:,} clips"}
