"""`skelgraph train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import model_options
from skelgraph.cli.options import (
    force_option,
    output_option,
    report_options,
)
from skelgraph.cli.process_options import process_options
from skelgraph.cli.run_config import run_config
from skelgraph.cli.run_options import layout_option, resume_option, run_arguments
from skelgraph.cli.settings import Several, setting_options


@click.command("train")
@layout_option
@click.option("--data", type=click.Path(), help="Store to train on; simulated clips by default.")
@output_option("Folder of the run.  [default: runs/LAYOUT]")
@resume_option
@model_options
@click.option(
    "--forecast",
    type=click.IntRange(min=0),
    help="Frames to predict beside the class; clips are then taken as recorded (--num-frames 0).",
)
@setting_options
@click.option(
    "--sweep-windows",
    type=Several(str),
    help="Train a run for each of these window lengths, such as 2s,4s.",
)
@click.option(
    "--sweep-overlaps",
    type=Several(click.FloatRange(0, 1, max_open=True)),
    help="And for each of these overlaps, such as 0,0.5.",
)
@click.option(
    "--subjects",
    type=click.IntRange(min=3),
    default=12,
    show_default=True,
    help="People to simulate where no --data is given.",
)
@process_options
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with 3 if the test accuracy is lower."
)
@force_option
@report_options
def command(**values: Any) -> int:
    """Train a recogniser.

    With --data on a store, else on simulated clips of the layout (their scores say nothing about
    people). Writes a run folder: weights, metrics, predictions, configuration, checkpoints.

    Shipped for --config: ntu60_xsub, ntu60_xview, ntu120_xsub, ntu120_xset (the page about NTU
    RGB+D says what they hold).

    \b
    Example:
      skelgraph train --layout mediapipe_hands
      skelgraph train --data my_store --protocol loso --fold 0 --output runs/fold0
    """
    from skelgraph.cli.output import print_json
    from skelgraph.training.supervised import train

    config = run_config(values)
    output = values["output"] or Path("runs") / Path(config.layout).stem
    if values["sweep_windows"] or values["sweep_overlaps"]:
        _sweep(config, output, values)
        return 0
    metrics = train(config, output, **run_arguments(values))
    if not metrics:
        return 0
    if values["as_json"]:
        print_json({"run": str(output), **metrics})
    else:
        _print(metrics, output)
    limit = values["fail_under"]
    return 3 if limit is not None and metrics["test"]["top1"] < limit else 0


def _sweep(config: Any, output: Path, values: dict[str, Any]) -> None:
    from skelgraph.cli.output import print_json, print_table
    from skelgraph.training.sweep import COLUMNS, sweep_windows

    windows = values["sweep_windows"] or (config.data.window and (config.data.window,))
    if not windows:
        raise click.UsageError("--sweep-overlaps: expected --sweep-windows beside it, got none.")
    rows = sweep_windows(
        config,
        output,
        windows=windows,
        overlaps=values["sweep_overlaps"] or (config.data.overlap,),
        **run_arguments(values),
    )
    if values["as_json"]:
        print_json({"runs": rows})
    else:
        print_table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])


def _print(metrics: dict[str, Any], output: Path) -> None:
    from skelgraph.cli.output import print_table

    rows = [
        (part, metrics[part]["num_clips"], metrics[part]["top1"], metrics[part]["macro_f1"])
        for part in ("train", "val", "test")
    ]
    print_table(("split", "clips", "top1", "macro_f1"), rows)
    if "argmax_links_top1" in metrics["val"]:
        hard = metrics["val"]["argmax_links_top1"]
        click.echo(f"val top1 with each A-link set to its likeliest type: {hard:.4f}")
    click.echo(f"run: {output}")
    if metrics["simulated"]:
        click.echo("on SIMULATED clips: these scores say nothing about recordings of people")
