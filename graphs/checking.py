"""Everything that can be wrong with a layout's description, found in one go.

A description is what a layout file holds, see `skelgraph.graphs.description`. Checks that need
joints by name use those joints whose rows could be read, so that one wrong row does not hide
the faults of others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skelgraph.graphs.checking_rules import KEY, find_rule_faults
from skelgraph.graphs.circles import find_circles
from skelgraph.graphs.rows import (
    UNREADABLE,
    Row,
    is_list,
    key_faults,
    read_rows,
    show,
    unknown_joint,
)

REQUIRED = ("name", "joints", "centre", "reference")
OPTIONAL = (
    "title",
    "source",
    "instances",
    "max_bodies",
    "extra_edges",
    "virtual",
    "mirror",
    "parts",
    "components",
    KEY,
)
INSTANCES = ("people", "hands")
COMPONENT_KEYS = ("layout", "prefix", "slot", "joints")


def find_faults(description: Any) -> list[str]:
    """List everything that is wrong with a layout's description, empty if nothing is.

    Example:
        >>> find_faults(None)
        ['file: expected a mapping of keys (name, joints, ...), got nothing. Start from \
`skelgraph layouts show NAME --output FILE.yaml`.']
    """
    if not isinstance(description, Mapping):
        return [_no_mapping(description)]
    faults = key_faults(description, required=REQUIRED, optional=OPTIONAL)
    faults += _text_faults(description, ("name", "title", "source"))
    faults += _setting_faults(description)
    rows, row_faults = read_rows(description.get("joints"))
    faults += row_faults + _tree_faults(rows) + _bone_faults(rows)
    joints = frozenset(row.name for row in rows)
    for check in (_list_faults_of_names, _edge_faults, _part_faults, _reference_faults):
        faults += check(description, joints)
    faults += _component_faults(description, joints)
    faults += find_rule_faults(description, joints)
    faults += _mirror_faults(description, rows)
    if not faults:
        faults += _reference_length_faults(description, rows)
    return faults


def _no_mapping(description: Any) -> str:
    return (
        f"file: expected a mapping of keys (name, joints, ...), got {show(description)}. "
        "Start from `skelgraph layouts show NAME --output FILE.yaml`."
    )


def _text_faults(description: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    faults = []
    for key in keys:
        value = description.get(key, "text")
        if not isinstance(value, str) or (key == "name" and not value.strip()):
            faults.append(f"{key}: expected text, got {show(value)}. Put it in quotes.")
    return faults


def _setting_faults(description: Mapping[str, Any]) -> list[str]:
    faults = []
    instances = description.get("instances", "people")
    if instances not in INSTANCES:
        faults.append(
            f"instances: expected 'people' (unordered) or 'hands' (left, right), got "
            f"{show(instances)}. Choose one of them."
        )
    bodies = description.get("max_bodies", 2)
    if not isinstance(bodies, int) or isinstance(bodies, bool) or bodies < 1:
        faults.append(
            f"max_bodies: expected a whole number of at least 1, got {show(bodies)}. Give the "
            "number of body slots."
        )
    elif instances == "hands" and bodies != 2:
        faults.append(f"max_bodies: expected 2 for hands (left and right), got {bodies}. Give 2.")
    return faults


def _tree_faults(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    parents = {row.name: row.parent for row in rows}
    faults = [
        unknown_joint(f"joints '{row.name}', parent", row.parent, parents)
        for row in rows
        if row.parent not in (None, UNREADABLE, *parents)
    ]
    circles = find_circles(parents)
    faults += [
        f"joints: expected every joint to lead to the root, got the circle "
        f"{' -> '.join([*circle, circle[0]])}. Give one of them another parent."
        for circle in circles
    ]
    roots = [row.name for row in rows if row.parent is None]
    if len(roots) > 1 or (not roots and not circles and not faults):
        got = f"{len(roots)} ({', '.join(roots)})" if roots else "none"
        faults.append(
            f"joints: expected one root (a joint whose parent is null), got {got}. "
            "Give all joints but one a parent; list bones that only join loose parts as virtual."
        )
    return faults


def _bone_faults(rows: Sequence[Row]) -> list[str]:
    neutral = {row.name: row.neutral for row in rows}
    return [
        f"joints '{row.name}': expected a bone longer than 0 in the neutral pose, got the same "
        f"position as its parent '{row.parent}'. Move one of them."
        for row in rows
        if row.neutral is not None
        and row.parent is not None
        and row.parent != row.name
        and neutral.get(row.parent) == row.neutral
    ]


def _names_faults(where: str, names: Any, joints: frozenset[str]) -> list[str]:
    if not is_list(names):
        return [f"{where}: expected a list of joints, got {show(names)}. Write [joint, joint]."]
    faults = [unknown_joint(where, name, joints) for name in names if not _known(name, joints)]
    texts = Counter(name for name in names if isinstance(name, str))
    faults += [
        f"{where}: expected each joint once, got '{name}' {number} times. Remove the others."
        for name, number in texts.items()
        if number > 1
    ]
    return faults


def _known(name: Any, joints: frozenset[str]) -> bool:
    return isinstance(name, str) and name in joints


def _list_faults_of_names(description: Mapping[str, Any], joints: frozenset[str]) -> list[str]:
    faults = _names_faults("virtual", description.get("virtual") or [], joints)
    centre = description.get("centre", [])
    centre = [centre] if isinstance(centre, str) else centre
    faults += _names_faults("centre", centre, joints)
    if "centre" in description and not centre:
        faults.append("centre: expected at least one joint, got none. Name a joint of the torso.")
    return faults


def _pairs(
    description: Mapping[str, Any], key: str, joints: frozenset[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    listed = description.get(key) or []
    if not is_list(listed):
        return [], [f"{key}: expected a list of pairs, got {show(listed)}. Write [[a, b], [c, d]]."]
    pairs, faults = [], []
    for place, pair in enumerate(listed):
        where = f"{key}[{place}]"
        if not is_list(pair) or len(pair) != 2:
            faults.append(f"{where}: expected a pair of joints, got {show(pair)}. Write [a, b].")
        elif pair[0] == pair[1]:
            faults.append(f"{where}: expected two joints, got {show(pair[0])} twice. Remove it.")
        else:
            wrong = [name for name in pair if not _known(name, joints)]
            faults += [unknown_joint(where, name, joints) for name in wrong]
            pairs += [] if wrong else [(pair[0], pair[1])]
    return pairs, faults


def _edge_faults(description: Mapping[str, Any], joints: frozenset[str]) -> list[str]:
    pairs, faults = _pairs(description, "extra_edges", joints)
    bones = {frozenset((row.name, row.parent)) for row in read_rows(description.get("joints"))[0]}
    seen: set[frozenset[str]] = set()
    for pair in pairs:
        edge = frozenset(pair)
        if edge in bones or edge in seen:
            what = "a bone" if edge in bones else "listed before"
            faults.append(
                f"extra_edges: expected edges that are new, got {list(pair)}, which is {what}. "
                "Remove it."
            )
        seen.add(edge)
    return faults


def _part_faults(description: Mapping[str, Any], joints: frozenset[str]) -> list[str]:
    parts = description.get("parts") or {}
    if not isinstance(parts, Mapping):
        return [
            f"parts: expected names with lists of joints, got {show(parts)}. Write "
            "left_arm: [left_elbow, left_wrist]."
        ]
    faults = []
    owner: dict[str, str] = {}
    for part, names in parts.items():
        if not isinstance(part, str):
            faults.append(f"parts: expected names as text, got {show(part)}. Put it in quotes.")
        faults += _names_faults(f"parts, {part}", names, joints)
        if is_list(names) and not names:
            faults.append(f"parts, {part}: expected at least one joint, got none. Remove it.")
        for name in names if is_list(names) else ():
            if isinstance(name, str) and owner.setdefault(name, part) != part:
                faults.append(
                    f"parts: expected each joint in one part, got '{name}' in '{owner[name]}' "
                    f"and '{part}'. Remove one."
                )
    return faults


def _component_faults(description: Mapping[str, Any], joints: frozenset[str]) -> list[str]:
    components = description.get("components") or []
    if not is_list(components):
        return [f"components: expected a list, got {show(components)}. Remove the key."]
    faults = []
    for place, component in enumerate(components):
        where = f"components[{place}]"
        if not isinstance(component, Mapping) or set(component) != set(COMPONENT_KEYS):
            faults.append(
                f"{where}: expected the keys {', '.join(COMPONENT_KEYS)}, got {show(component)}. "
                "Write composites with `compose`."
            )
        else:
            faults += _names_faults(where, component["joints"], joints)
            faults += _text_faults(component, ("layout", "prefix"))
            if component["slot"] not in (None, "left", "right"):
                got = show(component["slot"])
                faults.append(f"{where}: expected slot left, right or null, got {got}. Correct it.")
    return faults


def _reference_faults(description: Mapping[str, Any], joints: frozenset[str]) -> list[str]:
    reference = description.get("reference")
    if "reference" not in description:
        return []
    if not is_list(reference) or len(reference) != 2 or not all(map(is_list, reference)):
        return [
            f"reference: expected two lists of joints, got {show(reference)}. Write "
            "[[left_hip, right_hip], [neck]]."
        ]
    faults = []
    for place, group in enumerate(reference):
        faults += _names_faults(f"reference[{place}]", group, joints)
        if not group:
            faults.append(f"reference[{place}]: expected at least one joint, got none. Name one.")
    return faults


def _reference_length_faults(description: Mapping[str, Any], rows: Sequence[Row]) -> list[str]:
    neutral = {row.name: row.neutral or (0.0, 0.0, 0.0) for row in rows}
    means = [
        [sum(neutral[name][axis] for name in group) / len(group) for axis in range(3)]
        for group in description["reference"]
    ]
    if math.dist(*means) > 0:
        return []
    return [
        "reference: expected two groups some way apart in the neutral pose, got the same place. "
        "Name joints at both ends of the torso, or wrist and middle knuckle."
    ]


def _mirror_faults(description: Mapping[str, Any], rows: Sequence[Row]) -> list[str]:
    joints = frozenset(row.name for row in rows)
    pairs, faults = _pairs(description, "mirror", joints)
    counts = Counter(name for pair in pairs for name in pair)
    faults += [
        f"mirror: expected each joint in one pair, got '{name}' in {number}. Remove the others."
        for name, number in counts.items()
        if number > 1
    ]
    if faults or max(counts.values(), default=0) > 1:
        return faults
    twin = {name: name for name in joints} | dict(pairs) | {right: left for left, right in pairs}
    parents = {row.name: row.parent for row in rows}
    for left, right in pairs:
        above = (parents[left], parents[right])
        if UNREADABLE in above or set(above) <= {left, right}:
            continue  # an unreadable parent or a circle, reported as such
        if parents[right] != twin.get(parents[left] or ""):
            faults.append(
                f"mirror: expected pairs that are symmetric in the tree, got '{left}' on "
                f"'{parents[left]}' but '{right}' on '{parents[right]}'. Correct the pair or a "
                "parent."
            )
    return faults
