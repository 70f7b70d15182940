"""CSV files that a mapping describes: a folder with a file a clip and `mapping.yaml`.

A row is a body in a frame: its number, the body, class, subject and so on where the store has
them, and JOINT.x, JOINT.y, maybe JOINT.z and JOINT.confidence; cells of joints that were not seen
are empty. Units, axes, layout (as layout.yaml where it is not a shipped one), frame rate and
classes are in the mapping. `skelgraph convert FOLDER STORE --format table --mapping
FOLDER/mapping.yaml` reads it back. Written a clip at a time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import all_clips, count_content, used_slots
from skelgraph.data.formats.writing.places import file_places
from skelgraph.data.formats.writing.told import (
    Losses,
    Told,
    body_losses,
    fact_losses,
    score_losses,
)
from skelgraph.data.store import Store
from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.graphs.layout import HANDS, SLOTS
from skelgraph.graphs.writing import write_layout

ENDINGS = ()
MAPPING = "mapping.yaml"
LAYOUT = "layout.yaml"


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written."""
    names = store.class_names
    odd = [name for name in names if not name or name != name.strip() or names.count(name) > 1]
    if not odd:
        return []
    return [
        f"expected names of classes that differ and have no blanks at their ends, got {odd[0]!r}. "
        "Correct class_names in dataset.yaml."
    ]


def losses(store: Store) -> Losses:
    """List what the files do not hold."""
    content = count_content(store)
    told = Told(
        names=file_places(store.clips.name.tolist()),
        labels=True,
        class_names=store.class_names,
        numbers={key: getattr(store.clips, key) for key in CLIP_NUMBERS},
        fps=store.fps,
    )
    scores = {} if store.confidence is None else score_losses(store, content)
    return {
        **fact_losses(store, told),
        **scores,
        **body_losses(store, content, followed=False),
    }


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as a folder of tables."""
    facts = ["label"] if store.class_names else []
    facts += [key for key in CLIP_NUMBERS if (getattr(store.clips, key) >= 0).any()]
    bodies = store.num_bodies > 1 or store.layout.instances == HANDS
    for place, clip in zip(
        file_places(store.clips.name.tolist()), all_clips(store, track), strict=True
    ):
        file = target / f"{place}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(_lines(clip, store, facts, bodies))
    text = yaml.safe_dump(
        _mapping(store, facts, bodies, target), sort_keys=False, allow_unicode=True
    )
    (target / MAPPING).write_text(text, encoding="utf-8")


def _mapping(store: Store, facts: list[str], bodies: bool, target: Path) -> dict[str, Any]:
    return {
        "layout": _layout_name(store.layout, target),
        "units": store.units,
        "axes": list(store.axes),
        **({} if store.fps is None else {"fps": float(store.fps)}),
        "frame": "frame",
        **({"body": "body"} if bodies else {}),
        **{fact: fact for fact in facts},
        **({"classes": list(store.class_names)} if store.class_names else {}),
        "columns": "{joint}.{part}",
        "missing": [],
        "delimiter": ",",
    }


def _layout_name(layout: Layout, target: Path) -> str:
    """Name a shipped layout; write any other beside the tables."""
    if layout.name in available_layouts() and load_layout(layout.name) == layout:
        return layout.name
    write_layout(layout, target / LAYOUT)
    return LAYOUT


def _lines(clip: Clip, store: Store, facts: list[str], bodies: bool) -> list[str]:
    parts = [*"xyz"[: len(store.axes)], *([] if store.confidence is None else ["confidence"])]
    joints = [f"{joint}.{part}" for joint in store.layout.joints for part in parts]
    header = _cells(["frame", *(["body"] if bodies else []), *facts, *joints])
    values = {
        key: str(number) if (number := getattr(clip, key)) >= 0 else "" for key in CLIP_NUMBERS
    }
    values["label"] = "" if clip.label is None else store.class_names[clip.label]
    constant = "".join(_cells([values[fact], ""]).rstrip("\r\n") for fact in facts)
    rows = _numbers(clip)
    form = ",".join(["%.9g"] * rows.shape[-1])
    words = SLOTS if store.layout.instances == HANDS else tuple(map(str, range(rows.shape[1])))
    lines = [header]
    for frame, slots in enumerate(rows.tolist()):
        for slot, numbers in enumerate(slots):
            body = f"{words[slot]}," if bodies else ""
            text = (form % tuple(numbers)).replace("nan", "")
            lines.append(f"{frame},{body}{constant}{text}\n")
    return lines


def _numbers(clip: Clip) -> np.ndarray:
    """Give the numbers of each row, NaN where a cell stays empty, (T, slots, V * parts)."""
    points, score = clip.keypoints, clip.confidence
    if score is not None:
        sure = np.clip(np.nan_to_num(score, nan=1.0), 0.0, 1.0)[..., None]
        sure = np.where(clip.seen[..., None], sure, np.nan)
        points = np.concatenate([points, sure], axis=-1)
    kept = points[:, : used_slots(clip.keypoints)]
    return kept.reshape(*kept.shape[:2], -1)


def _cells(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
