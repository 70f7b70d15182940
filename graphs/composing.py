"""Several layouts joined into one, and parts taken out of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skelgraph.errors import LayoutError
from skelgraph.graphs.checking_rules import KEY, write_rules
from skelgraph.graphs.description import describe
from skelgraph.graphs.layout import SLOTS, Layout


def subset(layout: Layout, joints: Sequence[str], *, name: str | None = None) -> Layout:
    """Keep some joints of a layout, in the order given.

    A joint whose parent goes hangs on its nearest ancestor that stays, by a virtual bone. Edges,
    mirror pairs and parts stay as far as their joints do; a centre that goes wholly becomes the
    new root.

    Args:
        layout: Layout to take from; left unchanged.
        joints: Names of the joints to keep.
        name: Name of the result. None: that of `layout`.

    Raises:
        LayoutError: If a name is unknown or double, if the joints kept do not hang together in
            one tree, or if a reference group is lost.
    """
    layout.indices(joints)
    kept = dict.fromkeys(joints)
    if len(kept) < len(joints) or not joints:
        raise LayoutError(
            f"subset of layout '{layout.name}': expected joint names, each once, got "
            f"{len(joints)} names of {len(kept)} joints. Name each joint once."
        )
    full = describe(layout)
    parent_of = {joint: parent for joint, parent, _ in full["joints"]}
    neutral_of = {joint: neutral for joint, _, neutral in full["joints"]}
    parents = {joint: _kept_ancestor(joint, parent_of, kept) for joint in kept}
    _demand_one_root(layout, [joint for joint, parent in parents.items() if parent is None])
    moved = [joint for joint in kept if parents[joint] not in (None, parent_of[joint])]

    def still(names: Sequence[str]) -> list[str]:
        return [joint for joint in names if joint in kept]

    virtual = [joint for joint in still(full["virtual"]) if parents[joint] is not None]
    parts = {part: still(names) for part, names in full["parts"].items()}
    reference = [still(group) for group in full["reference"]]
    if not all(reference):
        raise LayoutError(
            f"subset of layout '{layout.name}': expected a joint of each reference group "
            f"{full['reference']}, got {reference}. Keep one joint of each."
        )
    root = next(joint for joint, parent in parents.items() if parent is None)
    rules = {
        source: {joint: names for joint, names in own.items() if joint in kept}
        for source, own in layout.rules.items()
    }
    return Layout.from_dict(
        {
            **full,
            "name": name or layout.name,
            "joints": [[joint, parents[joint], neutral_of[joint]] for joint in kept],
            "extra_edges": [edge for edge in full["extra_edges"] if len(still(edge)) == 2],
            "virtual": list(dict.fromkeys([*virtual, *moved])),
            "centre": still(full["centre"]) or [root],
            "mirror": [pair for pair in full["mirror"] if len(still(pair)) == 2],
            "parts": {part: names for part, names in parts.items() if names},
            "reference": reference,
            "components": [],
            KEY: write_rules(rules),
        },
        where=f"subset of layout '{layout.name}'",
    )


def compose(own: Mapping[str, Any], layouts: Sequence[Layout]) -> dict[str, Any]:
    """Join layouts into the description of one.

    The first layout is the body; each further one hangs with its root on a joint of those
    before, by a virtual bone. Centre, reference, instances and slots are the body's unless
    `own` has its own; the body's rules hold where `own` has none for a joint.

    Args:
        own: The composite's file, checked: `compose` has one entry for each of `layouts`.
        layouts: The layouts named by the entries, already cut to the joints asked for.

    Returns:
        A description for `Layout.from_dict`.
    """
    entries = own["compose"]
    body = describe(layouts[0])
    result: dict[str, Any] = {
        "title": own["name"],
        "source": layouts[0].source,
        "joints": [],
        "components": [],
        "parts": {},
        **{key: [] for key in ("extra_edges", "virtual", "mirror")},
        **{key: body[key] for key in ("instances", "max_bodies")},
    }
    for entry, layout in zip(entries, layouts, strict=True):
        _append(result, entry, layout)
    first_prefix = entries[0].get("prefix", "")
    result["centre"] = [first_prefix + joint for joint in body["centre"]]
    result["reference"] = [[first_prefix + j for j in group] for group in body["reference"]]
    result["mirror"] += _pairs_across(entries, layouts)
    for key in ("extra_edges", "virtual", "mirror"):
        result[key] += own.get(key) or []
    result["parts"].update(own.get("parts") or {})
    result[KEY] = _joined_rules(layouts[0], first_prefix, own.get(KEY) or {})
    overriding = set(own) - {"compose", "extra_edges", "virtual", "mirror", "parts", KEY}
    return {**result, **{key: own[key] for key in overriding}}


def place(layout: Layout, entry: Mapping[str, Any], at: Sequence[float]) -> np.ndarray:
    """Move a part's neutral pose so that its root lies `offset` away from where it is attached.

    Args:
        layout: The part; a left slot takes the mirrored pose of a hand.
        entry: `offset` in metres and `turn` in degrees about z, from x towards y.
        at: Position of the joint it hangs on, metres.

    Returns:
        Metres, shape (V, 3).
    """
    body = SLOTS.index(entry["slot"]) if entry.get("slot") else 1
    pose = layout.neutral_of(body).astype(np.float64)
    angle = np.deg2rad(entry.get("turn", 0.0))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = (pose - pose[layout.root]) @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    offset = np.asarray(entry.get("offset", (0.0, 0.0, 0.0)))
    return np.asarray(np.asarray(at) + offset + turned)


def _append(result: dict[str, Any], entry: Mapping[str, Any], layout: Layout) -> None:
    prefix = entry.get("prefix", "")
    full = describe(layout)

    def named(joints: Sequence[str]) -> list[str]:
        return [prefix + joint for joint in joints]

    positions = {joint: neutral for joint, _, neutral in result["joints"]}
    attach = entry.get("attach")
    pose = layout.neutral if attach is None else place(layout, entry, positions[attach])
    for (joint, parent, _), metres in zip(full["joints"], pose.tolist(), strict=True):
        hangs_on = attach if parent is None else prefix + parent
        result["joints"].append([prefix + joint, hangs_on, metres])
    if attach is not None:
        result["virtual"].append(prefix + layout.joints[layout.root])
    result["virtual"] += named(full["virtual"])
    result["extra_edges"] += [named(edge) for edge in full["extra_edges"]]
    result["mirror"] += [named(pair) for pair in full["mirror"]]
    result["parts"].update({prefix + part: named(j) for part, j in full["parts"].items()})
    result["components"].append(
        {
            "layout": layout.name,
            "prefix": prefix,
            "slot": entry.get("slot"),
            "joints": named(layout.joints),
        }
    )


def _joined_rules(body: Layout, prefix: str, own: Mapping[str, Any]) -> dict[str, Any]:
    result = {
        source: {prefix + joint: taken for joint, taken in rules.items()}
        for source, rules in write_rules(body.rules).items()
    }
    for source, rules in own.items():
        result[source] = {**result.get(source, {}), **rules}
    return result


def _pairs_across(
    entries: Sequence[Mapping[str, Any]], layouts: Sequence[Layout]
) -> list[list[str]]:
    # A left hand and a right hand of one layout are each other's mirror image, joint by joint.
    by_slot = {
        (layout.name, entry.get("slot")): entry.get("prefix", "")
        for entry, layout in zip(entries, layouts, strict=True)
    }
    joints = {layout.name: layout.joints for layout in layouts}
    return [
        [left + joint, by_slot[name, "right"] + joint]
        for (name, slot), left in by_slot.items()
        if slot == "left" and (name, "right") in by_slot
        for joint in joints[name]
    ]


def _kept_ancestor(
    joint: str, parent_of: Mapping[str, str | None], kept: Mapping[str, None]
) -> str | None:
    parent = parent_of[joint]
    while parent is not None and parent not in kept:
        parent = parent_of[parent]
    return parent


def _demand_one_root(layout: Layout, roots: Sequence[str]) -> None:
    if len(roots) > 1:
        raise LayoutError(
            f"subset of layout '{layout.name}': expected joints that hang together in one tree, "
            f"got {len(roots)} loose parts at {', '.join(roots)}. Keep the joint that joins them."
        )
