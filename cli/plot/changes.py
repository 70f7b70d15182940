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

    from skelgraph.evaluation.comparison import Comparison


@click.command("changes")
@click.argument("run", metavar="[RUN]", type=RUN, required=False)
@click.option("--before", multiple=True, type=RUN, help="Run before; may be given again.")
@click.option("--after", multiple=True, type=RUN, help="Run after; one for each --before.")
@split_option
@figure_option("AFTER/changes.png")
@force_option
@report_options
def plot_changes(
    run: Path | None,
    before: tuple[Path, ...],
    after: tuple[Path, ...],
    split: str,
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw the F1 of each class before and after, and name the classes that fell.

    RUN is one of `pseudo-label`, which noted both, or the folder of several draws; otherwise
    give runs in pairs. Of several pairs (draws of labels, seeds) intervals are over the pairs, of
    one over its clips, whole persons at a time.

    \b
    Example:
      skelgraph plot changes runs/hands_fixmatch
      skelgraph plot changes --before runs/start --after runs/transferred --output changes.svg
    """
    from skelgraph.cli.output import note
    from skelgraph.training.run_changes import compare_runs, own_changes

    if (run is None) == (not before and not after):
        raise click.UsageError("Expected either RUN, or --before and --after, got both or none.")
    if run is not None:
        found, folder = own_changes(run), run
        title = f"{run.name or run}, supervised and then with pseudo-labels, test clips"
    else:
        found, folder = compare_runs(before, after, split), after[0]
        title = f"{before[0].name or before[0]} and then {folder.name or folder}, {split} clips"
    if found.draws > 1:
        title += f", {found.draws} draws"
    path = output or folder / "changes.png"
    write_figure(path, lambda: _figure(found, title), force=force)
    if not as_json:
        for line in found.lines():
            note(line, quiet=quiet)
    runs = {"before": list(map(str, before)), "after": list(map(str, after)), "split": split}
    told = runs if run is None else {"run": str(run)}
    report(path, {**told, **found.to_dict()}, as_json=as_json)


def _figure(found: Comparison, title: str) -> Figure:
    from skelgraph.evaluation.comparison import ALPHA
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
    return changes_figure(rows, title=title, note=f"{found.basis}; bold: beyond chance")
