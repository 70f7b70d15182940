"""Annotation pickles of MMAction2 and PySKL, readable with any numpy and by `mmaction_pickle`.

A dictionary of `split` (from columns split and split_PROTOCOL of the index) and `annotations`,
each with frame_dir, total_frames, label (left out where unlabelled), keypoint (M, T, V, C) and, for
joints in the picture, keypoint_score (M, T, V), img_shape and original_shape. Joints in the
picture are in pixels, others in metres in the house frame, missing ones zeros with score 0. A
clip has the slots up to its last body. Written a clip at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.arrays.point_sets import NTU_FPS
from skelgraph.data.formats.arrays.published_parts import PARTS, part_columns
from skelgraph.data.formats.ntu.ntu_names import class_names, parse_name
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import (
    Content,
    all_clips,
    count_content,
    filled,
    places_and_score,
    used_slots,
)
from skelgraph.data.formats.writing.picture import (
    METRIC,
    in_space_or_pixels,
    picture_faults,
    picture_losses,
    space_losses,
)
from skelgraph.data.formats.writing.plain_pickle import Plain, write_pickle
from skelgraph.data.formats.writing.told import (
    Losses,
    Told,
    body_losses,
    fact_losses,
    layout_loss,
    missing_losses,
    ntu_numbers,
    score_losses,
)
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store

ENDINGS = (".pkl", ".pickle", ".pk")


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written."""
    if store.units not in METRIC:
        return picture_faults(store, "annotations in 2-D")
    if len(store.axes) != 3:
        return [f"expected x, y and z of joints in {store.units}, got {len(store.axes)}. Use csv."]
    return []


def losses(store: Store) -> Losses:
    """List what the file does not hold."""
    content = count_content(store)
    names = tuple(store.clips.name.tolist())
    ntu = _is_ntu(store)
    told = Told(
        names=names,
        labels=True,
        class_names=_class_names(store, ntu),
        numbers=ntu_numbers(names),
        extra=tuple(_told_columns(store)),
        fps=NTU_FPS if ntu else None,
        picture=(store.width, store.height) if _has_picture(store) else (None, None),
    )
    return {
        **fact_losses(store, told),
        **_place_losses(store, content, ntu),
        **body_losses(store, content, followed=False),
    }


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as one pickle."""
    with target.open("wb") as file:
        write_pickle(
            file,
            _annotations(store, track),
            under="annotations",
            beside={"split": _split(store)},
        )


def _annotations(store: Store, track: Track | None) -> Iterator[Plain]:
    for clip in all_clips(store, track):
        yield _annotation(clip, store)


def _annotation(clip: Clip, store: Store) -> Plain:
    points, score = places_and_score(clip)
    points, score = in_space_or_pixels(points, store), _score_needed(points, score, store)
    slots = used_slots(points)
    positions, sure = filled(points, score)
    label = {} if clip.label is None else {"label": clip.label}
    found: dict[str, Plain] = {"frame_dir": clip.name, **label, "total_frames": clip.num_frames}
    if _has_picture(store):
        assert store.width and store.height
        found["img_shape"] = found["original_shape"] = (store.height, store.width)
    found["keypoint"] = np.moveaxis(positions[:, :slots], 1, 0)
    if score is not None:
        found["keypoint_score"] = np.moveaxis(sure[:, :slots], 1, 0)
    return found


def _score_needed(points: np.ndarray, score: np.ndarray | None, store: Store) -> np.ndarray | None:
    """Keep scores in the picture only; x, y, z need some there, or z is taken for one."""
    if store.units in METRIC:
        return None
    if score is None and points.shape[-1] == 3:
        return np.ones(points.shape[:-1], np.float32)
    return score


def _place_losses(store: Store, content: Content, ntu: bool) -> Losses:
    """List what becomes of layout, units, axes, scores and joints at the origin."""
    joints, coordinates = store.layout.num_joints, len(store.axes)
    metric = store.units in METRIC
    found: Losses = {}
    if metric:
        found |= space_losses(store)
        if not (store.layout.name == "kinect_v2" and joints == 25 and ntu):
            found |= layout_loss(store, units="metre")
    else:
        found |= picture_losses(store, coordinates=3)
        flat = coordinates == 2 or store.axes[2] == "confidence"
        if not (flat and store.layout.name == "coco17"):
            found |= layout_loss(store, units=None if flat else "pixel")
    flat_score = store.axes[2:] == ("confidence",)
    scored = not metric and (store.confidence is not None or coordinates == 3)
    if scored and (store.confidence is not None or not flat_score):
        found |= score_losses(store, content)
    return found | missing_losses(content, zero_score=scored)


def _has_picture(store: Store) -> bool:
    return store.units not in METRIC and bool(store.width and store.height)


def _is_ntu(store: Store) -> bool:
    found = [parse_name(name) for name in store.clips.name.tolist()]
    return all(
        name is not None and label in (-1, name.label)
        for name, label in zip(found, store.clips.label.tolist(), strict=True)
    )


def _class_names(store: Store, ntu: bool) -> tuple[str, ...]:
    """Give the class names that a reader makes up of labels."""
    highest = int(store.clips.label.max(initial=-1))
    if ntu and highest >= 0:
        return class_names(highest)
    return tuple(str(label) for label in range(highest + 1))


def _split(store: Store) -> dict[str, list[str]]:
    """Write columns of parts as MMAction2 does: part -> names."""
    split: dict[str, list[str]] = {}
    names = store.clips.name
    for column, values in store.clips.extra.items():
        protocol = column.removeprefix("split").removeprefix("_")
        if not column.startswith("split") or not set(values.tolist()) <= {*PARTS, ""}:
            continue
        for part in PARTS:
            members: list[str] = names[values == part].tolist()
            if members:
                split[f"{protocol}_{part}" if protocol else part] = members
    return split


def _told_columns(store: Store) -> list[str]:
    """Name the columns that come back as they are."""
    columns = part_columns(_split(store), ConversionReport(source="", format="mmaction_pickle"))
    names = store.clips.name.tolist()
    return [
        column
        for column, members in columns.items()
        if column in store.clips.extra
        and [members.get(name, "") for name in names] == store.clips.extra[column].tolist()
    ]
