"""Layouts made up for tests: a chain, and random trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from skelgraph.graphs import Layout


def chain(length: int = 3, *, centre: int = 0) -> Layout:
    """Joints j0, j1, ... in a row, each the parent of the next, a metre apart."""
    return Layout.from_dict(description([-1, *range(length - 1)], centre=[centre]))


def description(
    parents: list[int], *, extra: list[tuple[int, int]] | None = None, centre: list[int]
) -> dict[str, Any]:
    """Describe a layout whose joints are called j0, j1, ..."""
    return {
        "name": "made_up",
        "joints": [
            [f"j{j}", None if parent < 0 else f"j{parent}", [float(j % 10) / 2, j / 10, 0.0]]
            for j, parent in enumerate(parents)
        ],
        "extra_edges": [[f"j{u}", f"j{v}"] for u, v in extra or []],
        "centre": [f"j{j}" for j in centre],
        "reference": [["j0"], [f"j{len(parents) - 1}"]],
    }


def relabelled(layout: Layout, order: np.ndarray) -> Layout:
    """The same skeleton with its joints listed in another order; `order[new] = old`."""
    full = layout.to_dict()
    return Layout.from_dict({**full, "joints": [full["joints"][old] for old in order]})


@st.composite
def random_layouts(draw: st.DrawFn, *, max_joints: int = 12) -> Layout:
    """Trees of 2 to `max_joints` joints, some with an extra edge and a second centre joint."""
    number = draw(st.integers(2, max_joints))
    parents = [-1, *(draw(st.integers(0, joint - 1)) for joint in range(1, number))]
    bones = {frozenset((j, p)) for j, p in enumerate(parents)}
    loose = [(u, v) for u in range(number) for v in range(u) if frozenset((u, v)) not in bones]
    extra = draw(st.lists(st.sampled_from(loose), max_size=2, unique=True)) if loose else []
    centre = draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=2, unique=True))
    return Layout.from_dict(description(parents, extra=extra, centre=centre))
