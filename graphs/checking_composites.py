"""Everything that can be wrong with a composite's description before its layouts are joined."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from skelgraph.graphs.checking import OPTIONAL, REQUIRED
from skelgraph.graphs.checking_rules import KEY, find_shape_faults
from skelgraph.graphs.rows import is_list, is_number, is_position, key_faults, show, unknown_joint

ENTRY_KEYS = ("joints", "prefix", "slot", "attach", "offset", "turn")
SLOTS = ("left", "right")
OWN_KEYS = tuple(
    key for key in (*REQUIRED, *OPTIONAL) if key not in ("name", "joints", "components")
)


def find_composite_faults(description: Mapping[str, Any]) -> list[str]:
    """List what is wrong with the keys and entries of a composite, empty if nothing is.

    What its joined joints get wrong is found afterwards, see `checking.find_faults`.

    Example:
        >>> find_composite_faults({"name": "both", "compose": []})[0][:45]
        'compose: expected a list of layouts, got []. '
    """
    faults = key_faults(description, required=("name", "compose"), optional=OWN_KEYS)
    faults += _kind_faults(description)
    entries = description["compose"]
    if not is_list(entries) or not entries:
        faults.append(
            f"compose: expected a list of layouts, got {show(entries)}. Add entries like "
            "{layout: mediapipe_hands, prefix: left_hand_, slot: left, attach: left_wrist}."
        )
        return faults
    for place, entry in enumerate(entries):
        faults += _entry_faults(entry, f"compose[{place}]", first=place == 0)
    return faults + _double_slots(entries)


def find_attach_faults(
    entries: Sequence[Mapping[str, Any]], joints: Sequence[Sequence[str]]
) -> list[str]:
    """List entries that hang on a joint which no layout before them has.

    Args:
        entries: Entries of `compose`, without faults of their own.
        joints: Joint names of each entry's layout, without its prefix.
    """
    known: list[str] = []
    faults = []
    for place, (entry, names) in enumerate(zip(entries, joints, strict=True)):
        if "attach" in entry and entry["attach"] not in known:
            faults.append(unknown_joint(f"compose[{place}]: attach", entry["attach"], known))
        known += [entry.get("prefix", "") + name for name in names]
    return faults


def _kind_faults(description: Mapping[str, Any]) -> list[str]:
    faults = []
    for key in ("extra_edges", "virtual", "mirror"):
        if not is_list(description.get(key) or []):
            got = show(description[key])
            faults.append(f"{key}: expected a list, got {got}. Write it with [ and ].")
    if not isinstance(description.get("parts") or {}, Mapping):
        faults.append(
            f"parts: expected names with lists of joints, got {show(description['parts'])}. "
            "Write left_arm: [left_elbow, left_wrist]."
        )
    return faults + find_shape_faults(description.get(KEY))


def _entry_faults(entry: Any, where: str, *, first: bool) -> list[str]:
    if not isinstance(entry, Mapping):
        return [
            f"{where}: expected keys layout, prefix, ..., got {show(entry)}. Write "
            "{layout: NAME}."
        ]
    faults = key_faults(entry, required=("layout",), optional=ENTRY_KEYS)
    for key in ("layout", "prefix", "attach"):
        if not isinstance(entry.get(key, ""), str):
            faults.append(f"{key}: expected text, got {show(entry[key])}. Put it in quotes.")
    if entry.get("slot") not in (None, *SLOTS):
        near = difflib.get_close_matches(str(entry["slot"]), SLOTS, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else "Choose one of them."
        faults.append(f"slot: expected 'left' or 'right', got {show(entry['slot'])}. {hint}")
    names = entry.get("joints", ["joint"])
    if not is_list(names) or not names or not all(isinstance(name, str) for name in names):
        faults.append(f"joints: expected a list of joint names, got {show(names)}. Name joints.")
    faults += _placing_faults(entry, first=first)
    return [f"{where}: {fault}" for fault in faults]


def _placing_faults(entry: Mapping[str, Any], *, first: bool) -> list[str]:
    faults = []
    if first and any(key in entry for key in ("attach", "offset", "turn")):
        faults.append(
            "attach: expected none at the first layout, which holds the root, got one. Remove "
            "attach, offset and turn there."
        )
    if not first and "attach" not in entry:
        faults.append(
            "attach: expected a joint of a layout before to hang on, got none. Add attach: JOINT."
        )
    if "offset" in entry and not is_position(entry["offset"]):
        faults.append(
            f"offset: expected three numbers in metres, got {show(entry['offset'])}. Write "
            "[x, y, z]."
        )
    if "turn" in entry and not is_number(entry["turn"]):
        faults.append(f"turn: expected degrees, got {show(entry['turn'])}. Give a number.")
    return faults


def _double_slots(entries: Sequence[Any]) -> list[str]:
    seen: set[tuple[Any, Any]] = set()
    faults = []
    for entry in entries:
        if not isinstance(entry, Mapping) or entry.get("slot") is None:
            continue
        key = (str(entry.get("layout")), str(entry["slot"]))
        if key in seen:
            faults.append(
                f"compose: expected each slot once, got two of '{key[0]}' with slot "
                f"'{key[1]}'. Give one of them the other slot."
            )
        seen.add(key)
    return faults
