"""Where a figure or an animation is written, as the suffix says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli import animation_file, figure_file
from skelgraph.errors import unknown_name

SUFFIXES = (*figure_file.SUFFIXES, *animation_file.SUFFIXES)


class PicturePath(click.ParamType):
    """A file name whose suffix says what kind of figure or animation is written."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Check the suffix; a wrong one is told the nearest."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            self.fail(unknown_name(f"{path}, suffix", path.suffix, SUFFIXES), param, ctx)
        return path


def moves(path: Path) -> bool:
    """Tell whether a path is of an animation."""
    return path.suffix.lower() in animation_file.SUFFIXES
