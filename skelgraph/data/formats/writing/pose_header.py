"""Layouts as components of a `.pose` header: the reverse of `pose_points`."""

from __future__ import annotations

from dataclasses import dataclass

from skelgraph.data.formats.detectors.pose_points import FINGER, FINGERS, MOUTH, THUMB
from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import HANDS, SLOTS

FAMILIES = {
    "mediapipe": ("POSE_LANDMARKS", "{SIDE}_HAND_LANDMARKS"),
    "openpose": ("pose_keypoints_2d", "hand_{side}_keypoints_2d"),
}
LAYOUTS = {
    "mediapipe_pose": "mediapipe",
    "mediapipe_holistic": "mediapipe",
    "mediapipe_hands": "mediapipe",
    "openpose_body25": "openpose",
    "openpose_body25_hands": "openpose",
    "openpose_coco18": "openpose",
}
"""Layout that a .pose file tells -> whose names its points have."""

WHOLE = {"openpose_body25_hands": "openpose", "mediapipe_holistic": "mediapipe"}
"""Layout of which a file can have some joints only -> whose names its points have."""

LEFT, RIGHT, MIDDLE = (220, 60, 40), (40, 90, 220), (60, 160, 60)


@dataclass(frozen=True)
class Part:
    """A component of the header.

    Args:
        name: As pose-format calls it.
        points: Names of its points.
        joints: Their places in the layout.
        limbs: Pairs of points that a bone joins.
        colours: Red, green and blue of each point.
        slot: Body slot that its points are of; None: each person has them.
    """

    name: str
    points: tuple[str, ...]
    joints: tuple[int, ...]
    limbs: tuple[tuple[int, int], ...]
    colours: tuple[tuple[int, int, int], ...]
    slot: int | None = None


def family_of(layout: Layout) -> str | None:
    """Tell whose names a layout's joints have in a header; None if it has other joints."""
    if layout.name in LAYOUTS:
        return LAYOUTS[layout.name]
    if layout.instances == HANDS:
        return None
    joints = set(layout.joints)
    return next((f for name, f in WHOLE.items() if joints <= set(load_layout(name).joints)), None)


def parts_of_layout(layout: Layout) -> list[Part]:
    """Describe a layout that has a family as components: body, left hand, right hand."""
    family = family_of(layout)
    assert family is not None
    body, hand = FAMILIES[family]
    if layout.instances == HANDS:
        joints = tuple(range(layout.num_joints))
        return [
            _part(layout, joints, family, hand_name(hand, side), side, prefix="", slot=slot)
            for slot, side in enumerate(SLOTS)
        ]
    sides = {side: _of_hand(layout, side) for side in SLOTS}
    rest = set(range(layout.num_joints)) - {joint for own in sides.values() for joint in own}
    parts = [_part(layout, tuple(sorted(rest)), family, body, None)]
    return parts + [
        _part(layout, own, family, hand_name(hand, side), side, prefix=f"{side}_hand_")
        for side, own in sides.items()
        if own
    ]


def hand_name(pattern: str, side: str) -> str:
    """Name the component of a hand."""
    return pattern.format(side=side, SIDE=side.upper())


def _of_hand(layout: Layout, side: str) -> tuple[int, ...]:
    return tuple(
        place for place, name in enumerate(layout.joints) if name.startswith(f"{side}_hand_")
    )


def _part(
    layout: Layout,
    joints: tuple[int, ...],
    family: str,
    name: str,
    side: str | None,
    *,
    prefix: str = "",
    slot: int | None = None,
) -> Part:
    place = {joint: point for point, joint in enumerate(joints)}
    names = [layout.joints[joint].removeprefix(prefix) for joint in joints]
    point_of = body_point if side is None else hand_point
    edges = [pair for pair in layout.edges if pair[0] in place and pair[1] in place]
    return Part(
        name=name,
        points=tuple(point_of(own, family) for own in names),
        joints=joints,
        limbs=tuple((place[u], place[v]) for u, v in edges),
        colours=tuple(_colour(f"{side}_" if side else own) for own in names),
        slot=slot,
    )


def body_point(joint: str, family: str) -> str:
    """Name a joint of a body as MediaPipe's or OpenPose's headers do.

    Example:
        >>> body_point("left_big_toe", "openpose"), body_point("left_mouth", "mediapipe")
        ('LBigToe', 'MOUTH_LEFT')
    """
    if family == "mediapipe":
        back = {ours: theirs for theirs, ours in MOUTH.items()}
        return back.get(joint, joint).upper()
    short = {"left": "L", "right": "R"}
    return "".join(short.get(word, word.title()) for word in joint.split("_"))


def hand_point(joint: str, family: str) -> str:
    """Name a joint of a hand as MediaPipe's or OpenPose's headers do.

    Example:
        >>> hand_point("little_mcp", "openpose"), hand_point("little_mcp", "mediapipe")
        ('P_CMC', 'PINKY_MCP')
    """
    if joint == "wrist":
        return "BASE" if family == "openpose" else "WRIST"
    finger, _, part = joint.partition("_")
    if family == "openpose":
        letter = next(letter for letter, name in FINGERS.items() if name == finger)
        parts = THUMB if letter == "T" else FINGER
        return f"{letter}_{next(theirs for theirs, ours in parts.items() if ours == part)}"
    named = {"little": "pinky", "thumb": "thumb"}.get(finger, f"{finger}_finger")
    return f"{named}_{part}".upper()


def _colour(joint: str) -> tuple[int, int, int]:
    if joint.startswith("left_"):
        return LEFT
    return RIGHT if joint.startswith("right_") else MIDDLE
