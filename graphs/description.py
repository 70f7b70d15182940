"""Layout to plain description and back: the form of layout files, stores and weights files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skelgraph.errors import LayoutError, list_faults
from skelgraph.graphs.checking import find_faults
from skelgraph.graphs.checking_rules import KEY, read_rules
from skelgraph.graphs.layout import PEOPLE, Component, Layout

DEFAULT_MAX_BODIES = 2


def describe(layout: Layout) -> dict[str, Any]:
    """Describe a skeleton in JSON's types: strings, numbers, lists, dicts, None.

    The rules by which it is taken from other layouts are no part of the skeleton.

    Example:
        >>> from skelgraph.graphs import load_layout
        >>> describe(load_layout("mediapipe_hands"))["joints"][0]
        ['wrist', None, [0.0, 0.0, 0.0]]
    """
    named = layout.joints

    def names(places: Sequence[int]) -> list[str]:
        return [named[place] for place in places]

    return {
        "name": layout.name,
        "title": layout.title,
        "source": layout.source,
        "instances": layout.instances,
        "max_bodies": layout.max_bodies,
        "joints": [_describe_joint(layout, joint) for joint in range(layout.num_joints)],
        "extra_edges": [names(edge) for edge in layout.extra_edges],
        "virtual": names(layout.virtual),
        "centre": names(layout.centre),
        "mirror": [names(pair) for pair in layout.mirror_pairs],
        "parts": {part: names(joints) for part, joints in layout.parts.items()},
        "reference": [names(group) for group in layout.reference],
        "components": [
            {
                "layout": part.layout,
                "prefix": part.prefix,
                "slot": part.slot,
                "joints": names(part.joints),
            }
            for part in layout.components
        ],
    }


def build(description: Mapping[str, Any], *, where: str) -> Layout:
    """Check a description and make the layout.

    Args:
        description: See `describe`; a joint may also be a mapping of name, parent and neutral.
        where: What a message calls the description.

    Raises:
        LayoutError: With all faults of the description.
    """
    faults = find_faults(description)
    if faults:
        raise FaultyLayoutError(where, faults)
    rows = [joint_row(joint) for joint in description["joints"]]
    place = {name: index for index, (name, _, _) in enumerate(rows)}

    def places(names: str | Sequence[str]) -> tuple[int, ...]:
        return tuple(place[name] for name in ([names] if isinstance(names, str) else names))

    def pairs(key: str) -> tuple[tuple[int, int], ...]:
        return tuple((place[u], place[v]) for u, v in description.get(key) or ())

    first, second = description["reference"]
    return Layout(
        name=description["name"],
        title=description.get("title") or description["name"],
        source=(description.get("source") or "").strip(),
        joints=tuple(place),
        parents=tuple(-1 if parent is None else place[parent] for _, parent, _ in rows),
        neutral=np.array([neutral for _, _, neutral in rows], dtype=float),
        centre=places(description["centre"]),
        reference=(places(first), places(second)),
        extra_edges=pairs("extra_edges"),
        virtual=places(description.get("virtual") or ()),
        mirror_pairs=pairs("mirror"),
        parts={part: places(names) for part, names in (description.get("parts") or {}).items()},
        instances=description.get("instances", PEOPLE),
        max_bodies=description.get("max_bodies", DEFAULT_MAX_BODIES),
        components=tuple(
            Component(part["layout"], part["prefix"], part["slot"], places(part["joints"]))
            for part in description.get("components") or ()
        ),
        rules=read_rules(description.get(KEY)),
    )


def joint_row(joint: Any) -> tuple[Any, Any, Any]:
    """Take a joint's name, parent and neutral position from a row or a mapping."""
    if isinstance(joint, Mapping):
        return joint.get("name"), joint.get("parent"), joint.get("neutral")
    name, parent, neutral = joint
    return name, parent, neutral


class FaultyLayoutError(LayoutError):
    """A layout's description has faults.

    Args:
        where: What a message calls the description.
        faults: All of them; the message lists the first ten.
    """

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(
            f"{where}: expected a layout without faults, got {number}.\n{list_faults(faults)}"
        )


def _describe_joint(layout: Layout, joint: int) -> list[Any]:
    parent = layout.parents[joint]
    neutral = [round(float(metres), 6) for metres in layout.neutral[joint]]
    return [layout.joints[joint], None if parent < 0 else layout.joints[parent], neutral]
