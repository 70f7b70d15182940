"""A rig: rigid segments that turn about hinges and carry a layout's bones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skelgraph.data.synthetic.rotation import rotation_about

X, Y, Z = np.eye(3)


@dataclass(frozen=True)
class Hinge:
    """One rotation of a segment against its parent segment.

    Several hinges of a segment apply one after another, the last one first. Two hinges may
    share an angle's name.
    """

    segment: str
    angle: str
    axis: np.ndarray


@dataclass(frozen=True, eq=False)
class Rig:
    """Segments, their hinges, and the bones of a layout at rest.

    Attributes:
        segments: Segment name to its parent segment's name (None at the root), parents first.
        hinges: All hinges, in the order in which a segment's rotations are multiplied.
        joint_parents: Parent joint of every joint, the root its own, length V.
        joint_order: All joints, each after its parent.
        bones: Bone from the parent joint in the rest pose, zero at the root, (V, 3), metres.
        carrier: Segment that carries each joint's bone, length V.
        anchor: Joints whose mean stays on the path.
        ground: Joints of which the lowest stands on the floor; empty: nothing does.
        height: Height of the anchor where nothing stands on the floor, metres.
    """

    segments: Mapping[str, str | None]
    hinges: tuple[Hinge, ...]
    joint_parents: np.ndarray
    joint_order: tuple[int, ...]
    bones: np.ndarray
    carrier: tuple[str, ...]
    anchor: tuple[int, ...]
    ground: tuple[int, ...] = ()
    height: float = 0.0

    @property
    def angles(self) -> tuple[str, ...]:
        """Names of all angles, each once, in hinge order."""
        return tuple(dict.fromkeys(hinge.angle for hinge in self.hinges))


def place(rig: Rig, angles: Mapping[str, np.ndarray], *, path: np.ndarray) -> np.ndarray:
    """Compute joint positions by forward kinematics; bone lengths never change.

    Args:
        rig: Segments and bones.
        angles: Angle name to its course, shape (T,), radians; an absent angle is zero.
        path: Where the anchor goes, shape (T, 3), metres; on a floor, y is the height of a hop.

    Returns:
        Positions, shape (T, V, 3), metres.
    """
    turned = _orientations(rig, angles, len(path))
    bones = np.empty((len(path), len(rig.bones), 3))
    for joint, segment in enumerate(rig.carrier):
        bones[:, joint] = turned[segment] @ rig.bones[joint]
    positions = _chain(rig, bones)
    positions -= positions[:, list(rig.anchor)].mean(axis=1, keepdims=True)
    if rig.ground:
        positions[..., 1] -= positions[:, list(rig.ground), 1].min(axis=1)[:, None]
    else:
        positions[..., 1] += rig.height
    return np.asarray(positions + path[:, None])


def _orientations(rig: Rig, angles: Mapping[str, np.ndarray], frames: int) -> dict[str, np.ndarray]:
    """Multiply each segment's hinges along the chain of segments: name to (T, 3, 3)."""
    used = [hinge for hinge in rig.hinges if hinge.angle in angles]
    local: dict[str, np.ndarray] = {}
    if used:
        axes = np.stack([hinge.axis for hinge in used])
        courses = np.stack([angles[hinge.angle] for hinge in used], axis=1)
        turns = rotation_about(axes, courses)
        for index, hinge in enumerate(used):
            turn = turns[:, index]
            local[hinge.segment] = local[hinge.segment] @ turn if hinge.segment in local else turn
    turned: dict[str, np.ndarray] = {}
    for segment, parent in rig.segments.items():
        own = local.get(segment, np.broadcast_to(np.eye(3), (frames, 3, 3)))
        turned[segment] = own if parent is None else turned[parent] @ own
    return turned


def _chain(rig: Rig, bones: np.ndarray) -> np.ndarray:
    """Add up bones from the root outwards: (T, V, 3)."""
    positions = bones.copy()
    for joint in rig.joint_order:
        if rig.joint_parents[joint] != joint:
            positions[:, joint] += positions[:, rig.joint_parents[joint]]
    return positions
