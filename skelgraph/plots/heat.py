"""One value a joint as heat on the neutral skeleton: size and colour of the joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.labels import CHARACTER, LINE_HEIGHT, Columns, write_names
from skelgraph.plots.panels import Panel, arrange, extent, neutral_panels

SMALLEST, LARGEST = 10.0, 170.0  # areas of a joint's dot, in square points
LEADER = 0.3  # length of the line from a drawing to its names, in inches
HEAD = 0.3  # room over the drawings for their titles, in inches
BONE = "#b0b0b0"


@dataclass(frozen=True)
class Scale:
    """How a value becomes a colour and a size.

    Args:
        colours: Colours of the values.
        low: Value of the first colour.
        high: Value of the last colour.
    """

    colours: Colormap
    low: float
    high: float

    @property
    def limits(self) -> tuple[float, float]:
        """Both ends."""
        return self.low, self.high

    def sizes(self, values: np.ndarray, *, largest: float = LARGEST) -> np.ndarray:
        """Area of each value's dot in square points, by its distance from zero."""
        reach = max(abs(self.low), abs(self.high)) or 1.0
        return SMALLEST + (largest - SMALLEST) * np.clip(np.abs(values) / reach, 0, 1)


@dataclass(frozen=True)
class Drawing:
    """A row of panels on common paper, measured and ready to be drawn.

    Args:
        panels: Arranged panels.
        names: What is written beside which (body, joint).
        columns: Width of each panel's columns of names, inches.
    """

    panels: tuple[Panel, ...]
    names: dict[tuple[int, int], str]
    columns: tuple[float, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches, with room for the panels' titles."""
        left, right, low, high = extent(self.panels, columns=self.columns)
        return right - left, high - low + self.head

    @property
    def head(self) -> float:
        """Room over the panels for their titles, inches."""
        return HEAD if any(panel.title for panel in self.panels) else 0.0


def plan(
    layout: Layout,
    values: np.ndarray,
    *,
    named: int = 8,
    size: float = 1.0,
    valued: bool = True,
) -> Drawing:
    """Choose the drawings of a layout and the joints that are named.

    Args:
        layout: Skeleton.
        values: A value for each body and joint, NaN where there is none, shape (M, V).
        named: How many joints are named, over all panels.
        size: Factor on the usual size.
        valued: Write the value in per cent beside the name.
    """
    panels = neutral_panels(layout, bodies=len(values), size=size)
    top = top_joints(values, panels=panels, limit=named)
    names, columns = {}, []
    for panel in panels:
        own = {
            key: _short_name(layout, panel, key[1])
            + (f"  {100 * values[key]:.1f} %" if valued else "")
            for key in top
            if shows(panel, key)
        }
        longest = max((len(name) for name in own.values()), default=0)
        columns.append(longest * CHARACTER + LEADER if own else 0.0)
        names.update(own)
    return Drawing(arrange(panels, columns=columns), names, tuple(columns))


def shows(panel: Panel, key: tuple[int, int]) -> bool:
    """Tell whether a panel shows the value of a (body, joint)."""
    return key[0] == panel.body and bool(np.any(panel.joints == key[1]))


def _short_name(layout: Layout, panel: Panel, joint: int) -> str:
    return style.spoken(layout.joints[joint].removeprefix(panel.prefix))


def top_joints(values: np.ndarray, *, panels: Sequence[Panel], limit: int) -> list[tuple[int, int]]:
    """List (body, joint) of the values farthest from zero that the panels show."""
    shown = [(panel.body, int(joint)) for panel in panels for joint in panel.joints]
    finite = [key for key in shown if np.isfinite(values[key])]
    return sorted(finite, key=lambda key: -abs(values[key]))[:limit]


def draw(axes: Axes, layout: Layout, values: np.ndarray, *, drawing: Drawing, scale: Scale) -> None:
    """Draw a row of panels into one pair of axes, whose unit is the inch.

    Args:
        axes: Where to draw.
        layout: Skeleton.
        values: A value for each body and joint, NaN where there is none, shape (M, V).
        drawing: From `plan`.
        scale: Colours and sizes.
    """
    draw_frame(axes, values, drawing=drawing)
    for panel in drawing.panels:
        draw_heat(axes, layout, values, panel=panel, scale=scale)


def draw_frame(axes: Axes, values: np.ndarray, *, drawing: Drawing) -> None:
    """Set up axes whose unit is the inch, and write the panels' titles and the joints' names.

    Args:
        axes: Where to draw.
        values: A value for each body and joint; a body without any was not seen, (M, V).
        drawing: From `plan`.
    """
    style.bare(axes)
    left, right, low, high = extent(drawing.panels, columns=drawing.columns)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high + drawing.head)
    for panel in drawing.panels:
        shown = np.isfinite(values[panel.body, panel.joints]).any()
        _write_title(axes, panel, high, unseen="" if shown else " (not seen)")
        _write_names(axes, panel, drawing, heights=(low, high))


def _write_title(axes: Axes, panel: Panel, high: float, *, unseen: str) -> None:
    left, right, _, _ = panel.box
    axes.text(
        (left + right) / 2, high + 0.05, f"{panel.title}{unseen}", ha="center", va="bottom",
        fontsize=style.TEXT_SIZE, color=style.INK,
    )  # fmt: skip


def _write_names(
    axes: Axes, panel: Panel, drawing: Drawing, *, heights: tuple[float, float]
) -> None:
    left, right, _, _ = panel.box
    keys = [key for key in drawing.names if shows(panel, key)]
    columns = Columns(
        left=left - LEADER if "left" in panel.sides else None,
        right=right + LEADER if "right" in panel.sides else None,
        low=heights[0] + LINE_HEIGHT,
        high=heights[1] - LINE_HEIGHT,
        gap=1.2 * LINE_HEIGHT,
    )
    points = panel.points[[joint for _, joint in keys]]
    write_names(axes, points, [drawing.names[key] for key in keys], columns=columns)


def draw_heat(
    axes: Axes,
    layout: Layout,
    values: np.ndarray,
    *,
    panel: Panel,
    scale: Scale,
    largest: float = LARGEST,
) -> None:
    """Draw one panel: bones in grey, joints sized and coloured by their values.

    A joint without a value is a hollow grey ring.
    """
    draw_bones(axes, layout, panel.points)
    own, points = values[panel.body, panel.joints], panel.points[panel.joints]
    known = np.isfinite(own)
    axes.scatter(
        points[~known, 0], points[~known, 1], s=14, facecolors=style.PAPER,
        edgecolors=style.MUTED, linewidths=0.7, zorder=3,
    )  # fmt: skip
    order = np.argsort(np.abs(own[known]), kind="stable")  # the greatest on top
    shown, places = own[known][order], points[known][order]
    sizes = np.minimum(scale.sizes(shown, largest=largest), room(points)[known][order])
    axes.scatter(
        places[:, 0], places[:, 1], c=shown, s=sizes, cmap=scale.colours,
        norm=Normalize(*scale.limits), edgecolors=style.INK, linewidths=0.5, zorder=4,
    )  # fmt: skip


def room(points: np.ndarray) -> np.ndarray:
    """Greatest area of each joint's dot that leaves the nearest other joint in sight.

    Args:
        points: Places on paper, inches, (J, 2).

    Returns:
        Areas of dots whose radius is the distance to the nearest joint, square points, (J,).
    """
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    return np.maximum((2 * 72 * distance.min(axis=1)) ** 2, SMALLEST)


def draw_bones(axes: Axes, layout: Layout, points: np.ndarray) -> None:
    """Draw bones in grey; virtual ones dotted, edges that are no bones thin."""
    bones = [(joint, parent) for joint, parent in enumerate(layout.parents) if parent >= 0]
    real = [bone for bone in bones if bone[0] not in layout.virtual]
    virtual = [bone for bone in bones if bone[0] in layout.virtual]
    for pairs, width, line in (
        (real, 2.2, "-"),
        (virtual, 1.2, ":"),
        (layout.extra_edges, 0.8, "-"),
    ):
        segments = points[np.asarray(pairs, dtype=int).reshape(-1, 2)]
        drawn = segments[np.isfinite(segments).all(axis=(1, 2))]
        axes.add_collection(
            LineCollection(list(drawn), colors=BONE, linewidths=width, linestyles=line, zorder=1)
        )
