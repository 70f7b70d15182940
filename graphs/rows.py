"""Joint rows and single values of a layout's description, read without trusting them."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

JOINT_KEYS = ("name", "parent", "neutral")
EXAMPLE_ROW = "[right_elbow, right_shoulder, [0.27, 1.13, 0.01]]"
UNREADABLE = "\0"
FARTHEST = 10.0  # from the origin of a neutral pose in metres; millimetres would lie beyond


class Row(NamedTuple):
    """One joint of a description, as far as it could be read.

    The parent is None at a root and `UNREADABLE` where it was no text.
    """

    name: str
    parent: str | None
    neutral: tuple[float, ...] | None


def key_faults(
    description: Mapping[str, Any], *, required: Iterable[str], optional: Iterable[str]
) -> list[str]:
    """List keys that are missing or unknown, the latter with the nearest known one."""
    known = [*required, *optional]
    faults = [
        f"{key}: expected this key, got none. Add it (`skelgraph layouts show NAME --output "
        "FILE.yaml` writes a whole example)."
        for key in required
        if key not in description
    ]
    for key in description:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            hint = f"Did you mean '{near[0]}'?" if near else "Remove it."
            faults.append(f"keys: expected one of {', '.join(known)}, got {key!r}. {hint}")
    return faults


def read_rows(joints: Any) -> tuple[list[Row], list[str]]:
    """Read the joints of a description.

    Returns:
        Rows that could be read (each joint once, in order), and the faults of all.
    """
    if joints is None:
        return [], []
    if not isinstance(joints, Sequence) or isinstance(joints, str) or not joints:
        return [], [
            f"joints: expected a list of joints, got {show(joints)}. Add rows like {EXAMPLE_ROW}."
        ]
    rows: dict[str, Row] = {}
    faults: list[str] = []
    for place, joint in enumerate(joints):
        row, row_faults = _read_row(joint, f"joints[{place}]")
        faults += row_faults
        if row is not None:
            rows.setdefault(row.name, row)
    return list(rows.values()), faults + _double_names(joints)


def show(value: Any) -> str:
    """Show a value in a message, shortened."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_number(value: Any) -> bool:
    """Tell a finite number from everything else; True and False are no numbers."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) if isinstance(value, float) else True


def is_position(value: Any) -> TypeGuard[Sequence[float]]:
    """Tell three numbers that can be metres of a pose from everything else."""
    if not isinstance(value, list | tuple) or len(value) != 3:
        return False
    return all(is_number(metres) and abs(metres) <= FARTHEST for metres in value)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Tell a list from text and everything else."""
    return isinstance(value, list | tuple)


def unknown_joint(where: str, joint: Any, joints: Iterable[str]) -> str:
    """Word the fault of a joint that the layout does not have."""
    near = difflib.get_close_matches(str(joint), sorted(joints), n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else "Name a joint of the layout."
    return f"{where}: expected a joint of the layout, got {show(joint)}. {hint}"


def _read_row(joint: Any, where: str) -> tuple[Row | None, list[str]]:
    if isinstance(joint, Mapping):
        faults = [
            f"{where}: {fault}"
            for fault in key_faults(joint, required=("name",), optional=JOINT_KEYS[1:])
        ]
        name, parent, neutral = (joint.get(key) for key in JOINT_KEYS)
    elif is_list(joint) and 1 <= len(joint) <= 3:
        faults = []
        name, parent, neutral = [*joint, None, None][:3]
    else:
        return None, [
            f"{where}: expected a row of name, parent and neutral position, got {show(joint)}. "
            f"Write it like {EXAMPLE_ROW}."
        ]
    if not isinstance(name, str) or not name.strip():
        faults.append(f"{where}: expected a joint's name as text, got {show(name)}. Quote it.")
        return None, faults
    where = f"{where} '{name}'"
    if parent is not None and not isinstance(parent, str):
        faults.append(f"{where}: expected the parent's name or null, got {show(parent)}. Quote it.")
    if not is_position(neutral):
        faults.append(
            f"{where}: expected a neutral position of three numbers in metres, within "
            f"{FARTHEST:g} m, got {show(neutral)}. Add [x, y, z]."
        )
    position = tuple(round(float(v), 6) for v in neutral) if is_position(neutral) else None
    readable = parent is None or isinstance(parent, str)
    return Row(name, parent if readable else UNREADABLE, position), faults


def _double_names(joints: Sequence[Any]) -> list[str]:
    def name_of(joint: Any) -> Any:
        if isinstance(joint, Mapping):
            return joint.get("name")
        return joint[0] if is_list(joint) and joint else None

    counts = Counter(name for name in map(name_of, joints) if isinstance(name, str))
    return [
        f"joints: expected each name once, got '{name}' {number} times. Rename all but one."
        for name, number in counts.items()
        if number > 1
    ]
