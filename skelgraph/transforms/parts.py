"""A layout's parts, and its tree, as tensors."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from skelgraph.graphs import Layout

KEPT = 16


@lru_cache(maxsize=KEPT)
def part_members(layout: Layout) -> Tensor:
    """Say which joints each part of the body has.

    Args:
        layout: A layout that names no parts has the branches that leave its root.

    Returns:
        Bool, shape (parts, V), at least one part.
    """
    parts = [list(joints) for joints in layout.parts.values()] or _branches(layout)
    member = torch.zeros(len(parts), layout.num_joints, dtype=torch.bool)
    for row, joints in enumerate(parts):
        member[row, joints] = True
    return member


@lru_cache(maxsize=KEPT)
def paired_parts(layout: Layout) -> Tensor:
    """Number the parts of all joints, a part and its mirror image alike, int64, shape (V,).

    A joint that is in no part is one of its own, with its mirror image.
    """
    group = list(range(layout.num_joints))
    for joints in part_members(layout):
        mirrored = layout.mirror_permutation[joints.numpy()].tolist()
        together = {*torch.nonzero(joints).flatten().tolist(), *mirrored}
        _unite(group, together)
    for pair in layout.mirror_pairs:
        _unite(group, set(pair))
    numbers = {first: number for number, first in enumerate(sorted(set(group)))}
    return torch.tensor([numbers[first] for first in group])


@lru_cache(maxsize=KEPT)
def ancestors(layout: Layout) -> Tensor:
    """Mark each joint and those between it and the root.

    Returns:
        Float32 of 0 and 1, shape (V, V); row j has 1 at joint j and at its ancestors but the
        root, so that the row times the bones is the way from the root to the joint.
    """
    marks = torch.zeros(layout.num_joints, layout.num_joints)
    for joint in layout.depth_order:
        parent = layout.parents[joint]
        if parent >= 0:
            marks[joint] = marks[parent]
            marks[joint, joint] = 1.0
    return marks


def _unite(group: list[int], joints: set[int]) -> None:
    united = {group[joint] for joint in joints}
    first = min(united)
    group[:] = [first if number in united else number for number in group]


def _branches(layout: Layout) -> list[list[int]]:
    children = [joint for joint, parent in enumerate(layout.parents) if parent == layout.root]
    marks = ancestors(layout)
    return [torch.nonzero(marks[:, child]).flatten().tolist() for child in children] or [[0]]
