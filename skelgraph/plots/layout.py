"""The figure of a layout: its neutral pose from the front, every joint numbered and named."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.labels import LINE_HEIGHT
from skelgraph.plots.panels import Panel, arrange, extent, neutral_panels
from skelgraph.plots.skeleton import (
    column_width,
    draw_skeleton,
    key_lines,
    legend_rows,
    name_joints,
    part_colours,
    part_key,
)

SIZE = 1.25  # of the drawings, beside those of figures of values
HEAD = 0.3  # room over the drawings for their titles, in inches
ROW = 0.19  # height of a legend's row, in inches
KEY_COLUMNS = 3


@dataclass(frozen=True)
class Paper:
    """Where the drawings stand, in inches.

    Args:
        panels: Arranged panels.
        right: Width of the paper.
        low: Lower end of drawings and names.
        high: Upper end.
        rows: Rows of the legends below.
    """

    panels: tuple[Panel, ...]
    right: float
    low: float
    high: float
    rows: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height with title lines and legends."""
        return self.right, self.high - self.low + HEAD + (self.rows + 2) * ROW


def layout_figure(layout: Layout) -> Figure:
    """Draw a layout as the camera sees it, hands apart with their palms to the reader.

    The person's right is on the left of the figure. Colours are the layout's parts; those of
    one panel are explained under it.

    Args:
        layout: Skeleton to draw.

    Returns:
        Figure with one pair of axes, whose unit is the inch.
    """
    paper = _lay_out(layout)
    figure = style.titled_figure(*paper.size, f"{layout.name}: {layout.title}")
    axes = style.bare(figure.add_subplot())
    axes.set_xlim(0.0, paper.right)
    axes.set_ylim(paper.low - (paper.rows + 2) * ROW, paper.high + HEAD)
    for panel in paper.panels:
        draw_skeleton(axes, layout, panel)
        name_joints(axes, layout, panel, heights=(paper.low, paper.high))
        _write_title(axes, panel, paper)
        _write_key(axes, layout, panel, paper)
    axes.legend(
        handles=key_lines(layout), loc="lower center", ncols=4, frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, borderaxespad=0.0,
    )  # fmt: skip
    return figure


def _lay_out(layout: Layout) -> Paper:
    # Every joint is named, so hands too need names on both sides.
    both = ("left", "right")
    panels = [replace(panel, sides=both) for panel in neutral_panels(layout, size=SIZE)]
    columns = [column_width(layout, panel) for panel in panels]
    placed = arrange(panels, columns=columns)
    _, right, low, high = extent(placed, columns=columns)
    most = max(-(-len(panel.joints) // len(panel.sides)) for panel in panels)
    missing = max(0.0, (most + 1) * LINE_HEIGHT - (high - low))
    rows = max(
        legend_rows(part_key(part_colours(layout, p), prefix=p.prefix), columns=KEY_COLUMNS)
        for p in panels
    )
    return Paper(placed, right, low - missing / 2, high + missing / 2, rows)


def _write_title(axes: Axes, panel: Panel, paper: Paper) -> None:
    left, right, _, _ = panel.box
    axes.text(
        (left + right) / 2, paper.high + HEAD / 4, panel.title or "front view", ha="center",
        va="bottom", fontsize=style.TEXT_SIZE, color=style.INK,
    )  # fmt: skip


def _write_key(axes: Axes, layout: Layout, panel: Panel, paper: Paper) -> None:
    left, right, _, _ = panel.box
    key = axes.legend(
        handles=part_key(part_colours(layout, panel), prefix=panel.prefix),
        loc="upper center", bbox_to_anchor=((left + right) / 2, paper.low),
        bbox_transform=axes.transData, ncols=KEY_COLUMNS, frameon=False,
        fontsize=style.SMALL_SIZE, labelcolor=style.INK, borderaxespad=0.0, handletextpad=0.2,
        columnspacing=1.0,
    )  # fmt: skip
    axes.add_artist(key)
