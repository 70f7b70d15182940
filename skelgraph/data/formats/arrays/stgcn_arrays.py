"""The arrays that ST-GCN's codes train on: NAME_data.npy with NAME_label.pkl, alone or in folders.

The array is (N, C, T, V, M), padded with zeros: NTU RGB+D with 25 joints and x y z, or
Kinetics-skeleton with 18 joints and x, y as fractions of the picture (about its centre) and a
score. The pickle is (sample names, labels); it is read without running anything in it. The
array is mapped from disk, a clip at a time.

NAME_data_joint.npy, as 2s-AGCN writes it, is read too. Frames of zeros at the end are cut off,
bodies of zeros are absent; frames of zeros inside stay as gaps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.arrays.point_sets import (
    PointSet,
    bodies_first,
    is_label,
    make_clip,
    resolve,
    without_padding,
)
from skelgraph.data.formats.arrays.published_parts import part_columns, parts_of
from skelgraph.data.formats.arrays.stgcn_origin import Origin, find_origin
from skelgraph.data.formats.files import find_files, first_files
from skelgraph.data.formats.ntu.ntu_names import CLASSES, class_names, parse_name
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.raw.safe_pickle import load_pickle
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.data.store_files import NPY_DAMAGE
from skelgraph.errors import FormatError, list_faults

ENDINGS = ("_data.npy", "_data_joint.npy")


def recognises(path: Path) -> bool:
    """Tell whether this is such an array beside its labels, or a folder with one."""
    if path.is_file():
        return _labels_of(path) is not None
    few = [file for ending in ENDINGS for file in first_files(path, f"*{ending}")]
    return any(_labels_of(file) is not None for file in few)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open an array and its labels, or all of a folder.

    Raises:
        FormatError: If an array or its labels are damaged, do not belong together, or leave
            open what the joints are.
    """
    report = ConversionReport(source=source_name(path), format="stgcn_arrays")
    files = [file for file in find_files(path, "*.npy") if _labels_of(file) is not None]
    if not files:
        raise FormatError(
            f"{path}: expected NAME_data.npy beside NAME_label.pkl, got no such pair. Put the two "
            "into one folder."
        )
    sets = [_open(file, path) for file in files]
    report.files = 2 * len(sets)
    faults = _faults(path, sets)
    if faults:
        raise FormatError(list_faults(faults))
    _, channels, _, joints, _ = sets[0].array.shape
    names = [parse_name(name) for part in sets for name in part.names]
    labels = [label for part in sets for label in part.labels]
    ntu = all(name is not None for name in names)
    kind = resolve(
        path,
        joints=joints,
        channels=channels,
        ntu=ntu,
        known=("openpose_coco18", "image fraction") if (joints, channels) == (18, 3) else None,
        options=options,
        report=report,
    )
    agree = ntu and all(
        name is not None and name.label == label for name, label in zip(names, labels, strict=True)
    )
    highest = max(labels, default=-1)
    return Reading(
        clips=_clips(path, sets, kind, report),
        num_clips=len(labels),
        class_names=class_names(highest)
        if agree and highest < len(CLASSES)
        else tuple(map(str, range(highest + 1))),
        report=report,
    )


@dataclass(frozen=True, eq=False)
class _Set:
    """An array with its labels, and the clips' names in the store."""

    file: Path
    part: str
    array: np.ndarray
    names: list[str]
    labels: list[int]


def _labels_of(file: Path) -> Path | None:
    """Find the labels of an array; None if it is no such array or has none."""
    for ending in ENDINGS:
        if file.name.endswith(ending):
            labels = file.with_name(file.name.removesuffix(ending) + "_label.pkl")
            return labels if labels.is_file() else None
    return None


def _open(file: Path, root: Path) -> _Set:
    try:
        array = np.lib.format.open_memmap(file, mode="r")
    except (OSError, *NPY_DAMAGE) as error:
        raise FormatError(
            f"{file}: expected a whole .npy array of numbers, got '{str(error)[:200]}'. "
            "Copy or make the file again."
        ) from error
    if array.ndim != 5 or array.dtype.kind not in "fiu":
        raise FormatError(
            f"{file}: expected numbers (N, C, T, V, M), got {array.dtype} {array.shape}. "
            "Give the array of joints."
        )
    labels_file = _labels_of(file)
    assert labels_file is not None
    names, labels = _read_labels(labels_file, len(array))
    folder = file.parent.relative_to(root) if root.is_dir() else Path()
    stems = [name.removesuffix(".skeleton").removesuffix(".json") for name in names]
    part = file.name.split("_data", 1)[0]
    return _Set(file, part, array, [(folder / stem).as_posix() for stem in stems], labels)


def _read_labels(file: Path, count: int) -> tuple[list[str], list[int]]:
    content = load_pickle(file)
    if not (isinstance(content, (tuple, list)) and len(content) == 2):
        raise FormatError(
            f"{file}: expected (sample names, labels), got {type(content).__name__}. "
            "Give the labels that were made with the array."
        )
    names, labels = (list(part) if _listed(part) else [] for part in content)
    if not len(names) == len(labels) == count:
        raise FormatError(
            f"{file}: expected {count} names and labels, one a clip, got {len(names)} and "
            f"{len(labels)}. The array and the labels belong to different sets."
        )
    faults = list_faults(
        f"{file}, entry {row}: expected a name and a label from 0, got {type(name).__name__} "
        f"and '{str(label)[:20]}'. Correct it."
        for row, (name, label) in enumerate(zip(names, labels, strict=True))
        if not isinstance(name, str) or not is_label(label)
    )
    if faults:
        raise FormatError(faults)
    return names, [int(label) for label in labels]


def _listed(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _faults(path: Path, sets: list[_Set]) -> list[str]:
    shapes = {(part.array.shape[1], part.array.shape[3]) for part in sets}
    counts = Counter(name for part in sets for name in part.names)
    faults = [
        f"{path}: expected clips of different names, got '{name}' {count} times. Convert the "
        "arrays to stores of their own."
        for name, count in counts.items()
        if count > 1
    ]
    if len(shapes) > 1:
        found = ", ".join(f"{joints} x {channels}" for channels, joints in sorted(shapes))
        faults.append(
            f"{path}: expected arrays of one number of joints and channels, got {found}. Convert "
            "them to stores of their own."
        )
    return faults


def _clips(
    path: Path, sets: list[_Set], kind: PointSet, report: ConversionReport
) -> Iterator[Clip]:
    columns = part_columns({part.part: part.names for part in sets}, report)
    for part in sets:
        origin = find_origin(part.array, kind, report)
        used = replace(kind, centred=origin.central)
        for row, name in enumerate(part.names):
            points = to_float32(part.array[row]).transpose(1, 3, 2, 0)
            points = _restored(without_padding(points), used, origin)
            points, _ = bodies_first(points, None, used, report)
            yield make_clip(
                points,
                None,
                used,
                report,
                name=name,
                label=part.labels[row],
                source=f"{source_name(path)}#{name}",
                extra=parts_of(name, columns),
            )


def _restored(points: np.ndarray, kind: PointSet, origin: Origin) -> np.ndarray:
    """Undo the shift to the picture's centre, and y's change of sign, of seen joints."""
    if not (kind.scored and origin.shifted):
        return points
    points = points.copy()
    seen = points[..., 2] > 0
    y = -points[..., 1] if origin.flipped else points[..., 1]
    points[..., 0] = np.where(seen, points[..., 0] + 0.5, 0)
    points[..., 1] = np.where(seen, y + 0.5, 0)
    return points
