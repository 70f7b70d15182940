"""`skelgraph plot`: figures of layouts, clips and runs, one module a figure."""

from __future__ import annotations

import click

from skelgraph.cli.forecast import plot_command as plot_forecast
from skelgraph.cli.plot.a_links import plot_a_links
from skelgraph.cli.plot.attention import plot_attention
from skelgraph.cli.plot.budget import plot_budget
from skelgraph.cli.plot.calibration import plot_calibration
from skelgraph.cli.plot.changes import plot_changes
from skelgraph.cli.plot.clip import plot_clip
from skelgraph.cli.plot.confusion import plot_confusion
from skelgraph.cli.plot.curves import plot_curves
from skelgraph.cli.plot.gate import plot_gate
from skelgraph.cli.plot.importance import plot_importance
from skelgraph.cli.plot.layout import plot_layout
from skelgraph.cli.plot.pseudo_labels import plot_pseudo_labels
from skelgraph.cli.plot.towers import plot_towers


@click.group("plot")
def command() -> None:
    """Draw figures of layouts, clips and runs.

    The suffix of --output chooses the format: png, svg or pdf, and gif or mp4
    where it moves.
    """


for figure in (
    plot_layout,
    plot_clip,
    plot_curves,
    plot_confusion,
    plot_attention,
    plot_importance,
    plot_a_links,
    plot_gate,
    plot_towers,
    plot_forecast,
    plot_calibration,
    plot_changes,
    plot_pseudo_labels,
    plot_budget,
):
    command.add_command(figure)
