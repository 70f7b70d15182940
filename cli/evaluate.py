"""`skelgraph evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import Choice, device_option, report_options
from skelgraph.errors import unknown_name

WEIGHTINGS = ("equal", "validation")  # a test holds it against skelgraph.training.scoring


class Weights(click.ParamType):
    """One of `WEIGHTINGS`, or numbers with commas between them."""

    name = "weights"
    takes_several = True

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `validation` or `0.6,0.4`; a list from a config file is taken as it is."""
        if value in WEIGHTINGS:
            return value
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        try:
            return tuple(float(item) for item in items)
        except ValueError:
            choices = (*WEIGHTINGS, "numbers such as 0.6,0.4")
            self.fail(unknown_name("value", str(value), choices), param, ctx)


@click.command("evaluate")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Score every labelled clip of this store instead of the run's own.",
)
@click.option(
    "--split",
    type=Choice(("train", "val", "test")),
    default="test",
    show_default=True,
    help="Part of the run's own data.",
)
@click.option(
    "--weights",
    type=Weights(),
    default="equal",
    show_default=True,
    help="Of several runs: equal, validation (fitted on their validation clips), or 0.6,0.4.",
)
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with 3 if the accuracy is lower."
)
@device_option
@report_options
def command(
    runs: tuple[Path, ...],
    data: Path | None,
    split: str,
    weights: str | tuple[float, ...],
    fail_under: float | None,
    device: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Score a trained run.

    RUN is a run folder; with --data its model.safetensors is enough. Several runs count as one:
    the mean of their probabilities, weighted as --weights says. Runs that differ in their
    --streams are the usual ensemble. Of one run with a prediction head, its errors are told too.

    \b
    Example:
      skelgraph evaluate runs/mediapipe_hands
      skelgraph evaluate runs/fold0 --data other_store --json
      skelgraph evaluate runs/joint runs/bone --weights validation
    """
    from skelgraph.cli.output import note, print_json
    from skelgraph.training.devices import pick_device
    from skelgraph.training.scoring import evaluate

    result = evaluate(runs, data=data, part=split, weights=weights, device=pick_device(device))
    part = split if data is None else "all"
    for line in result.get("notes", ()):
        note(line, quiet=quiet)
    if as_json:
        print_json(result)
    else:
        _print(result, part)
    return 3 if fail_under is not None and result[part]["top1"] < fail_under else 0


def _print(result: dict[str, Any], part: str) -> None:
    from skelgraph.cli.forecast_lines import print_scores
    from skelgraph.cli.output import print_table

    scores = result[part]
    if len(result["runs"]) > 1:
        print_table(("run", "weight"), zip(result["runs"], result["weights"], strict=True))
    if "validation" in result:
        told = result["validation"]
        click.echo(
            f"log-loss of {told['num_clips']} validation clips: {told['nll']:.4f}, with equal "
            f"weights {told['nll_equal']:.4f}"
        )
    click.echo(_line(part, scores))
    if "equal" in result:
        click.echo(_line(f"{part}, equal weights", result["equal"]))
    if "clips" in scores:
        whole = scores["clips"]
        click.echo(f"by clip: {whole['num_clips']} clips, top1 {whole['top1']:.4f}")
    rows = [
        (name, sum(scores["confusion"][i]), scores["f1"][i])
        for i, name in enumerate(result["classes"])
    ]
    print_table(("class", "clips", "f1"), rows)
    if "forecast" in scores:
        print_scores(scores["forecast"])


def _line(what: str, scores: dict[str, Any]) -> str:
    low, high = scores["top1_interval"]
    return (
        f"{what}: {scores['num_clips']} clips, top1 {scores['top1']:.4f} "
        f"(95 % {low:.4f} to {high:.4f}), macro F1 {scores['macro_f1']:.4f}, "
        f"ECE {scores['ece']:.4f}, log-loss {scores['nll']:.4f}"
    )
