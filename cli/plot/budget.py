"""`skelgraph plot budget`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import Choice, force_option, report_options
from skelgraph.cli.plot.telling import report

SCORES = {"top1": "top-1 accuracy", "macro_f1": "macro F1"}


@click.command("budget")
@click.argument(
    "sources", metavar="RUN_OR_CSV...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--score", type=Choice(tuple(SCORES)), default="top1", show_default=True, help="What is drawn."
)
@click.option(
    "--only",
    metavar="COLUMN=VALUE",
    multiple=True,
    help="Take only such rows of a table; may be given again.",
)
@figure_option("budget.png")
@force_option
@report_options
def plot_budget(
    sources: tuple[Path, ...],
    score: str,
    only: tuple[str, ...],
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw test scores over the label budget, for several methods.

    Takes runs, or CSV tables with the columns method, budget, draw, test_top1 and test_macro_f1.
    Runs with the budget `all` are the line that the others are held against.

    \b
    Example:
      skelgraph plot budget runs/two_labels runs/five_labels runs/all_labels
      skelgraph plot budget series.csv --only data=hands --score macro_f1 --output hands.svg
    """
    from dataclasses import asdict

    from skelgraph.plots.budget_curve import Point, budget_figure
    from skelgraph.training.semi.budget_scores import mean_scores, read_scores

    found = read_scores(sources, only=_pairs(only))
    curves, whole, unit = mean_scores(found, score=score)
    points = {method: [Point(**asdict(each)) for each in means] for method, means in curves.items()}
    reference = None if whole is None else Point(**asdict(whole))
    draws = sorted({each.draws for means in curves.values() for each in means})
    told = f"mean, 95 % over {'-'.join(map(str, {draws[0]: 0, draws[-1]: 0}))} draws"
    if draws[-1] == 1:
        told = "one draw each"
    path = output or Path("budget.png")
    title = f"Test {SCORES[score]} by label budget" + "".join(f", {each}" for each in only)
    write_figure(
        path,
        lambda: budget_figure(
            points, reference=reference, score=SCORES[score], unit=unit, title=title, note=told
        ),
        force=force,
    )
    result: dict[str, Any] = {
        "score": score,
        "unit": unit,
        "methods": {name: [asdict(each) for each in means] for name, means in curves.items()},
        "all": None if whole is None else asdict(whole),
    }
    report(path, result, as_json=as_json)


def _pairs(only: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in only]
    wrong = [given for given, (_, sign, _) in zip(only, pairs, strict=True) if not sign]
    if wrong:
        raise click.UsageError(f"--only: expected COLUMN=VALUE, got '{wrong[0]}'.")
    return {column: value for column, _, value in pairs}
