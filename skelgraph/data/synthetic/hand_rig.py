"""Hands in a layout: found by the fingers' names, put at rest, given finger and wrist hinges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelgraph.data.synthetic.rig import Hinge, Rig, X, Y, Z
from skelgraph.data.synthetic.rotation import frame_of, mirrored_axis, unit
from skelgraph.graphs import Layout

FINGERS = ("thumb", "index", "middle", "ring", "little")
FINGER_WORDS = {**{finger: finger for finger in FINGERS}, "pinky": "little"}
MIN_FINGERS = 4
MIN_CHAIN = 3
# A right hand at rest hangs: fingers down, palm towards the body, thumb to the front.
ALONG, PALM, THUMB_SIDE = -Y, -X, -Z


@dataclass(frozen=True)
class Hand:
    """The joints of one hand.

    Attributes:
        side: 'left' or 'right' on a body, '' where a layout is one hand.
        chains: Finger to its joints from the knuckle to the tip (the thumb from its root).
        wrist: Joint that the middle finger's chain, or the palm before it, hangs on.
    """

    side: str
    chains: dict[str, tuple[int, ...]]
    wrist: int


def side_of_joints(layout: Layout) -> tuple[str, ...]:
    """Give each joint's side by the mirror pairs: 'left', 'right' or ''."""
    sides = [""] * layout.num_joints
    for left, right in layout.mirror_pairs:
        sides[left], sides[right] = "left", "right"
    return tuple(sides)


def find_hands(layout: Layout) -> tuple[Hand, ...]:
    """Find the hands that have at least four fingers of three joints, by joint names."""
    groups: dict[str, dict[str, list[int]]] = {}
    sides = side_of_joints(layout)
    for joint in layout.depth_order:
        words = [FINGER_WORDS[w] for w in layout.joints[joint].split("_") if w in FINGER_WORDS]
        if words:
            groups.setdefault(sides[joint], {}).setdefault(words[0], []).append(joint)
    hands = [_hand(layout, side, fingers) for side, fingers in sorted(groups.items())]
    return tuple(hand for hand in hands if hand is not None)


def _hand(layout: Layout, side: str, fingers: dict[str, list[int]]) -> Hand | None:
    """Keep the last four joints of every long enough finger; None with too few fingers."""
    chains = {f: tuple(fingers[f][-4:]) for f in FINGERS if len(fingers.get(f, ())) >= MIN_CHAIN}
    if len(chains) < MIN_FINGERS or "index" not in chains or "little" not in chains:
        return None
    return Hand(side, chains, layout.parents[chains["index"][0]])


def rest_turn(layout: Layout, hand: Hand, *, right: bool) -> np.ndarray:
    """Give the rotation from the neutral pose to the hanging hand, shape (3, 3)."""
    along, across = _axes(layout, hand)
    palm = np.cross(along, across) if right else np.cross(across, along)
    target = frame_of(ALONG, PALM if right else -PALM)
    return np.asarray(target @ frame_of(along, palm).T)


def _axes(layout: Layout, hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """Give the directions wrist to knuckles and index to little knuckle, neutral pose."""
    knuckles = {f: layout.neutral[c[0]] for f, c in hand.chains.items() if f != "thumb"}
    middle = np.mean(list(knuckles.values()), axis=0)
    return (
        np.asarray(middle - layout.neutral[hand.wrist], dtype=float),
        np.asarray(knuckles["little"] - knuckles["index"], dtype=float),
    )


def hand_segments(hand: Hand, prefix: str) -> dict[str, str | None]:
    """List the segments of the fingers, each with its parent; the hand itself is not in it."""
    segments: dict[str, str | None] = {}
    for finger, chain in hand.chains.items():
        for link in range(len(chain) - 1):
            before = f"{prefix}{finger}_{link - 1}" if link else f"{prefix}hand"
            segments[f"{prefix}{finger}_{link}"] = before
    return segments


def hand_carriers(hand: Hand, prefix: str) -> dict[int, str]:
    """Tell which finger segment carries the bone to each finger joint; knuckles stay out."""
    return {
        joint: f"{prefix}{finger}_{link}"
        for finger, chain in hand.chains.items()
        for link, joint in enumerate(chain[1:])
    }


def hand_hinges(hand: Hand, bones: np.ndarray, prefix: str, *, right: bool) -> tuple[Hinge, ...]:
    """Build wrist and finger hinges; equal angles move a left hand as the mirrored right one.

    Args:
        hand: Joints of the hand.
        bones: Bones at rest, shape (V, 3).
        prefix: Put before segment and angle names.
        right: False for a left hand.
    """
    flip = np.array([1.0 if right else -1.0, 1.0, 1.0])
    hinges = [
        Hinge(f"{prefix}hand", f"{prefix}pronation", Y),
        Hinge(f"{prefix}hand", f"{prefix}wrist_side", unit(np.cross(ALONG, THUMB_SIDE))),
        Hinge(f"{prefix}hand", f"{prefix}wrist_flex", unit(np.cross(ALONG, PALM))),
    ]
    for finger, chain in hand.chains.items():
        along = unit(bones[chain[1]] * flip)
        build = _thumb_hinges if finger == "thumb" else _finger_hinges
        hinges += build(f"{prefix}{finger}", along, len(chain) - 1)
    if right:
        return tuple(hinges)
    return tuple(Hinge(h.segment, h.angle, mirrored_axis(h.axis)) for h in hinges)


def _finger_hinges(name: str, along: np.ndarray, links: int) -> list[Hinge]:
    """Hinges of a finger: spread in the palm's plane, then flexion of every link."""
    flexion = unit(np.cross(along, PALM))
    outwards = THUMB_SIDE if name.endswith("index") else -THUMB_SIDE
    spread = unit(np.cross(ALONG, outwards))
    hinges = [Hinge(f"{name}_0", f"{name}_spread", spread)]
    joints = ("mcp", "pip", "dip")[:links]
    return hinges + [Hinge(f"{name}_{k}", f"{name}_{j}", flexion) for k, j in enumerate(joints)]


def _thumb_hinges(name: str, along: np.ndarray, links: int) -> list[Hinge]:
    """Hinges of the thumb: opposition before the palm, then flexion across it."""
    opposition = unit(np.cross(along, PALM))
    across = unit(np.cross(along, -THUMB_SIDE))
    joints = ("spread", "mcp", "ip")[:links]
    hinges = [Hinge(f"{name}_0", f"{name}_opposition", opposition)]
    return hinges + [Hinge(f"{name}_{k}", f"{name}_{j}", across) for k, j in enumerate(joints)]


def hand_rig(layout: Layout) -> Rig:
    """Build the rig of a layout that is one hand, a right one, on a freely held forearm.

    Args:
        layout: A layout in which `find_hands` finds one hand.

    Returns:
        Rig with the wrist as its anchor. A left hand is the mirror image of what it gives.
    """
    (hand,) = find_hands(layout)
    bones = rest_bones(layout) @ rest_turn(layout, hand, right=True).T
    carriers = hand_carriers(hand, "")
    forearm = [("forearm_yaw", Y), ("forearm_lean", Z), ("forearm_pitch", X)]
    return Rig(
        segments={"forearm": None, "hand": "forearm", **hand_segments(hand, "")},
        hinges=(
            *(Hinge("forearm", angle, axis) for angle, axis in forearm),
            *hand_hinges(hand, bones, "", right=True),
        ),
        joint_parents=layout.bones,
        joint_order=layout.depth_order,
        bones=bones,
        carrier=tuple(carriers.get(j, "hand") for j in range(layout.num_joints)),
        anchor=(hand.wrist,),
    )


def rest_bones(layout: Layout) -> np.ndarray:
    """Give the neutral pose's bones, zero at the root, shape (V, 3), metres."""
    neutral = np.asarray(layout.neutral, dtype=float)
    return np.asarray(neutral - neutral[np.asarray(layout.bones)])
