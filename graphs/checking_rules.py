"""Everything that can be wrong with the rules by which a layout is taken from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from skelgraph.graphs.rows import is_list, show, unknown_joint

KEY = "from"
EXAMPLE = "kinect_v2: {neck: spine_shoulder, mid_hip: [left_hip, right_hip]}"


def find_rule_faults(description: Mapping[str, Any], joints: Collection[str]) -> list[str]:
    """List what is wrong with the rules themselves; their source layouts are not looked at.

    Args:
        description: What a layout file holds.
        joints: Joints of that layout.

    Example:
        >>> find_rule_faults({"from": {"coco17": {"neck": "nose"}}}, ["neck"])
        []
    """
    listed = description.get(KEY)
    faults = find_shape_faults(listed)
    for source, rules in listed.items() if isinstance(listed, Mapping) else ():
        if isinstance(rules, Mapping):
            faults += _faults_of(f"{KEY}, {source}", rules, joints)
    return faults


def find_shape_faults(listed: Any) -> list[str]:
    """List layouts without a name and rules that are no mapping."""
    if listed is None:
        return []
    if not isinstance(listed, Mapping):
        return [f"{KEY}: expected layouts with rules, got {show(listed)}. Write {EXAMPLE}."]
    faults = [
        f"{KEY}: expected a layout's name, got {show(source)}. Quote it."
        for source in listed
        if not isinstance(source, str)
    ]
    faults += [
        f"{KEY}, {source}: expected joints with rules, got {show(rules)}. Write {EXAMPLE}."
        for source, rules in listed.items()
        if not isinstance(rules, Mapping)
    ]
    return faults


def find_source_faults(
    source: str, rules: Mapping[str, tuple[str, ...]], joints: Collection[str]
) -> list[str]:
    """List joints that rules take from a layout which does not have them."""
    return [
        unknown_joint(f"{KEY}, {source}, {joint}", name, joints).replace(
            "a joint of the layout,", f"a joint of '{source}',"
        )
        for joint, names in rules.items()
        for name in names
        if name not in joints
    ]


def read_rules(listed: Mapping[str, Any] | None) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read sound rules: source layout -> joint -> the joints that it is the mean of."""
    return {
        source: {joint: _names(taken) for joint, taken in rules.items()}
        for source, rules in (listed or {}).items()
    }


def write_rules(rules: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[str, Any]:
    """Turn rules back into the form that a layout file has."""

    def plain(names: tuple[str, ...]) -> Any:
        return list(names) if len(names) > 1 else next(iter(names), None)

    return {
        source: {joint: plain(names) for joint, names in own.items()}
        for source, own in rules.items()
    }


def _names(taken: Any) -> tuple[str, ...]:
    if taken is None:
        return ()
    return (taken,) if isinstance(taken, str) else tuple(taken)


def _faults_of(where: str, rules: Mapping[Any, Any], joints: Collection[str]) -> list[str]:
    faults = []
    for joint, taken in rules.items():
        if joint not in joints:
            faults.append(unknown_joint(where, joint, joints))
        if taken is None or isinstance(taken, str):
            continue
        if not is_list(taken) or len(taken) < 2 or not all(isinstance(n, str) for n in taken):
            faults.append(
                f"{where}, {joint}: expected a joint, a list of at least two whose mean it is, or "
                f"null, got {show(taken)}. Write {EXAMPLE}."
            )
            continue
        faults += [
            f"{where}, {joint}: expected each joint once, got '{name}' {number} times. Remove one."
            for name, number in Counter(taken).items()
            if number > 1
        ]
    return faults
