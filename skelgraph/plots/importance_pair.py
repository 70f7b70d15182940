"""Two maps of importance and their difference: two classes, or before and after transfer."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from skelgraph.graphs import Layout
from skelgraph.plots import heat, shares, style
from skelgraph.plots.importance import Standing, paper, words_for

SIZE = 0.65
WIDEST = 4.0  # drawings wider than this stand above one another, in inches
EXTRA = 1.0  # room of a drawing for its name and its greatest joints, in inches


def pair_figure(
    layout: Layout,
    first: np.ndarray,
    second: np.ndarray,
    difference: np.ndarray,
    *,
    names: tuple[str, str, str],
    standing: Standing | None = None,
    title: str = "",
) -> Figure:
    """Draw two maps on one scale and their difference on a scale symmetric about zero.

    Args:
        layout: Skeleton that both are of.
        first: Share of each joint, NaN where there is none, (M, V).
        second: Likewise.
        difference: One less the other, (M, V).
        names: What stands over the three; a second line may follow.
        standing: How far to believe them.
        title: Stands over the figure.
    """
    maps = (first, second, difference)
    drawings = [heat.plan(layout, values, named=0, size=SIZE) for values in maps]
    width, height = max(drawings[0].size[0], 1.9), drawings[0].size[1] + EXTRA
    rows, columns = (3, 1) if width > WIDEST else (1, 3)
    bars = shares.BAR_WIDTH * (1 if rows == 3 else 2)
    figure = paper(columns * (width + 0.2) + bars, rows * height, title, standing)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    words = words_for(first, second)
    scale = shares.scale_of(
        np.stack(maps[:2]), least=shares.LEAST_END / layout.num_joints, signed=words.signed
    )
    change = shares.scale_of(
        difference, least=shares.LEAST_DIFFERENCE / layout.num_joints, signed=True
    )
    scales = (scale, scale, change)
    for axes, values, drawing, colours, name in zip(
        grid, maps, drawings, scales, names, strict=True
    ):
        heat.draw(axes, layout, values, drawing=drawing, scale=colours)
        axes.set_title(
            shares.broken(name, int(width / 0.08)), fontsize=shares.NAME_SIZE, color=style.INK
        )
        shares.list_greatest(axes, layout, values, drawing=drawing, relative=values is difference)
    shares.add_bar(figure, grid[:2], scale, label=words.share)
    shares.add_bar(figure, grid[2:], change, label="difference of the shares")
    return figure
