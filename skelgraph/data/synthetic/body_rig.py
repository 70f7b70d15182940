"""Bodies in a layout: joints' roles by name and mirror pair, and a rig that stands at rest."""

from __future__ import annotations

import numpy as np

from skelgraph.data.synthetic.hand_rig import (
    find_hands,
    hand_carriers,
    hand_hinges,
    hand_segments,
    rest_bones,
    rest_turn,
    side_of_joints,
)
from skelgraph.data.synthetic.rig import Hinge, Rig, X, Y, Z
from skelgraph.data.synthetic.rotation import mirrored_axis, rotation_between
from skelgraph.graphs import Layout

# Role, its rank away from the trunk, and the words in a joint's name that give it.
ROLES = (
    ("hand", 4, ("hand", "thumb", "index", "middle", "ring", "little", "pinky", "palm", "finger")),
    ("wrist", 3, ("wrist",)),
    ("elbow", 2, ("elbow",)),
    ("foot", 4, ("foot", "toe", "toes", "heel")),
    ("ankle", 3, ("ankle",)),
    ("knee", 2, ("knee",)),
    ("shoulder", 1, ("shoulder",)),
    ("hip", 1, ("hip",)),
    ("head", 1, ("head", "nose", "eye", "ear", "mouth", "face", "chin", "jaw")),
)
RANK = {role: rank for role, rank, _ in ROLES} | {"trunk": 0}
MIDDLE_ROLES = ("head", "trunk")
LIMBS = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}
CARRIER = {
    "hand": "hand",
    "wrist": "forearm",
    "elbow": "upper_arm",
    "foot": "foot",
    "ankle": "shank",
    "knee": "thigh",
}
SEGMENTS = {
    "upper_arm": "trunk",
    "forearm": "upper_arm",
    "hand": "forearm",
    "thigh": "pelvis",
    "shank": "thigh",
    "foot": "shank",
}
TRUNK_HINGES = (
    ("pelvis", "turn", -Y),
    ("pelvis", "tilt", -X),
    ("trunk", "twist", -Y),
    ("trunk", "bend", -X),
    ("trunk", "lean", -Z),
    ("head", "look", -Y),
    ("head", "nod", -X),
)
# Of the right side; the left one mirrors them. At rest, arms and legs hang straight down.
LIMB_HINGES = (
    ("upper_arm", "arm_azimuth", -Y),
    ("upper_arm", "arm_raise", X),
    ("upper_arm", "arm_roll", -Y),
    ("upper_arm", "arm_azimuth", Y),
    ("forearm", "elbow", X),
    ("thigh", "leg_azimuth", -Y),
    ("thigh", "leg_raise", X),
    ("thigh", "leg_azimuth", Y),
    ("shank", "knee", -X),
    ("foot", "ankle", X),
)
DOWN = -Y


def roles_of_joints(layout: Layout) -> tuple[str, ...]:
    """Give each joint's role; a limb's joint without a side belongs to the trunk."""
    sides = side_of_joints(layout)
    return tuple(_role(name, side) for name, side in zip(layout.joints, sides, strict=True))


def _role(name: str, side: str) -> str:
    words = set(name.lower().split("_"))
    for role, _, known in ROLES:
        if words & set(known) and (side or role in MIDDLE_ROLES):
            return role
    return "trunk"


def has_arms(layout: Layout) -> bool:
    """Tell whether both arms can be simulated: shoulder, elbow and wrist on both sides."""
    return _both_sides(layout, ("shoulder", "elbow", "wrist"))


def has_legs(layout: Layout) -> bool:
    """Tell whether both legs can be simulated: hip, knee and ankle on both sides."""
    return _both_sides(layout, ("hip", "knee", "ankle"))


def _both_sides(layout: Layout, roles: tuple[str, ...]) -> bool:
    found = set(zip(roles_of_joints(layout), side_of_joints(layout), strict=True))
    return all((role, side) in found for role in roles for side in ("left", "right"))


def body_rig(layout: Layout) -> Rig:
    """Build the rig of a body, hands with fingers included.

    Args:
        layout: A layout with both arms (see `has_arms`); legs are used where they are.

    Returns:
        Rig with the hips as its anchor, which stands on its feet where the layout has legs.
    """
    roles, sides = roles_of_joints(layout), side_of_joints(layout)
    carrier = [_carrier(layout, joint, roles, sides) for joint in range(layout.num_joints)]
    hands = find_hands(layout)
    for hand in hands:
        for joint, segment in hand_carriers(hand, f"{hand.side}_").items():
            carrier[joint] = segment
    bones = _bones_at_rest(layout, carrier)
    segments: dict[str, str | None] = {"pelvis": None, "trunk": "pelvis", "head": "trunk"}
    hinges = [Hinge(*row) for row in TRUNK_HINGES]
    for side in ("right", "left"):
        segments |= {f"{side}_{s}": _sided(p, side) for s, p in SEGMENTS.items()}
        hinges += _limb_hinges(side)
    for hand in hands:
        segments |= hand_segments(hand, f"{hand.side}_")
        hinges += hand_hinges(hand, bones, f"{hand.side}_", right=hand.side == "right")
    anchor = [j for j, role in enumerate(roles) if role == "hip"] or [
        j for j, role in enumerate(roles) if role == "trunk"
    ]
    ground = [j for j, role in enumerate(roles) if role in ("ankle", "foot")]
    return Rig(
        segments=segments,
        hinges=tuple(hinges),
        joint_parents=layout.bones,
        joint_order=layout.depth_order,
        bones=bones,
        carrier=tuple(carrier),
        anchor=tuple(anchor or range(layout.num_joints)),
        ground=tuple(ground) if has_legs(layout) else (),
        height=float(layout.neutral[anchor or slice(None), 1].mean()),
    )


def _sided(segment: str, side: str) -> str:
    return segment if segment in ("pelvis", "trunk") else f"{side}_{segment}"


def _limb_hinges(side: str) -> list[Hinge]:
    """Hinges of one side's arm and leg; equal angles move both sides alike, mirrored."""
    turn = mirrored_axis if side == "left" else np.asarray
    return [Hinge(f"{side}_{s}", f"{side}_{a}", turn(axis)) for s, a, axis in LIMB_HINGES]


def _carrier(layout: Layout, joint: int, roles: tuple[str, ...], sides: tuple[str, ...]) -> str:
    """Name the segment that a joint's bone belongs to, whichever end is nearer the root."""
    parent = int(layout.bones[joint])
    outer = max((joint, parent), key=lambda j: RANK[roles[j]])
    if roles[outer] in CARRIER:
        return f"{sides[outer]}_{CARRIER[roles[outer]]}"
    ends = {roles[joint], roles[parent]}
    if roles[joint] == "head":
        return "head"
    if "hip" in ends and "shoulder" not in ends and roles[parent] != "head":
        return "pelvis"
    return "trunk"


def _bones_at_rest(layout: Layout, carrier: list[str]) -> np.ndarray:
    """Turn the neutral pose's limbs to hang straight down: bones, shape (V, 3)."""
    turns = {}
    for side in ("right", "left"):
        for limb, ends in LIMBS.items():
            turns[f"{side}_{limb}"] = rotation_between(_limb(layout, side, ends), DOWN)
        turns[f"{side}_hand"] = turns[f"{side}_forearm"]
    for hand in find_hands(layout):
        turn = rest_turn(layout, hand, right=hand.side == "right")
        turns |= dict.fromkeys([f"{hand.side}_hand", *hand_segments(hand, f"{hand.side}_")], turn)
    bones = rest_bones(layout)
    rested = [turns.get(s, np.eye(3)) @ b for s, b in zip(carrier, bones, strict=True)]
    return np.stack(rested)


def _limb(layout: Layout, side: str, ends: tuple[str, str]) -> np.ndarray:
    """Give the neutral direction of a limb, zero where the layout lacks one of its ends."""
    found = list(zip(roles_of_joints(layout), side_of_joints(layout), strict=True))
    if not all((role, side) in found for role in ends):
        return np.zeros(3)
    start, stop = (layout.neutral[found.index((role, side))] for role in ends)
    return np.asarray(stop - start, dtype=float)
