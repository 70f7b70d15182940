"""Body parts: which joints they have, and their colours."""

from __future__ import annotations

from skelgraph.graphs import Layout
from skelgraph.plots import style

FEW = 8
OTHERS = "other"


def parts_of(layout: Layout) -> list[tuple[str, tuple[int, ...]]]:
    """Group all joints by body part, in the order of the layout's parts; the rest come last.

    A joint that two parts name counts for the first.
    """
    groups: list[tuple[str, tuple[int, ...]]] = []
    taken: set[int] = set()
    for name, joints in layout.parts.items():
        own = tuple(joint for joint in joints if joint not in taken)
        taken.update(own)
        if own:
            groups.append((name, own))
    rest = tuple(joint for joint in range(layout.num_joints) if joint not in taken)
    return [*groups, *([(OTHERS, rest)] if rest else [])]


def part_colours(layout: Layout) -> tuple[list[str], dict[str, str]]:
    """Choose the colour of each joint by its part, and what the colours mean.

    A layout of more than eight parts gives left and right of a pair the same colour.

    Returns:
        A colour for each joint (V of them), and the parts' colours by their spoken name.
    """
    groups = parts_of(layout)
    names = [name for name, _ in groups]
    if len(names) > FEW:
        names = [name.removeprefix("left_").removeprefix("right_") for name in names]
    kinds = list(dict.fromkeys(names))
    meaning = dict(zip(kinds, style.categorical(len(kinds)), strict=True))
    colours = [""] * layout.num_joints
    for name, (_, joints) in zip(names, groups, strict=True):
        for joint in joints:
            colours[joint] = meaning[name]
    return colours, {style.spoken(name): colour for name, colour in meaning.items()}
