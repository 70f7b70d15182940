"""`skelgraph plot layout`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import report


@click.command("layout")
@click.argument("layout", metavar="NAME_OR_FILE")
@figure_option("NAME.png")
@force_option
@report_options
def plot_layout(layout: str, output: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Draw a skeleton layout: its joints, bones and parts.

    \b
    Example:
      skelgraph plot layout kinect_v2 --output kinect_v2.svg
    """
    from skelgraph.graphs import load_layout
    from skelgraph.plots.layout import layout_figure

    loaded = load_layout(layout)
    path = output or Path(f"{loaded.name}.png")
    write_figure(path, lambda: layout_figure(loaded), force=force)
    report(path, {"layout": loaded.name}, as_json=as_json)
