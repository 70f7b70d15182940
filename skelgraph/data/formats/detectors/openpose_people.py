"""The people of one frame that OpenPose wrote as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skelgraph.errors import Faults, FormatError, list_faults
from skelgraph.graphs import load_layout

BODIES = {75: "openpose_body25", 54: "openpose_coco18"}
"""Count of numbers of a body -> layout."""

HANDS = ("left", "right")
NUM_HAND = 63
MOST_PEOPLE = 32


@dataclass(frozen=True, eq=False)
class Frame:
    """What one file holds.

    Args:
        points: x, y and score of each person's joints, the body's, then those of the left and
            of the right hand, NaN where a part is not there, (people, V, 3).
        numbers: Numbers of a body (0: nobody is there).
        hands: Whether anyone's hands are given.
        face: Whether anyone's face is given.
        crowd: People left out beyond the `MOST_PEOPLE` that are seen best.
    """

    points: np.ndarray
    numbers: int
    hands: bool
    face: bool
    crowd: int = 0


def joint_names(numbers: int) -> list[str]:
    """Name the joints of `Frame.points` for bodies of so many numbers."""
    hand = load_layout("mediapipe_hands").joints
    body = load_layout(BODIES[numbers]).joints
    return [*body, *(f"{side}_hand_{joint}" for side in HANDS for joint in hand)]


def parse_frame(document: Any, where: str) -> Frame:
    """Take the people out of a document.

    Args:
        document: What the JSON file holds.
        where: The file, for messages.

    Raises:
        FormatError: If it is no OpenPose frame; lists the first ten faults.
    """
    people = document.get("people") if isinstance(document, dict) else None
    if not isinstance(people, list):
        raise FormatError(
            f"{where}: expected an object with the list 'people', got "
            f"{_kind(document if people is None else people)}. Give OpenPose's --write_json files."
        )
    faults = Faults()
    bodies = [_numbers(person, number, faults) for number, person in enumerate(people)]
    counts = {body["body"].size for body in bodies}
    if not faults and len(counts) > 1:
        faults.append(f"expected bodies of one model, got {sorted(counts)} numbers. Split them.")
    if faults:
        raise FormatError(f"{where}: {list_faults(faults)}")
    return _frame(bodies)


def _numbers(person: Any, number: int, faults: list[str]) -> dict[str, np.ndarray]:
    """Take the lists of numbers of one person, and note what is wrong with them."""
    empty = np.zeros(0)
    found = {"body": empty, "left": empty, "right": empty, "face": empty}
    if not isinstance(person, dict):
        faults.append(f"person {number}: expected an object, got {_kind(person)}. Make it again.")
        return found
    for part, value in _parts(person).items():
        try:
            array = np.asarray(value if isinstance(value, list) else None)
        except (ValueError, TypeError, OverflowError):
            array = np.asarray(None)
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            faults.append(
                f"person {number}, {part}: expected a list of numbers, got {_kind(value)} with "
                "something else in it. Make the file again."
            )
            continue
        found[part] = array
        if fault := _count_fault(part, array.size):
            faults.append(f"person {number}, {part}: {fault}")
    return found


def _parts(person: dict[str, Any]) -> dict[str, Any]:
    """Find the parts by the names of OpenPose 1.2 and later, or those before it."""

    def value(name: str) -> Any:
        return person.get(f"{name}_2d", person.get(name, []))

    return {
        "body": value("pose_keypoints"),
        "left": value("hand_left_keypoints"),
        "right": value("hand_right_keypoints"),
        "face": value("face_keypoints"),
    }


def _count_fault(part: str, count: int) -> str | None:
    if part == "body" and count not in BODIES:
        return (
            f"expected 75 numbers (BODY_25) or 54 (COCO), got {count}. Run OpenPose with one of "
            "these models."
        )
    if part in HANDS and count not in (0, NUM_HAND):
        return f"expected {NUM_HAND} numbers or none, got {count}. Make the file again."
    return None


def _frame(bodies: list[dict[str, np.ndarray]]) -> Frame:
    if not bodies:
        return Frame(np.zeros((0, 0, 3), np.float32), numbers=0, hands=False, face=False)
    nothing = np.full(NUM_HAND, np.nan)
    rows = [
        np.concatenate([body["body"], *(body[s] if body[s].size else nothing for s in HANDS)])
        for body in bodies
    ]
    with np.errstate(over="ignore"):
        points = np.stack(rows).astype(np.float32).reshape(len(rows), -1, 3)
    crowd = max(0, len(points) - MOST_PEOPLE)
    if crowd:
        best = np.argsort(-np.nansum(points[..., 2], axis=1), kind="stable")[:MOST_PEOPLE]
        points = points[np.sort(best)]
    return Frame(
        points=points,
        numbers=int(bodies[0]["body"].size),
        hands=any(body[side].size for body in bodies for side in HANDS),
        face=any(body["face"].size for body in bodies),
        crowd=crowd,
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing"}
    return names.get(type(value), "a number")
