"""`skelgraph plot confusion`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import RUN, own_clips, report, split_option


@click.command("confusion")
@click.argument("run", type=RUN)
@split_option
@figure_option("RUN/confusion.png")
@force_option
@report_options
def plot_confusion(
    run: Path, split: str, output: Path | None, force: bool, quiet: bool, as_json: bool
) -> None:
    """Draw which classes a run takes for which.

    \b
    Example:
      skelgraph plot confusion runs/mediapipe_hands --split val --output val.pdf
    """
    from skelgraph.plots.confusion import confusion_figure, count_confusions
    from skelgraph.training.run_tables import read_predictions

    table = read_predictions(run, split)
    counts = count_confusions(table.label, table.predicted, num_classes=len(table.class_names))
    path = output or run / "confusion.png"
    right = counts.trace() / max(counts.sum(), 1)
    title = f"{own_clips(run, split)}: {100 * right:.1f} % of {counts.sum()} right"
    write_figure(
        path, lambda: confusion_figure(counts, table.class_names, title=title), force=force
    )
    result = {"run": str(run), "split": split, "classes": table.class_names, "confusion": counts}
    report(path, result, as_json=as_json)
