"""`skelgraph evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import Choice, device_option, report_options


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
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with 3 if the accuracy is lower."
)
@device_option
@report_options
def command(
    runs: tuple[Path, ...],
    data: Path | None,
    split: str,
    fail_under: float | None,
    device: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Score a trained run.

    RUN is a run folder; with --data its model.safetensors is enough. Several runs vote: the mean
    of their probabilities counts.

    \b
    Example:
      skelgraph evaluate runs/mediapipe_hands
      skelgraph evaluate runs/fold0 --data other_store --json
    """
    from skelgraph.cli.output import print_json
    from skelgraph.training.devices import pick_device
    from skelgraph.training.scoring import evaluate

    result = evaluate(runs, data=data, part=split, device=pick_device(device))
    part = split if data is None else "all"
    if as_json:
        print_json(result)
    else:
        _print(result, part)
    return 3 if fail_under is not None and result[part]["top1"] < fail_under else 0


def _print(result: dict[str, Any], part: str) -> None:
    from skelgraph.cli.output import print_table

    scores = result[part]
    low, high = scores["top1_interval"]
    click.echo(
        f"{part}: {scores['num_clips']} clips, top1 {scores['top1']:.4f} "
        f"(95 % {low:.4f} to {high:.4f}), macro F1 {scores['macro_f1']:.4f}, "
        f"ECE {scores['ece']:.4f}"
    )
    if "clips" in scores:
        whole = scores["clips"]
        click.echo(f"by clip: {whole['num_clips']} clips, top1 {whole['top1']:.4f}")
    rows = [
        (name, sum(scores["confusion"][i]), scores["f1"][i])
        for i, name in enumerate(result["classes"])
    ]
    print_table(("class", "clips", "f1"), rows)
