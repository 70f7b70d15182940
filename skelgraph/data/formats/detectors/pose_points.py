"""Names of the points in `.pose` headers, in the words of our layouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import SLOTS

FACES = ("FACE_LANDMARKS", "face_keypoints_2d")
BODIES = {"POSE_LANDMARKS": "mediapipe", "pose_keypoints_2d": "openpose"}
HANDS = {
    "LEFT_HAND_LANDMARKS": "left",
    "RIGHT_HAND_LANDMARKS": "right",
    "hand_left_keypoints_2d": "left",
    "hand_right_keypoints_2d": "right",
}
MOUTH = {"mouth_left": "left_mouth", "mouth_right": "right_mouth"}
FINGERS = {"T": "thumb", "I": "index", "M": "middle", "R": "ring", "P": "little"}
THUMB = {"STT": "cmc", "BCMC": "mcp", "MCP": "ip", "IP": "tip"}
FINGER = {"CMC": "mcp", "MCP": "pip", "PIP": "dip", "DIP": "tip"}


@dataclass(frozen=True)
class Points:
    """Where the joints of a layout are among a file's points.

    Args:
        layout: Name of the layout.
        where: Body slot and joint -> number of the point; slot None: of the person's own.
        unused: Components of which nothing is taken.
    """

    layout: str
    where: dict[tuple[int | None, str], int]
    unused: tuple[str, ...]


def find_points(components: Sequence[tuple[str, Sequence[str]]]) -> Points | None:
    """Find the layout for a header's components and the points of its joints.

    Args:
        components: Name and names of the points of each, in the file's order.

    Returns:
        None where no component is known.
    """
    body: dict[str, int] = {}
    hands: dict[str, dict[str, int]] = {}
    family, unused = None, []
    first = 0
    for name, names in components:
        numbered = {point: first + place for place, point in enumerate(names)}
        first += len(names)
        if name in BODIES and family is None:
            family = BODIES[name]
            body = {body_joint(point): number for point, number in numbered.items()}
        elif name in HANDS and HANDS[name] not in hands:
            hands[HANDS[name]] = {hand_joint(point): n for point, n in numbered.items()}
        else:
            unused.append(name)
    if family is None and not hands:
        return None
    if family is None:
        own: dict[tuple[int | None, str], int] = {
            (SLOTS.index(side), joint): number
            for side, joints in hands.items()
            for joint, number in joints.items()
        }
        return Points("mediapipe_hands", own, tuple(unused))
    for side, hand in hands.items():
        body.update({f"{side}_hand_{joint}": number for joint, number in hand.items()})
    layout = _layout(family, body, bool(hands))
    return Points(layout, {(None, joint): number for joint, number in body.items()}, tuple(unused))


def known_joints(points: Points) -> dict[tuple[int | None, str], int]:
    """Keep the points that are joints of the layout."""
    layout: Layout = load_layout(points.layout)
    return {key: number for key, number in points.where.items() if key[1] in layout.joints}


def body_joint(point: str) -> str:
    """Name a body's point as our layouts do.

    Example:
        >>> body_joint("LBigToe"), body_joint("MidHip"), body_joint("MOUTH_LEFT")
        ('left_big_toe', 'mid_hip', 'left_mouth')
    """
    if point.isupper():
        return MOUTH.get(point.lower(), point.lower())
    words = [word.lower() for word in re.findall(r"[A-Z][a-z]*", point)]
    return "_".join({"l": "left", "r": "right"}.get(word, word) for word in words)


def hand_joint(point: str) -> str:
    """Name a hand's point as our layouts do.

    Example:
        >>> hand_joint("INDEX_FINGER_MCP"), hand_joint("T_IP"), hand_joint("P_CMC")
        ('index_mcp', 'thumb_tip', 'little_mcp')
    """
    if point == "BASE":
        return "wrist"
    finger, _, joint = point.partition("_")
    if finger in FINGERS:
        return f"{FINGERS[finger]}_{(THUMB if finger == 'T' else FINGER).get(joint, joint)}"
    return point.lower().replace("_finger", "").replace("pinky", "little")


def _layout(family: str, body: dict[str, int], hands: bool) -> str:
    if family == "mediapipe":
        return "mediapipe_holistic" if hands else "mediapipe_pose"
    if not hands and set(body) == set(load_layout("openpose_coco18").joints):
        return "openpose_coco18"
    return "openpose_body25_hands" if hands else "openpose_body25"
