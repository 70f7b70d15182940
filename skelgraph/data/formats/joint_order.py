"""Which layout a file's joints belong to, and in which order they stand in it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.errors import FormatError, LayoutError, list_faults
from skelgraph.graphs import Layout, available_layouts, load_layout


@dataclass(frozen=True, eq=False)
class JointOrder:
    """A layout and, for each of its joints, the place of that joint in the file.

    Args:
        layout: The layout of the clips.
        index: Place in the file of each joint of the layout, (V,).
        notes: What was decided, in words.
    """

    layout: Layout
    index: np.ndarray
    notes: list[str]


def find_order(
    path: Path,
    *,
    num_joints: int,
    joint_names: Sequence[str] | None,
    hint: str | None,
    asked: str | None,
) -> JointOrder:
    """Find layout and joint order: the file's names rule, its layout is a hint.

    Args:
        path: The file, for messages.
        num_joints: Joints in the file.
        joint_names: Their names, where the file has them.
        hint: The layout that the file names.
        asked: The layout that the user names; goes before the hint.

    Raises:
        FormatError: If no layout fits, listing the names that it lacks and the nearest.
    """
    if joint_names is not None and len(joint_names) != num_joints:
        raise FormatError(
            f"{path}: expected {num_joints} joint_names, one a joint, got {len(joint_names)}. "
            "Correct them."
        )
    layout = _candidate(path, asked=asked, hint=hint)
    if joint_names is None:
        return _by_position(path, layout, num_joints)
    names = list(joint_names)
    if layout is not None and sorted(names) == sorted(layout.joints):
        return _by_name(layout, names)
    if asked is None:
        for other in map(load_layout, available_layouts()):
            if sorted(names) == sorted(other.joints):
                return _by_name(other, names, hint)
    raise FormatError(_unfit(path, names, layout))


def _candidate(path: Path, *, asked: str | None, hint: str | None) -> Layout | None:
    if asked is not None:
        return load_layout(asked)
    if hint not in available_layouts():
        return None
    assert hint is not None
    try:
        return load_layout(hint)
    except LayoutError as error:
        raise FormatError(f"{path}: layout hint '{hint}' cannot be used: {error}") from error


def _by_position(path: Path, layout: Layout | None, num_joints: int) -> JointOrder:
    if layout is None:
        raise FormatError(
            f"{path}: expected joint_names or a known layout, got neither. Give the layout that "
            "the file was recorded with: --layout NAME (see `skelgraph layouts list`)."
        )
    if layout.num_joints != num_joints:
        raise FormatError(
            f"{path}: expected {layout.num_joints} joints for layout '{layout.name}', got "
            f"{num_joints}. Give the layout that the file was recorded with: --layout NAME "
            "(see `skelgraph layouts list`)."
        )
    note = f"no joint names in the file: taken in the order of layout '{layout.name}'"
    return JointOrder(layout, np.arange(num_joints), [note])


def _by_name(layout: Layout, names: list[str], hint: str | None = None) -> JointOrder:
    index = np.array([names.index(joint) for joint in layout.joints])
    notes = []
    if hint is not None and hint != layout.name:
        notes.append(f"layout '{layout.name}' found by joint names (the file says '{hint}')")
    moved = int((index != np.arange(len(index))).sum())
    if moved:
        notes.append(f"{moved} joints put in the order of layout '{layout.name}'")
    return JointOrder(layout, index, notes)


def _unfit(path: Path, names: list[str], layout: Layout | None) -> str:
    if layout is None:
        return (
            f"{path}: expected the joints of a known layout, got {', '.join(names[:5])} ... "
            f"({len(names)} joints). Describe them in a layout file: --layout FILE.yaml."
        )
    faults = []
    for name in names:
        if name not in layout.joints:
            near = difflib.get_close_matches(name, layout.joints, n=1, cutoff=0.4)
            hint = f"Did you mean '{near[0]}'?" if near else "Choose another layout."
            faults.append(f"{path}: expected a joint of '{layout.name}', got '{name}'. {hint}")
    lacking = [joint for joint in layout.joints if joint not in names]
    if lacking:
        faults.append(
            f"{path}: expected all joints of '{layout.name}', got none called "
            f"{', '.join(lacking)}. Choose another layout."
        )
    if len(set(names)) < len(names):
        faults.append(f"{path}: expected different joint names, got some twice. Correct them.")
    return list_faults(faults)
