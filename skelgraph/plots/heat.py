"""One value a joint as heat on the neutral skeleton: size and colour of the joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure

from skelgraph.graphs import Layout
from skelgraph.plots import style
from skelgraph.plots.labels import CHARACTER, LINE_HEIGHT, Columns, write_names

BODY_HEIGHT = 4.0  # of a drawing, in inches
HAND_HEIGHT = 2.6
MARGIN = 0.18  # around a drawing, in inches
SMALLEST, LARGEST = 10.0, 170.0  # areas of a joint's dot, in square points


@dataclass(frozen=True)
class Panel:
    """One drawing of a figure: a body, or one hand, of the neutral pose.

    Args:
        title: Stands over it; empty for a lone body.
        body: Row of the values that it shows.
        joints: Joints whose values it shows, int (J,).
        points: Where the joints lie in the picture, metres, NaN where not drawn, (V, 2).
        names: Sides on which joints are named: "left", "right", or both.
        height: Height of the drawing in inches.
    """

    title: str
    body: int
    joints: np.ndarray
    points: np.ndarray
    names: tuple[str, ...] = ("left", "right")
    height: float = BODY_HEIGHT

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest picture coordinates of what is drawn."""
        return np.nanmin(self.points, axis=0), np.nanmax(self.points, axis=0)

    @property
    def scale(self) -> float:
        """Inches of the figure for a metre of the pose."""
        low, high = self.box
        return float((self.height - 2 * MARGIN) / max(high[1] - low[1], 1e-6))


def neutral_panels(layout: Layout, *, bodies: int = 1) -> tuple[Panel, ...]:
    """Decide which drawings show a layout: hands apart and upright, whole bodies as they are.

    Seen from the camera: the person's right is on the left, palms face the reader.

    Args:
        layout: Skeleton to draw.
        bodies: Rows of values; for 'hands' row 0 is the left, row 1 the right.

    Returns:
        Panels from left to right.
    """
    every = np.arange(layout.num_joints)
    if layout.instances == "hands":
        return tuple(_hand_panel(layout, every, slot=slot, body=slot) for slot in (1, 0))
    hands = {c.slot: np.asarray(c.joints) for c in layout.components if c.slot}
    points = picture(layout.neutral)
    panels: list[Panel] = []
    for body in range(bodies):
        title = f"body {body + 1}" if bodies > 1 else ""
        rest = np.setdiff1d(every, np.concatenate([*hands.values(), []]).astype(int))
        trunk = Panel(title, body, rest, points)
        right, left = (
            [_hand_panel(layout, hands[name], slot=slot, body=body, whole=title)]
            if name in hands else []
            for slot, name in ((1, "right"), (0, "left"))
        )  # fmt: skip
        panels += [*right, trunk, *left]
    return tuple(panels)


def _hand_panel(
    layout: Layout, joints: np.ndarray, *, slot: int, body: int, whole: str = ""
) -> Panel:
    points = np.full((layout.num_joints, 2), np.nan)
    alone = layout.instances == "hands"
    points[joints] = picture(layout.neutral_of(slot) if alone else layout.neutral)[joints]
    side = ("left", "right")[slot]
    return Panel(
        f"{whole} {side} hand, palm".strip(),
        body,
        joints,
        _upright(points, joints, layout),
        ("left",) if slot else ("right",),
        HAND_HEIGHT,
    )


def picture(positions: np.ndarray) -> np.ndarray:
    """Turn house-frame positions into picture coordinates: a person's right is at the left.

    Args:
        positions: Metres, house frame, shape (..., 2 or 3).

    Returns:
        Metres to the right and up, shape (..., 2).
    """
    return positions[..., :2] * np.array([-1.0, 1.0])


def _upright(points: np.ndarray, joints: np.ndarray, layout: Layout) -> np.ndarray:
    """Turn a hand in the picture so that its fingers point up."""
    inside = set(joints.tolist())
    wrist = next(j for j in joints.tolist() if layout.parents[j] not in inside)
    across, up = np.nanmean(points[joints], axis=0) - points[wrist]
    length = np.hypot(across, up)
    cos, sin = up / length, across / length
    return np.asarray((points - points[wrist]) @ np.array([[cos, sin], [-sin, cos]]))


def panel_width(panel: Panel, *, name_length: int) -> float:
    """Width of a panel in inches, with its columns of names."""
    low, high = panel.box
    drawing = (high[0] - low[0]) * panel.scale + 2 * MARGIN
    return float(drawing + len(panel.names) * (name_length * CHARACTER + 0.25))


def draw_panels(
    figure: Figure | SubFigure,
    layout: Layout,
    values: np.ndarray,
    *,
    panels: Sequence[Panel],
    limits: tuple[float, float],
    colours: Colormap,
    named: int = 8,
) -> list[Axes]:
    """Draw values on the neutral skeleton, panel by panel, and name the joints with most.

    Args:
        figure: Where to draw; its panels stand in one row.
        layout: Skeleton.
        values: A value for each joint and body, NaN where there is none, shape (M, V).
        panels: Drawings, from `neutral_panels`.
        limits: Values of the first and last colour.
        colours: Colours of the values.
        named: How many joints are named, over all panels.

    Returns:
        Axes of the panels.
    """
    top = top_joints(values, panels=panels, limit=named)
    texts = {key: name_of(layout, *key, values) for key in top}
    length = max(map(len, texts.values()), default=0)
    widths = [panel_width(panel, name_length=length) for panel in panels]
    grid = figure.add_gridspec(1, len(panels), width_ratios=widths)
    drawn = []
    for column, panel in enumerate(panels):
        axes = style.bare(figure.add_subplot(grid[column]), title=panel.title)
        draw_heat(axes, layout, values, panel=panel, limits=limits, colours=colours)
        chosen = [(b, j) for b, j in top if b == panel.body and j in panel.joints]
        _set_limits(axes, panel, name_length=length)
        _name(axes, panel, chosen, [texts[key] for key in chosen])
        drawn.append(axes)
    return drawn


def top_joints(
    values: np.ndarray, *, panels: Sequence[Panel], limit: int
) -> list[tuple[int, int]]:
    """List (body, joint) of the greatest values that the panels show, greatest first."""
    shown = [(panel.body, int(j)) for panel in panels for j in panel.joints]
    finite = [key for key in shown if np.isfinite(values[key])]
    return sorted(finite, key=lambda key: -abs(values[key]))[:limit]


def name_of(layout: Layout, body: int, joint: int, values: np.ndarray) -> str:
    """Word a joint's label: its name and its value in per cent."""
    return f"{spoken(layout.joints[joint])}  {100 * values[body, joint]:.1f} %"


def spoken(name: str) -> str:
    """Write a joint's or part's name as words.

    Example:
        >>> spoken("left_hand_index_tip")
        'left hand index tip'
    """
    return name.replace("_", " ")


def draw_heat(
    axes: Axes,
    layout: Layout,
    values: np.ndarray,
    *,
    panel: Panel,
    limits: tuple[float, float],
    colours: Colormap,
    largest: float = LARGEST,
) -> None:
    """Draw one panel: bones in grey, joints sized and coloured by their values.

    A joint without a value is a hollow grey ring.
    """
    draw_bones(axes, layout, panel.points)
    own = values[panel.body, panel.joints]
    points = panel.points[panel.joints]
    known = np.isfinite(own)
    axes.scatter(
        *points[~known].T, s=14, facecolors=style.PAPER, edgecolors=style.MUTED, linewidths=0.7,
        zorder=3,
    )  # fmt: skip
    order = np.argsort(np.abs(own[known]), kind="stable")  # the greatest on top
    shown, places = own[known][order], points[known][order]
    reach = max(abs(limits[0]), abs(limits[1])) or 1.0
    axes.scatter(
        *places.T, c=shown, s=SMALLEST + (largest - SMALLEST) * np.abs(shown) / reach,
        cmap=colours, norm=Normalize(*limits), edgecolors=style.INK, linewidths=0.5, zorder=4,
    )  # fmt: skip


def draw_bones(axes: Axes, layout: Layout, points: np.ndarray) -> None:
    """Draw bones in grey; virtual ones dotted, edges that are no bones thin."""
    for joint, parent in enumerate(layout.parents):
        if parent >= 0:
            line = ":" if joint in layout.virtual else "-"
            axes.plot(*points[[joint, parent]].T, line, color="#b0b0b0", linewidth=2.2, zorder=1,
                      solid_capstyle="round")
    for pair in layout.extra_edges:
        axes.plot(*points[list(pair)].T, color="#b0b0b0", linewidth=0.8, zorder=1)


def _set_limits(axes: Axes, panel: Panel, *, name_length: int) -> None:
    low, high = panel.box
    margin = MARGIN / panel.scale
    column = (name_length * CHARACTER + 0.25) / panel.scale
    axes.set_xlim(
        low[0] - margin - column * ("left" in panel.names),
        high[0] + margin + column * ("right" in panel.names),
    )
    axes.set_ylim(low[1] - margin, high[1] + margin)


def _name(
    axes: Axes, panel: Panel, keys: Sequence[tuple[int, int]], texts: Sequence[str]
) -> None:
    low, high = panel.box
    away = (MARGIN + 0.2) / panel.scale
    columns = Columns(
        left=low[0] - away if "left" in panel.names else None,
        right=high[0] + away if "right" in panel.names else None,
        low=low[1],
        high=high[1],
        gap=1.25 * LINE_HEIGHT / panel.scale,
    )
    joints = [joint for _, joint in keys]
    write_names(axes, panel.points[joints], texts, columns=columns)


def without_names(panel: Panel, *, height: float) -> Panel:
    """The same drawing at another height and without columns of names."""
    return replace(panel, names=(), height=height)
