"""`skelgraph pretrain`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import model_options
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)
from skelgraph.cli.run_config import run_config
from skelgraph.cli.run_options import layout_option, resume_option, run_arguments
from skelgraph.cli.settings import setting_options
from skelgraph.training.config import PretrainOptions

DEFAULTS = PretrainOptions()
NEED_LABELS = (
    *("freeze_links", "label_smoothing", "class_weights", "forecast_weight"),
    *("patience", "select"),
)
OWN = (
    "mask_share",
    "mask_span",
    "motion_stride",
    "view_crop",
    "temperature",
    "divergence_weight",
)


@click.command("pretrain")
@click.option("--data", type=click.Path(), help="Store to learn from; labels are not used.")
@layout_option
@output_option("Folder of the run.  [default: runs/LAYOUT_pretrained]")
@resume_option
@click.option(
    "--method",
    type=Choice(("masked", "contrastive")),
    default=DEFAULTS.method,
    show_default=True,
    help="Predict how hidden joints move, or tell views of one clip from others.",
)
@click.option("--all", "all_clips", is_flag=True, help="Keep nobody out for a test.")
@click.option(
    "--mask-share",
    type=float,
    default=DEFAULTS.mask_share,
    show_default=True,
    help="Share of a clip that is hidden (masked).",
)
@click.option(
    "--mask-span",
    type=click.IntRange(min=1),
    default=DEFAULTS.mask_span,
    show_default=True,
    help="Frames for which a part of the body is hidden (masked).",
)
@click.option(
    "--motion-stride",
    type=click.IntRange(min=1),
    default=DEFAULTS.motion_stride,
    show_default=True,
    help="Frames over which the motion to predict goes (masked).",
)
@click.option(
    "--view-crop",
    type=float,
    default=DEFAULTS.view_crop,
    show_default=True,
    help="Shortest share of a clip that a view covers (contrastive).",
)
@click.option(
    "--temperature",
    type=float,
    default=DEFAULTS.temperature,
    show_default=True,
    help="Divides the likeness of two views (contrastive).",
)
@click.option(
    "--divergence-weight",
    type=float,
    default=DEFAULTS.divergence_weight,
    show_default=True,
    help="Weight of a view changed much more than the others (contrastive).",
)
@model_options
@partial(setting_options, without=NEED_LABELS)
@device_option
@force_option
@report_options
def command(**values: Any) -> None:
    """Learn from recordings without labels.

    The weights that come of it are to begin with where labels are few: they know no classes.
    Learns from the people whom the protocol does not test; those that validate measure what was
    learned, beside what knowing nothing would give.

    \b
    Example:
      skelgraph pretrain --data my_store --protocol loso --fold 0 --output runs/start0
      skelgraph pretrain --data recordings --all --method contrastive
    """
    from skelgraph.cli.output import print_json
    from skelgraph.training.pretrain.job import pretrain

    if not values["data"] and not (values["resume"] and values["output"]):
        raise click.UsageError("Expected --data STORE, got none. Write one with `convert`.")
    config = _config(values)
    output = values["output"] or Path("runs") / f"{Path(config.layout).stem}_pretrained"
    metrics = pretrain(config, output, **run_arguments(values))
    if values["as_json"]:
        print_json({"run": str(output), **metrics})
    else:
        _print(metrics, output)


def _config(values: dict[str, Any]) -> Any:
    options = PretrainOptions(
        method=values["method"],
        all_clips=values["all_clips"],
        **{name: values[name] for name in OWN},
    )
    return replace(run_config({**values, "subjects": 0}), pretrain=options)


def _print(metrics: dict[str, Any], output: Path) -> None:
    from skelgraph.cli.output import print_table

    parts = [part for part in ("train", "val") if part in metrics]
    names = [name for name in metrics["train"] if name != "num_clips"]
    rows = [
        (part, metrics[part]["num_clips"], *(metrics[part][name] for name in names))
        for part in parts
    ]
    print_table(("split", "clips", *names), rows)
    click.echo("trivial: the loss of knowing nothing")
    click.echo(f"run: {output}")
