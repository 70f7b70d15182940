"""The look of every figure: sizes of text, inks, palettes that the colour-blind can read.

Sizes are in points, figure sizes in inches. Nothing in here changes matplotlib's global
settings: what a figure needs is set on its own axes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_hex, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

TITLE_SIZE = 11.0
TEXT_SIZE = 9.0
SMALL_SIZE = 7.5
TINY_SIZE = 6.0

EDGE = 0.1  # around each part of a figure, in inches

SEAM = 0.6  # width of a cell's own edge, which closes the hairlines that viewers leave, in points

PAPER = "#ffffff"
INK = "#222222"
MUTED = "#666666"
FAINT = "#d4d4d4"

# Okabe and Ito 2008, "Color universal design"; then Tol 2021, "Colour schemes", muted. Yellow
# stands last, it is weak on white paper.
CATEGORICAL = (
    "#0072b2",  # blue
    "#d55e00",  # vermillion
    "#009e73",  # bluish green
    "#e69f00",  # orange
    "#cc79a7",  # reddish purple
    "#56b4e9",  # sky blue
    "#222222",  # ink
    "#882255",  # wine
    "#999933",  # olive
    "#44aa99",  # teal
    "#7f7f7f",  # grey
    "#f0e442",  # yellow
)


def sequential() -> Colormap:
    """Colours from little (cream paper) over yellow and grey to much (dark blue).

    Source:
        cividis of Nuñez, Anderton and Renslow 2018, arXiv:1712.01662, as matplotlib ships it.
        Reversed, so that much stands out on light paper; its bright end is paled to cream,
        so that a matrix with little in it does not glare. Lightness falls all the way.
    """
    cividis = colormaps["cividis_r"]
    stops = [
        (0.0, "#fffdf2"),
        (0.1, "#fbf0a8"),
        *((x, cividis(x)) for x in np.linspace(0.25, 1, 16)),
    ]
    return LinearSegmentedColormap.from_list("cividis_on_paper", stops)


def from_paper() -> Colormap:
    """Colours from paper white (nothing) to dark blue (all), for matrices that are mostly empty."""
    stops = [(0.0, PAPER), (0.04, "#d6e8f5"), (0.35, "#74b0d8"), (0.7, "#0072b2"), (1.0, "#00304c")]
    return LinearSegmentedColormap.from_list("paper_blue", stops)


def diverging() -> Colormap:
    """Colours from blue (less) over paper grey (equal) to orange (more)."""
    stops = ["#00456b", "#0072b2", "#8fc1e0", "#f4f4f4", "#f2b97f", "#d55e00", "#7a3500"]
    return LinearSegmentedColormap.from_list("blue_orange", stops)


def categorical(count: int) -> tuple[str, ...]:
    """Colours for `count` kinds of things, from the start again after the twelfth.

    Example:
        >>> categorical(2)
        ('#0072b2', '#d55e00')
    """
    return tuple(CATEGORICAL[i % len(CATEGORICAL)] for i in range(count))


def titled_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure on white paper whose parts keep clear of each other (constrained layout).

    Args:
        width: Of the paper, in inches.
        height: Of all below the title, in inches.
        title: Stands over all panels, broken where the paper ends; an empty one takes no room.
    """
    lines = _even_lines(title, max(20, int(width / 0.095)))
    size = (width, height + 0.25 * len(lines))
    engine = ConstrainedLayoutEngine(w_pad=EDGE, h_pad=EDGE)
    figure = Figure(figsize=size, layout=engine, facecolor=PAPER)
    if lines:
        figure.suptitle("\n".join(lines), fontsize=TITLE_SIZE, color=INK)
    return figure


def _even_lines(text: str, most: int) -> list[str]:
    """Break a text into as few lines as fit, of about equal length, so that no word stands alone.

    Example:
        >>> _even_lines("the gate gives the joint tower 41 %", 31)
        ['the gate gives the', 'joint tower 41 %']
    """
    lines = textwrap.wrap(text, most)
    if len(lines) < 2:
        return lines
    longest = max(len(word) for word in text.split())  # narrower lines would break it
    for width in range(max(-(-len(text) // len(lines)), longest), most):
        even = textwrap.wrap(text, width)
        if len(even) == len(lines):
            return even
    return lines


def dress(
    axes: Axes, *, title: str = "", x_label: str = "", y_label: str = "", grid: bool = False
) -> Axes:
    """Give axes the house look: sizes, inks, no box, a faint grid where it is asked for."""
    axes.set_facecolor(PAPER)
    axes.set_title(title, fontsize=TEXT_SIZE, color=INK, loc="left")
    axes.set_xlabel(x_label, fontsize=SMALL_SIZE, color=INK)
    axes.set_ylabel(y_label, fontsize=SMALL_SIZE, color=INK)
    axes.tick_params(labelsize=SMALL_SIZE, labelcolor=INK, color=MUTED, width=0.6, length=3)
    axes.tick_params(which="minor", color=MUTED, width=0.4, length=2)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=MUTED, linewidth=0.6)
    if grid:
        axes.grid(True, color=FAINT, linewidth=0.5)
        axes.set_axisbelow(True)
    return axes


def bare(axes: Axes, *, title: str = "") -> Axes:
    """Axes for a skeleton: no frame, no ticks, one unit as long across as up."""
    axes.set_facecolor(PAPER)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=TEXT_SIZE, color=INK)
    return axes


def colour_bar(
    figure: Figure | SubFigure,
    axes: Axes | Sequence[Axes],
    *,
    colours: Colormap,
    limits: tuple[float, float],
    label: str,
    location: str = "right",
    shrink: float = 0.8,
    at_top: bool = False,
) -> Colorbar:
    """Add the scale of a figure's colours, with the quantity and its unit beside it.

    Args:
        figure: Figure to add to.
        axes: The axes that it serves, from which it takes its room.
        colours: Colours to show.
        limits: Values at the two ends.
        label: Quantity and unit, such as "share of attention".
        location: Side of the axes: "right", "left", "top" or "bottom".
        shrink: Length of the bar, as a fraction of the side.
        at_top: It stands at the upper end of its side, not in the middle.
    """
    mappable = ScalarMappable(norm=Normalize(*limits), cmap=colours)
    anchor = (0.0, 1.0 if at_top else 0.5)
    bar = figure.colorbar(
        mappable, ax=axes, location=location, shrink=shrink, anchor=anchor, aspect=24, pad=0.02
    )
    if bar.solids is not None:
        bar.solids.set(rasterized=False, edgecolor="face", linewidth=SEAM)
    bar.set_label(label, fontsize=SMALL_SIZE, color=INK)
    bar.ax.tick_params(labelsize=SMALL_SIZE, labelcolor=INK, color=MUTED, width=0.6, length=3)
    bar.outline.set(color=MUTED, linewidth=0.6)
    return bar


def shorten(text: str, length: int) -> str:
    """Cut a name in the middle to at most `length` characters, so that both ends can be read.

    Example:
        >>> shorten("standing_hip_abduction_left", 15)
        'standin…on_left'
    """
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def spoken(name: str) -> str:
    """Write a joint's or part's name as words.

    Example:
        >>> spoken("left_hand_index_tip")
        'left hand index tip'
    """
    return name.replace("_", " ")


def ink_on(colour: tuple[float, float, float, float]) -> str:
    """Black or white, whichever reads better on a colour (WCAG relative luminance).

    Example:
        >>> ink_on((1.0, 1.0, 1.0, 1.0)), ink_on((0.0, 0.0, 0.3, 1.0))
        ('#222222', '#ffffff')
    """
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.22 else PAPER


def mix(colour: str, paper: float) -> str:
    """Pale a colour with a share of white paper.

    Example:
        >>> mix("#000000", 0.5)
        '#808080'
    """
    red, green, blue = (c + (1 - c) * paper for c in to_rgb(colour))
    return to_hex((red, green, blue))
