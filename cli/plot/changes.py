"""`skelgraph plot changes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.cli.plot.telling import RUN, report, split_option

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.evaluation.changes import Comparison


@click.command("changes")
@click.option(
    "--before", multiple=True, required=True, type=RUN, help="Run before; one a draw, in pairs."
)
@click.option(
    "--after", multiple=True, required=True, type=RUN, help="Run after; one for each --before."
)
@split_option
@figure_option("AFTER/changes.png")
@force_option
@report_options
def plot_changes(
    before: tuple[Path, ...],
    after: tuple[Path, ...],
    split: str,
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw the F1 of each class before and after, and name the classes that fell.

    With several pairs of runs (draws of labels, seeds) intervals are over the pairs; with one
    over its clips, whole persons at a time.

    \b
    Example:
      skelgraph plot changes --before runs/start --after runs/hands_fixmatch
    """
    from skelgraph.cli.output import note
    from skelgraph.training.run_changes import compare_runs

    found = compare_runs(before, after, split)
    path = output or after[0] / "changes.png"
    title = f"{before[0].name or before[0]} and then {after[0].name or after[0]}, {split} clips"
    if len(before) > 1:
        title += f", {len(before)} draws"
    write_figure(path, lambda: _figure(found, title), force=force)
    if not as_json:
        for line in found.lines():
            note(line, quiet=quiet)
    runs = {"before": list(map(str, before)), "after": list(map(str, after)), "split": split}
    report(path, {**runs, **found.to_dict()}, as_json=as_json)


def _figure(found: Comparison, title: str) -> Figure:
    from skelgraph.evaluation.changes import ALPHA
    from skelgraph.plots.changes import Dumbbell, changes_figure

    rows = [
        Dumbbell(
            change.name,
            change.before,
            change.after,
            change.low,
            change.high,
            sure=change.p_holm < ALPHA,
        )
        for change in found.classes
    ]
    return changes_figure(rows, title=title, note=f"{found.basis}; bold: beyond it")
