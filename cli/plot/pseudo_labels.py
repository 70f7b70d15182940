"""`skelgraph plot pseudo-labels`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import RUN, report


@click.command("pseudo-labels")
@click.argument("run", type=RUN)
@figure_option("RUN/pseudo_labels.png")
@force_option
@report_options
def plot_pseudo_labels(
    run: Path, output: Path | None, force: bool, quiet: bool, as_json: bool
) -> None:
    """Draw how a run's pseudo-labels came: how many, how right, of which classes, how sure.

    \b
    Example:
      skelgraph plot pseudo-labels runs/hands_fixmatch --output history.svg
    """
    from skelgraph.plots.pseudo_labels import pseudo_labels_figure
    from skelgraph.training.semi.history import read_label_history

    history = read_label_history(run)
    path = output or run / "pseudo_labels.png"
    title = f"{run.name or run}, pseudo-labels of {history['clips']} unlabelled clips"
    write_figure(path, lambda: pseudo_labels_figure(history, title=title), force=force)
    report(path, {"run": str(run), **history}, as_json=as_json)
