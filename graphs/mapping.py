"""Joints of one layout taken as those of another, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skelgraph.errors import LayoutError, unknown_name
from skelgraph.graphs.layout import HANDS, SLOTS, Component, Layout

ABSENT = -1


@dataclass(frozen=True, eq=False)
class JointMap:
    """Where each joint of a target layout comes from.

    Args:
        source: Name of the layout of the recording.
        target: Name of the layout asked for.
        slots: For each target body slot, the source joint of each target joint, -1 if absent;
            int64, shape (M_target, V_target). One row if every body is mapped alike.
        source_body: For each target slot, the source body that feeds it, -1 if none. None:
            every source body feeds the slot of its own number, as many as there are.
        taken: What was taken, in words.
    """

    source: str
    target: str
    slots: np.ndarray
    source_body: tuple[int, ...] | None
    taken: str

    @property
    def is_identity(self) -> bool:
        """Whether joints and bodies stay as they are."""
        own_order = np.arange(self.slots.shape[1])
        return self.source_body is None and bool((self.slots == own_order).all())

    def num_bodies(self, source_bodies: int) -> int:
        """Count the target's body slots for a recording of so many source bodies."""
        return source_bodies if self.source_body is None else len(self.source_body)

    def describe(self) -> str:
        """Say in one line what was taken from where."""
        return self.taken

    def apply(self, keypoints: np.ndarray) -> np.ndarray:
        """Pick the target's joints out of a recording.

        Args:
            keypoints: Floats, shape (F, M_source, V_source, ...), e.g. (93, 1, 50, 2); a
                confidence without the channel axis works as well.

        Returns:
            A new array, NaN where absent, shape (F, M_target, V_target, ...).
        """
        if self.source_body is None:
            return keypoints[:, :, self.slots[0]]
        frames, bodies = keypoints.shape[:2]
        shape = (frames, len(self.slots), self.slots.shape[1], *keypoints.shape[3:])
        result = np.full(shape, np.nan, dtype=keypoints.dtype)
        for slot, (body, joints) in enumerate(zip(self.source_body, self.slots, strict=True)):
            if 0 <= body < bodies:
                present = joints != ABSENT
                result[:, slot, present] = keypoints[:, body, joints[present]]
        return result


def map_joints(source: Layout, target: Layout, *, slot: str | None = None) -> JointMap:
    """Find where each joint of `target` comes from in recordings of `source`.

    Layouts with the same joint names map by name, every body alike. A composite that names
    `target` among its parts gives those parts: hands of its first body fill the slot each
    belongs to, left 0 and right 1.

    Args:
        source: Layout of the recordings.
        target: Layout asked for.
        slot: 'left' or 'right' to keep only that hand; the other slot stays absent. None: both.

    Raises:
        LayoutError: If the source lacks joints of the target (they are listed), or `slot` does
            not fit.

    Example:
        >>> from skelgraph.graphs import load_layout
        >>> arms, hands = load_layout("openpose_upper8_hands"), load_layout("mediapipe_hands")
        >>> map_joints(arms, hands, slot="right").slots[1, :3].tolist()
        [29, 30, 31]
    """
    _check_slot(target, slot)
    parts = _own_parts(source, target)
    hands = [part for part in parts if part.slot]
    if target.instances == HANDS and hands:
        return _by_hand(source, target, hands, slot=slot)
    if set(target.joints) <= set(source.joints):
        return _by_name(source, target, slot=slot)
    if parts and target.instances != HANDS:
        return _by_part(source, target, parts[0])
    raise _lacking(source, target)


def _own_parts(source: Layout, target: Layout) -> list[Component]:
    def joints_of(part: Component) -> set[str]:
        return {source.joints[joint].removeprefix(part.prefix) for joint in part.joints}

    return [
        part
        for part in source.components
        if part.layout == target.name and set(target.joints) <= joints_of(part)
    ]


def _by_name(source: Layout, target: Layout, *, slot: str | None) -> JointMap:
    joints = np.array([source.index(joint) for joint in target.joints], dtype=np.int64)
    if source.joints == target.joints:
        taken = f"all {target.num_joints} joints of '{source.name}' as they are"
    else:
        taken = (
            f"{target.num_joints} of the {source.num_joints} joints of '{source.name}' by name, "
            f"as '{target.name}'"
        )
    if slot is None:
        return JointMap(source.name, target.name, joints[None], None, taken)
    kept = SLOTS.index(slot)
    slots = np.full((len(SLOTS), target.num_joints), ABSENT, dtype=np.int64)
    slots[kept] = joints
    bodies = tuple(body if body == kept else ABSENT for body in range(len(SLOTS)))
    return JointMap(source.name, target.name, slots, bodies, f"{taken}, {slot} hand only")


def _by_hand(
    source: Layout, target: Layout, parts: Sequence[Component], *, slot: str | None
) -> JointMap:
    chosen = {part.slot: part for part in parts if slot in (None, part.slot)}
    if not chosen:
        raise LayoutError(
            f"--slot: expected a hand that layout '{source.name}' has, got '{slot}'. "
            "Leave it out, or name the other hand."
        )
    slots = np.full((len(SLOTS), target.num_joints), ABSENT, dtype=np.int64)
    for name, part in chosen.items():
        slots[SLOTS.index(name)] = _places(source, target, part)
    bodies = tuple(0 if name in chosen else ABSENT for name in SLOTS)
    hands = " and ".join(
        f"'{chosen[name].prefix}*' as the {name} hand (slot {SLOTS.index(name)})"
        for name in SLOTS
        if name in chosen
    )
    taken = f"of the first body of '{source.name}': {hands}, as '{target.name}'"
    return JointMap(source.name, target.name, slots, bodies, taken)


def _by_part(source: Layout, target: Layout, part: Component) -> JointMap:
    taken = (
        f"{target.num_joints} of the {source.num_joints} joints of '{source.name}', "
        f"its part '{part.prefix}*', as '{target.name}'"
    )
    slots = _places(source, target, part)[None]
    return JointMap(source.name, target.name, slots, None, taken)


def _places(source: Layout, target: Layout, part: Component) -> np.ndarray:
    return np.array([source.index(part.prefix + joint) for joint in target.joints], dtype=np.int64)


def _check_slot(target: Layout, slot: str | None) -> None:
    if slot is not None and slot not in SLOTS:
        raise LayoutError(unknown_name("--slot", slot, SLOTS))
    if slot is not None and target.instances != HANDS:
        raise LayoutError(
            f"--slot: expected a layout of hands, got '{target.name}'. Leave --slot out."
        )


def _lacking(source: Layout, target: Layout) -> LayoutError:
    known = set(source.joints)
    lacking = [joint for joint in target.joints if joint not in known]
    return LayoutError(
        f"layout '{target.name}': expected recordings with its joints, got recordings of "
        f"'{source.name}', which lack {', '.join(lacking)}. Give a layout that they have, for "
        f"instance --layout {source.name}."
    )
