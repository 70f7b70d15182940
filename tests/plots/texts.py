"""What stands written in a figure, and whether it stands clear."""

from __future__ import annotations

from itertools import combinations
from unittest.mock import patch

from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts_of(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is really drawn, with its box in pixels."""
    drawn: dict[int, Text] = {}
    draw = Text.draw

    def record(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn[id(text)] = text
        draw(text, renderer)

    canvas = FigureCanvasAgg(figure)
    with patch.object(Text, "draw", record):
        canvas.draw()
    renderer = canvas.get_renderer()
    # An annotation's own window extent holds its leader line too, so ask it as a plain text.
    return [(t.get_text(), Text.get_window_extent(t, renderer)) for t in drawn.values()]


def faults_of(figure: Figure) -> list[str]:
    """List texts that lie on another one or leave the page."""
    texts = texts_of(figure)
    page = figure.bbox.padded(1.0)  # a pixel: the layout of a page settles in steps
    faults = [
        f"'{words}' leaves the page"
        for words, box in texts
        if Bbox.intersection(box, page).bounds != box.bounds
    ]
    for (first, one), (second, other) in combinations(texts, 2):
        lap = Bbox.intersection(one, other)
        if lap is not None and min(lap.width, lap.height) >= 1.0:
            faults.append(f"'{first}' lies on '{second}'")
    return faults


def words_of(figure: Figure) -> list[str]:
    """Everything that stands written in a figure, but ticks."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip()]


def bars_of(figure: Figure) -> list[str]:
    """Labels of a figure's colour bars."""
    return [axes.get_ylabel() for axes in figure.axes if axes.get_label() == "<colorbar>"]
