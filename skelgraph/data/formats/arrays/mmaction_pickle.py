"""Annotation pickles of MMAction2 and PySKL: a whole set in one `.pkl` file.

A dictionary of `split` (part -> names) and `annotations`, or the list of annotations alone. An
annotation has `frame_dir` (its name), `label`, `total_frames`, `keypoint` (M, T, V, C) and, in
2-D, `keypoint_score` (M, T, V), `img_shape` (height, width) and `original_shape`. In 2-D,
positions are pixels of `img_shape`; in 3-D they are as their source had them.

The file is read without running anything in it, see `safe_pickle`. 17 joints in 2-D are COCO's;
25 joints in 3-D are Kinect v2's, in metres, where every name is one of NTU RGB+D; what other
arrays are must be said. The table of contents of Kinetics-400 (`frame_inds` and `box_score`, no
`keypoint`) holds no skeletons and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.arrays.mmaction_checks import annotation_faults, one_kind
from skelgraph.data.formats.arrays.point_sets import PointSet, bodies_first, make_clip, resolve
from skelgraph.data.formats.arrays.published_parts import part_columns, parts_of
from skelgraph.data.formats.ntu.ntu_names import CLASSES, NtuName, class_names, parse_name
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.raw.safe_pickle import load_pickle
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults

ENDINGS = (".pkl", ".pickle", ".pk")
LOOK = 2**24


def recognises(path: Path) -> bool:
    """Tell whether this is a pickle whose first 16 MiB speak of annotations."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(LOOK)
    except OSError:
        return False
    return b"frame_dir" in start or b"annotations" in start


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open an annotation pickle.

    Raises:
        FormatError: If it asks to run anything, is damaged, has no skeletons, or leaves open
            what its joints are.
    """
    content = load_pickle(path)
    report = ConversionReport(source=source_name(path), format="mmaction_pickle", files=1)
    annotations, split = _parts(path, content)
    faults = annotation_faults(annotations, max_bytes=10 * path.stat().st_size)
    if faults:
        raise FormatError(f"{path}: {list_faults(faults)}")
    joints, channels = one_kind(path, annotations)
    names = [parse_name(item["frame_dir"]) for item in annotations]
    ntu = all(_agrees(name, item) for name, item in zip(names, annotations, strict=True))
    kind = resolve(
        path,
        joints=joints,
        channels=channels,
        ntu=ntu,
        scored=all("keypoint_score" in item for item in annotations),
        options=options,
        report=report,
    )
    kind = _with_picture(kind, annotations, options, report)
    return Reading(
        clips=_clips(path, annotations, kind, part_columns(split, report), report),
        num_clips=len(annotations),
        class_names=_class_names(annotations, ntu),
        report=report,
    )


def _parts(path: Path, content: Any) -> tuple[list[Any], dict[str, list[str]]]:
    """Take the annotations and the split out of either form."""
    split: Any = {}
    if isinstance(content, dict) and "annotations" in content:
        split = content.get("split") or {}
        content = content["annotations"]
    if not isinstance(content, list) or not content:
        raise FormatError(
            f"{path}: expected a list of annotations, or a dictionary with one, got "
            f"{type(content).__name__}. Give the annotation file."
        )
    sound = isinstance(split, dict) and all(
        isinstance(part, str)
        and isinstance(names, (list, tuple, set))
        and all(isinstance(name, str) for name in names)
        for part, names in split.items()
    )
    if not sound:
        raise FormatError(
            f"{path}: expected split as part -> list of names, got something else. Correct it."
        )
    return content, split


def _agrees(name: NtuName | None, item: dict[str, Any]) -> bool:
    return name is not None and item.get("label", name.label) == name.label


def _class_names(annotations: list[dict[str, Any]], ntu: bool) -> tuple[str, ...]:
    highest = max((int(item.get("label", -1)) for item in annotations), default=-1)
    if ntu and 0 <= highest < len(CLASSES):
        return class_names(highest)
    return tuple(str(label) for label in range(highest + 1))


def _with_picture(
    kind: PointSet,
    annotations: list[dict[str, Any]],
    options: ReadOptions,
    report: ConversionReport,
) -> PointSet:
    """Note the pictures' size: the set's if all share it, else columns."""
    if kind.units != "pixel" or (options.width and options.height):
        return kind
    sizes = {tuple(map(int, item["img_shape"])) for item in annotations if "img_shape" in item}
    if len(sizes) == 1:
        height, width = sizes.pop()
        return kind.with_picture(width, height)
    if sizes:
        report.note(
            f"pictures of {len(sizes)} sizes: kept in the columns picture_width, picture_height"
        )
    return kind


def _clips(
    path: Path,
    annotations: list[dict[str, Any]],
    kind: PointSet,
    columns: dict[str, dict[str, str]],
    report: ConversionReport,
) -> Iterator[Clip]:
    sized = kind.units == "pixel" and kind.width is None
    for item in annotations:
        name = item["frame_dir"]
        score = item.get("keypoint_score")
        extra = parts_of(name, columns)
        if sized:
            height, width = item.get("img_shape", ("", ""))
            extra |= {"picture_width": width, "picture_height": height}
        points = to_float32(np.moveaxis(item["keypoint"], 0, 1))
        score = None if score is None else to_float32(np.moveaxis(score, 0, 1))
        points, score = bodies_first(points, score, kind, report)
        label = item.get("label", -1)
        yield make_clip(
            points,
            score,
            kind,
            report,
            name=name,
            label=None if label < 0 else int(label),
            source=f"{source_name(path)}#{name}",
            extra=extra,
        )
