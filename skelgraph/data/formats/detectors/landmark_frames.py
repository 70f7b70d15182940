"""One frame of MediaPipe's results as people dump them to JSON: pose, hands, sides."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.errors import FormatError

POSE, LEFT, RIGHT, HANDS, SIDES = "pose", "left", "right", "hands", "sides"
KEYS = {
    "pose_landmarks": POSE,
    "left_hand_landmarks": LEFT,
    "right_hand_landmarks": RIGHT,
    "hand_landmarks": HANDS,
    "multi_hand_landmarks": HANDS,
    "handedness": SIDES,
    "handednesses": SIDES,
    "multi_handedness": SIDES,
}
LOST = {
    "face_landmarks": "points of the face are dropped: no layout has them",
    "multi_face_landmarks": "points of the face are dropped: no layout has them",
    "pose_world_landmarks": "world landmarks are dropped: those of the picture are read",
    "hand_world_landmarks": "world landmarks are dropped: those of the picture are read",
    "multi_hand_world_landmarks": "world landmarks are dropped: those of the picture are read",
}
COUNTS = {POSE: 33, LEFT: 21, RIGHT: 21, HANDS: 21}
MOST_BODIES = 32


@dataclass(eq=False)
class Landmarks:
    """What a frame holds; each body is x, y, z, visibility, float32 (V, 4).

    Args:
        poses: People, each (33, 4).
        left: The left hand, (21, 4).
        right: The right hand, (21, 4).
        parts: Which of pose and hands the frame has a key for, found or not.
        notes: What was decided.
        extra: Bodies that have no place.
    """

    poses: list[np.ndarray] = field(default_factory=list)
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    parts: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    extra: int = 0


def snake(key: str) -> str:
    """Write a key of the JavaScript packages as those of Python do.

    Example:
        >>> snake("leftHandLandmarks")
        'left_hand_landmarks'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def parse_landmarks(frame: Any, where: str) -> Landmarks:
    """Take pose and hands out of a frame.

    Raises:
        FormatError: If it is no object of landmarks.
    """
    if not isinstance(frame, dict):
        raise FormatError(
            f"{where}: expected an object with pose_landmarks or hand_landmarks, got "
            f"{type(frame).__name__}. Write an object a frame."
        )
    found = Landmarks()
    values: dict[str, Any] = {}
    for key, value in frame.items():
        name = snake(key)
        if name in KEYS:
            values[KEYS[name]] = value
        elif name in LOST:
            found.notes.append(LOST[name])
    found.parts = {POSE if part == POSE else HANDS for part in values if part != SIDES}
    poses = _bodies(values.get(POSE), POSE, where)
    found.extra += max(0, len(poses) - MOST_BODIES)
    found.poses = poses[:MOST_BODIES]
    for part in (LEFT, RIGHT):
        for hand in _bodies(values.get(part), part, where):
            _place(found, part, hand)
    _place_hands(found, _bodies(values.get(HANDS), HANDS, where), values.get(SIDES))
    return found


def _place(found: Landmarks, side: str, hand: np.ndarray) -> None:
    if getattr(found, side) is not None:
        found.extra += 1
    else:
        setattr(found, side, hand)


def _place_hands(found: Landmarks, hands: list[np.ndarray], sides: Any) -> None:
    """Put hands to the sides that the frame names; else the first is the right one."""
    named = [_side(item) for item in sides] if isinstance(sides, list) else []
    if hands and (len(named) != len(hands) or None in named):
        found.notes.append("sides of the hands not named: the first is read as the right hand")
        named = [RIGHT, LEFT]
        found.extra += max(0, len(hands) - 2)
    for hand, side in zip(hands, named, strict=False):
        _place(found, side or RIGHT, hand)


def _side(item: Any, depth: int = 0) -> str | None:
    """Find 'left' or 'right' in what MediaPipe's packages say of a hand."""
    if isinstance(item, str):
        return item.lower() if item.lower() in (LEFT, RIGHT) else None
    if depth > 3:
        return None
    if isinstance(item, list):
        return _side(item[0], depth + 1) if item else None
    if isinstance(item, dict):
        names = ("category_name", "categoryName", "label", "display_name", "classification")
        for name in names:
            if (side := _side(item.get(name), depth + 1)) is not None:
                return side
    return None


def _bodies(value: Any, part: str, where: str) -> list[np.ndarray]:
    """Take the bodies of a part: none, one, or a list of several."""
    value = _unwrapped(value)
    if value is None or value == []:
        return []
    if not isinstance(value, list):
        raise FormatError(
            f"{where}, {part}: expected a list of landmarks, got {type(value).__name__}. "
            "Write x, y and z of each."
        )
    first = _unwrapped(value[0])
    several = isinstance(first, list) and not _all_numbers(first)
    bodies = [_unwrapped(body) for body in value] if several else [value]
    return [_points(body, part, where) for body in bodies if body]


def _unwrapped(value: Any) -> Any:
    """Open the objects in which protobuf's JSON wraps its lists."""
    if isinstance(value, dict):
        return value.get("landmark", value.get("landmarks", value))
    return value


def _all_numbers(value: Sequence[Any]) -> bool:
    return bool(value) and all(_is_number(item) for item in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _points(body: Any, part: str, where: str) -> np.ndarray:
    count = COUNTS[part]
    if not isinstance(body, list) or len(body) != count:
        size = len(body) if isinstance(body, list) else type(body).__name__
        raise FormatError(
            f"{where}, {part}: expected {count} landmarks, got {size}. Make the file again with "
            "MediaPipe's own models."
        )
    rows = [_row(point, part, number, where) for number, point in enumerate(body)]
    return to_float32(np.array(rows, dtype=np.float64))


def _row(point: Any, part: str, number: int, where: str) -> tuple[float, float, float, float]:
    """Read x, y, z and visibility (or presence), 1 where it is not told."""
    if isinstance(point, dict):
        x, y, z = point.get("x"), point.get("y"), point.get("z", 0.0)
        score = point.get("visibility")
    elif isinstance(point, list) and len(point) in (2, 3, 4):
        x, y, z, score = [*point, *[0.0, None][len(point) - 2 :]][:4]
    else:
        x = y = z = score = None
    score = 1.0 if score is None else score
    if not all(_is_usable(value) for value in (x, y, z, score)):
        raise FormatError(
            f"{where}, {part}, landmark {number}: expected numbers x, y and z, got "
            f"{str(point)[:80]}. Correct it."
        )
    return float(x), float(y), float(z), float(score)  # type: ignore[arg-type]


def _is_usable(value: Any) -> bool:
    """Tell a number that float32 holds, or NaN or infinity, which the survey makes missing."""
    if not _is_number(value):
        return False
    # A whole number of hundreds of digits has no float to ask about.
    return abs(value) < 1e30 or (isinstance(value, float) and not math.isfinite(value))
