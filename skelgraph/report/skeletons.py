"""What a script needs to draw a skeleton: bones, parts, and its neutral pose on paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelgraph.graphs import Layout
from skelgraph.plots.panels import neutral_panels
from skelgraph.plots.parts import part_colours
from skelgraph.plots.style import spoken
from skelgraph.report.packing import rounded


def describe_skeleton(layout: Layout, *, bodies: int) -> dict[str, Any]:
    """Describe a layout for drawing.

    Args:
        layout: Skeleton.
        bodies: Rows of values that its neutral pose shows; see `neutral_panels`.

    Returns:
        `joints` (names as words), `bones` (joint, parent, 1 if virtual), `edges` that are no
        bones, `part` of each joint and the `parts`' names, and `panels` of the neutral pose:
        `title`, `body`, `joints` and `points` (across and up, None where not drawn).
    """
    colours, meaning = part_colours(layout)
    order = list(meaning.values())
    return {
        "layout": layout.name,
        "hands": layout.instances == "hands",
        "joints": [spoken(name) for name in layout.joints],
        "bones": [
            [joint, parent, int(joint in layout.virtual)]
            for joint, parent in enumerate(layout.parents)
            if parent >= 0
        ],
        "edges": [list(pair) for pair in layout.extra_edges],
        "part": [order.index(colour) for colour in colours],
        "parts": list(meaning),
        "panels": [
            {
                "title": panel.title,
                "body": panel.body,
                "joints": panel.joints.tolist(),
                "points": rounded(np.asarray(panel.points)),
            }
            for panel in neutral_panels(layout, bodies=bodies)
        ],
    }
