"""What is in a store or a recording, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats import ReadOptions, read, stored
from skelgraph.data.memory import ClipList
from skelgraph.data.store import Store
from skelgraph.errors import FormatError

OFTEN_MISSING = 0.05


def inspect_source(
    path: str | Path, *, format: str | None = None, options: ReadOptions | None = None
) -> dict[str, Any]:
    """Summarise a store, or a file in any format that can be read.

    Args:
        path: Store or recording.
        format: Format of a recording. None: found by looking.
        options: What the user knows better of a recording.

    Returns:
        Plain containers: layout, units, counts, lengths, classes, what is said of their mirrors
        and reversals (`symmetry`, as in dataset.yaml), gaps, and `changed`, what
        differs from the checksums of a store.

    Raises:
        StoreError: If the store is damaged.
        FormatError: If the file cannot be read or holds no usable clip.
    """
    folder, options = Path(path), options or ReadOptions()
    if stored.recognises(folder):
        stored.refuse_told(folder, format, options)
        store = Store.open(folder)
        return {**summarise(store), "changed": store.verify(), "conversion": store.report}
    reading = read(folder, format=format, options=options)
    clips = list(reading.clips)
    if not clips:
        raise FormatError(
            f"{folder}: expected at least one usable clip, got none. Check the recording."
        )
    found = summarise(ClipList(clips, reading.class_names))
    return {**found, "changed": [], "conversion": reading.report.to_dict()}


def summarise(source: Store | ClipList) -> dict[str, Any]:
    """Count what is in a store or a list of clips; reads all frames once."""
    table = source.clips
    first = source.clip(0)
    return {
        "layout": source.layout.name,
        "joints": source.layout.num_joints,
        "coordinates": len(first.axes),
        "units": first.units,
        "axes": list(first.axes),
        "fps": source.fps,
        "width": first.width,
        "height": first.height,
        "clips": len(table),
        "unlabelled": int((table.label < 0).sum()),
        "frames": int(table.frames.sum()),
        "lengths": {
            "min": int(table.frames.min()),
            "median": float(np.median(table.frames)),
            "max": int(table.frames.max()),
        },
        "bodies": int(table.bodies.max()),
        "subjects": _known(table.subject),
        "cameras": _known(table.camera),
        "setups": _known(table.setup),
        "classes": _classes(source),
        "symmetry": source.symmetry.describe(source.class_names),
        "gaps": _gaps(source),
    }


def _classes(source: Store | ClipList) -> list[dict[str, Any]]:
    table = source.clips
    found = []
    for label, name in enumerate(source.class_names):
        own = table.label == label
        frames = float(np.median(table.frames[own])) if own.any() else 0.0
        found.append(
            {
                "name": name,
                "clips": int(own.sum()),
                "subjects": len(_known(table.subject[own])),
                "frames": frames,
            }
        )
    return found


def _gaps(source: Store | ClipList) -> dict[str, Any]:
    """Count missing joints of the bodies that a clip has."""
    joints = source.layout.num_joints
    missing, total, empty = np.zeros(joints, dtype=np.int64), 0, 0
    for row in range(source.num_clips):
        seen = source.clip(row).seen
        present = seen[:, seen.any(axis=(0, 2))]
        missing += (~present).sum(axis=(0, 1))
        total += present.shape[0] * present.shape[1]
        empty += int((~present.any(axis=(1, 2))).sum())
    share = missing / max(total, 1)
    worst = [joint for joint in np.argsort(-share, kind="stable") if share[joint] > OFTEN_MISSING]
    return {
        "missing": float(share.mean()),
        "empty_frames": empty,
        "joints": {source.layout.joints[joint]: float(share[joint]) for joint in worst},
    }


def _known(values: np.ndarray) -> list[int]:
    return [int(value) for value in np.unique(values) if value >= 0]
