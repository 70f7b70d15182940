"""`skelgraph plot curves`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import RUN, report


@click.command("curves")
@click.argument("run", type=RUN)
@figure_option("RUN/curves.png")
@force_option
@report_options
def plot_curves(run: Path, output: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Draw how a run was trained: losses, scores and learning rate over epochs.

    \b
    Example:
      skelgraph plot curves runs/mediapipe_hands
    """
    from skelgraph.plots.curves import curves_figure
    from skelgraph.training.run_tables import last_training, read_history, read_metrics

    history = last_training(read_history(run))
    best = read_metrics(run).get("best_epoch")
    path = output or run / "curves.png"
    title = f"Training of {run.name or run}"
    write_figure(path, lambda: curves_figure(history, best_epoch=best, title=title), force=force)
    report(path, {"run": str(run), "best_epoch": best}, as_json=as_json)
