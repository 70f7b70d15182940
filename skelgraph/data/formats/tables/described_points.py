"""Files of named points in a laboratory, which a mapping file turns into a layout's joints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.files import clip_name, find_files
from skelgraph.data.formats.reading import ReadOptions, source_name
from skelgraph.data.formats.tables.table_mapping import AT_ORIGIN, TableMapping, load_mapping
from skelgraph.data.formats.tables.table_names import facts_of_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout


@dataclass(frozen=True)
class PointPlan:
    """What holds for all files of a source.

    Args:
        root: The source.
        files: Its files.
        what: What its points are called, for messages.
        mapping: The mapping file.
        layout: Layout of the clips.
        points: Joint of the layout -> points whose mean it is; no entry for absent joints.
        options: What the user knows better.
        class_names: Class names in label order.
    """

    root: Path
    files: list[Path]
    what: str
    mapping: TableMapping
    layout: Layout
    points: dict[str, list[str]]
    options: ReadOptions
    class_names: tuple[str, ...]


def plan_points(path: Path, *, ending: str, what: str, options: ReadOptions) -> PointPlan:
    """Read the mapping and find the files.

    Args:
        path: File or folder.
        ending: Of the files, such as '.c3d'.
        what: What a point is called, such as 'marker'.
        options: What the user tells; must name a mapping.

    Raises:
        FormatError: If there is no mapping, it is faulty, or there is no file.
    """
    mapping = load_mapping(options.mapping, what=f"{what}s", source=path)
    mapping.check_layout(options.layout)
    if mapping.axes is None or len(mapping.axes) != 3:
        raise FormatError(
            f"{mapping.path}: expected 'axes', where x, y and z of the laboratory point, got "
            f"{mapping.axes}. Write for instance axes: [right, away, up]."
        )
    files = find_files(path, f"*{ending}")
    if not files:
        raise FormatError(f"{path}: expected a {ending} file, got none. Check the path.")
    layout = mapping.load_layout()
    points = _points(mapping, layout, what)
    names = mapping.class_names or _class_names(files, path, mapping)
    return PointPlan(path, files, what, mapping, layout, points, options, names)


def _points(mapping: TableMapping, layout: Layout, what: str) -> dict[str, list[str]]:
    """List the points of each joint."""
    faults = [
        f"{mapping.path}: expected joints of '{layout.name}', got '{joint}'. Correct it."
        for joint in (*mapping.joints, *mapping.absent)
        if joint not in layout.joints
    ]
    found: dict[str, list[str]] = {}
    for joint in layout.joints:
        given: Any = mapping.joints.get(joint, joint)
        if joint in mapping.absent:
            continue
        if isinstance(given, dict) or given == []:
            faults.append(
                f"{mapping.path}, {joint}: expected a {what} or several, got {given}. Name them."
            )
            continue
        found[joint] = [given] if isinstance(given, str) else list(given)
    if faults or not found:
        raise FormatError(list_faults(faults) or f"{mapping.path}: expected joints, got none.")
    return found


def _class_names(files: list[Path], root: Path, mapping: TableMapping) -> tuple[str, ...]:
    words = set()
    for file in files:
        try:
            words.add(facts_of_name(clip_name(file, root), mapping).get("label") or "")
        except FormatError:
            continue  # told when the file is read
    return tuple(sorted(words - {""}))


def take_joints(file: Path, positions: np.ndarray, names: list[str], plan: PointPlan) -> np.ndarray:
    """Take each joint's points or their mean.

    Args:
        file: For messages.
        positions: Of the points, NaN where one was not seen, (T, P, 3).
        names: Of the points, (P,).
        plan: What holds for all files.

    Returns:
        float32, NaN for absent joints, shape (T, V, 3).

    Raises:
        FormatError: If a point is not there, or its name stands twice.
    """
    found = np.full((len(positions), plan.layout.num_joints, 3), np.nan, np.float32)
    faults = []
    for joint, points in plan.points.items():
        places = [_place(point, names) for point in points]
        faults += [
            f"{file}: expected the {plan.what} '{point}' of '{joint}' once, got "
            f"{', '.join(names[:8]) or 'none'} ... Correct the mapping or list it as absent."
            for point, place in zip(points, places, strict=True)
            if place is None
        ]
        own = [place for place in places if place is not None]
        if len(own) == len(points):
            found[:, plan.layout.index(joint)] = positions[:, own].mean(axis=1)
    if faults:
        raise FormatError(list_faults(faults))
    return found


def _place(point: str, names: list[str]) -> int | None:
    """Find a point by its name, or by what stands after a subject's name and a colon."""
    for known in (names, [name.rpartition(":")[2] for name in names]):
        if known.count(point) == 1:
            return known.index(point)
    return None


def make_clip(
    file: Path,
    joints: np.ndarray,
    plan: PointPlan,
    report: ConversionReport,
    *,
    units: str,
    fps: float | None,
) -> Clip:
    """Make the clip of a file.

    Args:
        file: The file.
        joints: float32, NaN where not seen, shape (T, V, 3); written to.
        plan: What holds for all files.
        report: Counts joints at the origin, where the mapping says they are missing.
        units: Of the clip.
        fps: What the file says, None if nothing.

    Raises:
        FormatError: If the file's name says a class that is not listed.
    """
    name = clip_name(file, plan.root)
    if plan.mapping.missing and AT_ORIGIN in plan.mapping.missing:
        zero = (joints == 0).all(axis=-1)
        report.repaired["joints at the origin -> missing"] += int(zero.sum())
        joints[zero] = np.nan
    facts = facts_of_name(name, plan.mapping)
    word = facts.get("label")
    label = None if word is None else plan.mapping.classes.get(word, word)
    if label is not None and label not in plan.class_names:
        raise FormatError(
            f"{file}: expected a class of {', '.join(plan.class_names[:10])}, got '{label}'. "
            "Add it to 'classes' in the mapping."
        )
    numbers: dict[str, Any] = {fact: int(facts[fact]) for fact in CLIP_NUMBERS if fact in facts}
    return Clip(
        keypoints=joints[:, None],
        layout=plan.layout,
        name=name,
        units=units,
        axes=plan.mapping.axes or (),
        fps=plan.options.fps or plan.mapping.fps or fps,
        label=None if label is None else plan.class_names.index(label),
        source=f"{source_name(plan.root)}/{name}",
        **numbers,
    )
