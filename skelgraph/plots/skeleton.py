"""A skeleton without values: bones and joints coloured by part, every joint named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.labels import CHARACTER, LINE_HEIGHT, Columns, write_names
from skelgraph.plots.panels import Panel

LEADER = 0.3  # length of the line from a drawing to its names, in inches
GREY = "#9a9a9a"
OUTSIDE = "#c4c4c4"  # joints that another panel shows
LOOSE = "joints in no part"
NOWHERE = np.zeros((0, 2))


def part_colours(layout: Layout, panel: Panel) -> dict[str, str]:
    """Choose a colour for each part that a panel shows, in the layout's order.

    Returns:
        Part to colour, parts without the panel's prefix; joints in no part are grey.
    """
    shown = set(panel.joints.tolist())
    parts = [part for part, joints in layout.parts.items() if shown & set(joints)]
    colours = dict(zip(parts, style.categorical(len(parts)), strict=True))
    if shown - {joint for part in parts for joint in layout.parts[part]}:
        colours[LOOSE] = GREY
    return colours


def joint_colours(layout: Layout, panel: Panel) -> list[str]:
    """Colour of each joint of the layout in a panel, by its part."""
    colours = part_colours(layout, panel)
    shown = set(panel.joints.tolist())
    part_of = {joint: part for part, joints in layout.parts.items() for joint in joints}
    return [
        colours[part_of.get(joint, LOOSE)] if joint in shown else OUTSIDE
        for joint in range(layout.num_joints)
    ]


def draw_skeleton(axes: Axes, layout: Layout, panel: Panel) -> None:
    """Draw one panel: each joint, and the bone to it, in the colour of its part.

    Virtual bones are dotted, edges that are no bones thin and dashed, joints of the centre have
    a ring. Joints that another panel shows are grey.

    Args:
        axes: Where to draw, in the panel's unit.
        layout: Skeleton.
        panel: Which joints, and where.
    """
    colours, points = joint_colours(layout, panel), panel.points
    for pair in layout.extra_edges:
        axes.add_line(_edge(points[list(pair)]))
    for joint, parent in enumerate(layout.parents):
        if parent >= 0:
            ends = points[[joint, parent]]
            axes.add_line(_bone(ends, colours[joint], virtual=joint in layout.virtual))
    others = np.setdiff1d(np.arange(layout.num_joints), panel.joints)
    axes.scatter(points[others, 0], points[others, 1], s=4, color=OUTSIDE, linewidths=0, zorder=3)
    for joint in panel.joints:
        axes.add_line(_dot(points[[joint]], colours[joint], ring=joint in layout.centre))


def name_joints(axes: Axes, layout: Layout, panel: Panel, *, heights: tuple[float, float]) -> None:
    """Write every joint's number and name beside a panel.

    Args:
        axes: Where to write, in inches.
        layout: Skeleton.
        panel: Which joints, and where.
        heights: Lowest and highest place of a name.
    """
    left, right, _, _ = panel.box
    columns = Columns(
        left=left - LEADER if "left" in panel.sides else None,
        right=right + LEADER if "right" in panel.sides else None,
        low=heights[0] + LINE_HEIGHT / 2,
        high=heights[1] - LINE_HEIGHT / 2,
        gap=LINE_HEIGHT,
    )
    names = [joint_name(layout, panel, joint) for joint in panel.joints]
    write_names(axes, panel.points[panel.joints], names, columns=columns)


def joint_name(layout: Layout, panel: Panel, joint: int) -> str:
    """Word a joint's number and name, without what the panel's title says already."""
    return f"{joint} {style.spoken(layout.joints[joint].removeprefix(panel.prefix))}"


def column_width(layout: Layout, panel: Panel) -> float:
    """Width that a column of a panel's names takes, inches."""
    longest = max(len(joint_name(layout, panel, joint)) for joint in panel.joints)
    return longest * CHARACTER + LEADER


def key_lines(layout: Layout) -> list[Line2D]:
    """Explain the lines that a layout's drawing has, as handles of a legend."""
    handles = [
        _bone(NOWHERE, GREY, virtual=False, label="bone"),
        _bone(NOWHERE, GREY, virtual=True, label="virtual bone"),
        _edge(NOWHERE, label="edge that is no bone"),
        _dot(NOWHERE, GREY, ring=True, label="centre"),
    ]
    there = (True, bool(layout.virtual), bool(layout.extra_edges), True)
    return [handle for handle, drawn in zip(handles, there, strict=True) if drawn]


def part_key(colours: Mapping[str, str], *, prefix: str) -> list[Line2D]:
    """Explain the colours of a panel's parts, as handles of a legend."""
    return [
        _dot(NOWHERE, colour, ring=False, label=style.spoken(part.removeprefix(prefix)))
        for part, colour in colours.items()
    ]


def legend_rows(handles: Sequence[Line2D], *, columns: int) -> int:
    """Count the rows that a legend's handles take."""
    return -(-len(handles) // columns)


def _bone(points: np.ndarray, colour: str, *, virtual: bool, label: str = "") -> Line2D:
    if virtual:
        dots = (0, (1, 1.6))
        return Line2D(*points.T, color=colour, linewidth=1.2, linestyle=dots, zorder=2, label=label)
    return Line2D(
        *points.T, color=colour, linewidth=2.0, solid_capstyle="round", zorder=2, label=label
    )


def _edge(points: np.ndarray, *, label: str = "") -> Line2D:
    dashes = (0, (4, 2))
    return Line2D(*points.T, color=GREY, linewidth=0.9, linestyle=dashes, zorder=1, label=label)


def _dot(points: np.ndarray, colour: str, *, ring: bool, label: str = "") -> Line2D:
    return Line2D(
        *points.T,
        linestyle="",
        marker="o",
        markersize=9.0 if ring else 4.4,
        markerfacecolor=colour,
        markeredgecolor=style.INK if ring else style.PAPER,
        markeredgewidth=1.1 if ring else 0.5,
        zorder=4,
        label=label,
    )
