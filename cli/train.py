"""`skelgraph train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import MODELS, ModelChange, nest
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)
from skelgraph.cli.settings import STREAMS, Names, Several, apply_settings, setting_options


@click.command("train")
@click.option("--layout", metavar="NAME_OR_FILE", help="Skeleton; the store's own by default.")
@click.option("--data", type=click.Path(), help="Store to train on; simulated clips by default.")
@output_option("Folder of the run.  [default: runs/LAYOUT]")
@click.option("--resume", is_flag=True, help="Go on with the run in --output.")
@click.option(
    "--model",
    type=Choice(MODELS),
    default="as_gcn",
    show_default=True,
    help="Architecture; see the page about models.",
)
@click.option(
    "--preset",
    type=Choice(("auto", "small", "paper")),
    default="auto",
    show_default=True,
    help="Size of the model; auto: small on a CPU.",
)
@click.option("--head", type=Choice(("gated", "pooled")), help="Head of the model.")
@click.option("--streams", type=Names(STREAMS), help="Inputs, such as joint,bone.")
@click.option("--a-links/--no-a-links", default=None, help="Learned links, on by default.")
@click.option("--causal", is_flag=True, default=None, help="See no later frame (streaming).")
@click.option(
    "--forecast",
    type=click.IntRange(min=0),
    help="Frames to predict beside the class; clips are then taken as recorded (--num-frames 0).",
)
@click.option(
    "--set",
    "changes",
    type=ModelChange(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Any field of the model's configuration, such as s_order=2 or aim.num_types=4.",
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
@device_option
@click.option(
    "--devices",
    default="auto",
    show_default=True,
    help="Devices or processes of each machine; auto: all GPUs, or what torchrun or SLURM started.",
)
@click.option(
    "--num-nodes", type=click.IntRange(min=1), default=1, show_default=True, help="Machines."
)
@click.option(
    "--strategy",
    default="auto",
    show_default=True,
    help="How processes work together: a name of Lightning's that begins with ddp.",
)
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with 3 if the test accuracy is lower."
)
@force_option
@report_options
def command(**values: Any) -> int:
    """Train a recogniser.

    With --data on a store, else on simulated clips of the layout (their scores say nothing about
    people). Writes a run folder: weights, metrics, predictions, configuration, checkpoints.

    \b
    Example:
      skelgraph train --layout mediapipe_hands
      skelgraph train --data my_store --protocol loso --fold 0 --output runs/fold0
    """
    from skelgraph.cli.output import print_json
    from skelgraph.training.progress import ConsoleReporter, Reporter
    from skelgraph.training.supervised import train

    config = _config(values)
    output = values["output"] or Path("runs") / Path(config.layout).stem
    if values["sweep_windows"] or values["sweep_overlaps"]:
        _sweep(config, output, values)
        return 0
    metrics = train(
        config,
        output,
        resume=values["resume"],
        force=values["force"],
        devices=_devices(values),
        report=Reporter() if values["quiet"] else ConsoleReporter(),
    )
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
    from skelgraph.training.progress import ConsoleReporter, Reporter
    from skelgraph.training.sweep import COLUMNS, sweep_windows

    windows = values["sweep_windows"] or (config.data.window and (config.data.window,))
    if not windows:
        raise click.UsageError("--sweep-overlaps: expected --sweep-windows beside it, got none.")
    rows = sweep_windows(
        config,
        output,
        windows=windows,
        overlaps=values["sweep_overlaps"] or (config.data.overlap,),
        resume=values["resume"],
        force=values["force"],
        devices=_devices(values),
        report=Reporter() if values["quiet"] else ConsoleReporter(),
    )
    if values["as_json"]:
        print_json({"runs": rows})
    else:
        print_table(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])


def _config(values: dict[str, Any]) -> Any:
    from skelgraph.training.config import ModelOptions, RunConfig

    wanted = ("head", "streams", "a_links", "causal", "forecast")
    overrides = {name: values[name] for name in wanted if values[name] is not None}
    overrides |= nest(values["changes"])
    config = RunConfig(
        layout=_layout(values),
        store=values["data"] and str(Path(values["data"]).resolve()),
        model=ModelOptions(name=values["model"], preset=values["preset"], overrides=overrides),
        simulated={} if values["data"] else {"subjects": values["subjects"], "seed": 0},
    )
    files = values["files"] and str(Path(values["files"]).resolve())
    settings = {**values, "files": files}
    if values["forecast"] and not _told("num_frames"):
        settings["num_frames"] = 0
    return apply_settings(config, settings)


def _told(name: str) -> bool:
    """Whether an option has its value from someone, and not by default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT


def _layout(values: dict[str, Any]) -> str:
    if values["layout"]:
        from skelgraph.graphs.reading import is_path

        given = str(values["layout"])
        return str(Path(given).resolve()) if is_path(given) else given
    if values["data"]:
        from skelgraph.data.store import Store

        return str(Store.open(values["data"]).layout.name)
    if values["resume"] and values["output"]:
        return ""
    raise click.UsageError(
        "Expected --layout NAME or --data STORE, got neither. See `skelgraph layouts list`."
    )


def _devices(values: dict[str, Any]) -> Any:
    from skelgraph.training.devices import Devices

    accelerator, _, number = values["device"].partition(":")
    count = values["devices"]
    chosen: Any = [int(number)] if number else int(count) if count.isdigit() else count
    return Devices(
        accelerator=accelerator,
        count=chosen,
        nodes=values["num_nodes"],
        strategy=values["strategy"],
    )


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
