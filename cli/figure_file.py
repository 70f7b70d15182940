"""Where a figure is written: the kinds of files, and writing one whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skelgraph.errors import unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
DOTS_PER_INCH = 150

Function = TypeVar("Function", bound=Callable[..., Any])


class FigurePath(click.ParamType):
    """A file name whose suffix says what kind of figure is written."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Check the suffix; a wrong one is told the nearest."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            self.fail(unknown_name(f"{path}, suffix", path.suffix, SUFFIXES), param, ctx)
        return path


def figure_option(default: str) -> Callable[[Function], Function]:
    """Make the option `--output PATH` of a figure; `default` says in words where it goes."""
    return click.option(
        "-o",
        "--output",
        type=FigurePath(),
        help=f"File of the figure, ending in .png, .svg or .pdf.  [default: {default}]",
    )


def write_figure(path: Path, draw: Callable[[], Figure], *, force: bool) -> None:
    """Draw a figure and write it in the format of the path's suffix, whole or not at all.

    Nothing is drawn if the file is there already. The same figure gives the same bytes.

    Raises:
        SkelgraphError: If the file exists and `force` is off.
    """
    import matplotlib

    from skelgraph.files import written_whole

    with written_whole(path, force=force) as temporary:
        figure = draw()
        kind = path.suffix.lower()[1:]
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        with matplotlib.rc_context({"svg.hashsalt": "skelgraph"}):
            figure.savefig(temporary, format=kind, dpi=DOTS_PER_INCH, metadata=undated)
