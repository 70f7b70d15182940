"""Any skeleton: every bone is a segment of its own, the tree's branches are what can move."""

from __future__ import annotations

import numpy as np

from skelgraph.data.synthetic.hand_rig import rest_bones
from skelgraph.data.synthetic.rig import Hinge, Rig, X, Z
from skelgraph.data.synthetic.rotation import unit
from skelgraph.graphs import Layout

MAX_BRANCHES = 5


def tree_rig(layout: Layout) -> Rig:
    """Build a rig with two hinges at every bone: `<joint>_swing` and `<joint>_side`."""
    bones = rest_bones(layout)
    segments: dict[str, str | None] = {}
    hinges: list[Hinge] = []
    for joint in layout.depth_order:
        name, parent = layout.joints[joint], layout.parents[joint]
        segments[name] = None if parent < 0 else layout.joints[parent]
        swing = _across(bones[joint])
        side = unit(np.cross(swing, bones[joint])) if bones[joint].any() else X
        hinges += [Hinge(name, f"{name}_swing", swing), Hinge(name, f"{name}_side", side)]
    return Rig(
        segments=segments,
        hinges=tuple(hinges),
        joint_parents=layout.bones,
        joint_order=layout.depth_order,
        bones=bones,
        carrier=layout.joints,
        anchor=tuple(layout.centre),
        height=float(layout.neutral[list(layout.centre), 1].mean()),
    )


def _across(bone: np.ndarray) -> np.ndarray:
    """Give the axis that swings a bone in the frontal plane; about x where it lies along z."""
    across = np.cross(bone, np.cross(Z, bone))
    return unit(across) if np.linalg.norm(across) > 1e-9 else (Z if not bone.any() else X)


def branches(layout: Layout) -> dict[str, tuple[str, ...]]:
    """Name up to five branches that can move, each with its joints from the inside outwards.

    Returns:
        Part name, or first joint of a subtree of the root where parts do not divide the tree, to
        joints that have a bone; the branches with most bones, in the layout's order.
    """
    order = [j for j in layout.depth_order if layout.parents[j] >= 0]
    found = {
        part: tuple(layout.joints[j] for j in order if j in set(joints))
        for part, joints in layout.parts.items()
    }
    found = {part: joints for part, joints in found.items() if joints}
    if len(found) < 2:
        found = _subtrees(layout, order)
    kept = sorted(found, key=lambda part: -len(found[part]))[:MAX_BRANCHES]
    return {part: found[part] for part in found if part in kept}


def _subtrees(layout: Layout, order: list[int]) -> dict[str, tuple[str, ...]]:
    """Divide the tree into the subtrees of the root's children."""
    first: dict[int, int] = {}
    for joint in order:
        first[joint] = first.get(layout.parents[joint], joint)
    return {
        layout.joints[top]: tuple(layout.joints[j] for j in order if first[j] == top)
        for top in dict.fromkeys(first.values())
    }
