"""`skelgraph transfer`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.model_change import ModelChange, nest
from skelgraph.cli.options import Choice, force_option, output_option, report_options
from skelgraph.cli.process_options import process_options
from skelgraph.cli.run_options import layout_option, resume_option, run_arguments
from skelgraph.cli.settings import STREAMS, Names, Several, open_setting_options, told_settings
from skelgraph.training.transfer.options import MODES

if TYPE_CHECKING:
    from skelgraph.evaluation.comparison import Comparison

RECIPES = ("default", "industrial")  # a test holds it against the library's
START = (
    "mode",
    "keep_classifier",
    "freeze",
    "only",
    "unfreeze",
    "unfreeze_epochs",
    "lr_decay",
    "l2_start",
)


class PartRate(click.ParamType):
    """One `PART=RATE`."""

    name = "part=rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `backbone=1e-4` to ("backbone", 1e-4)."""
        if isinstance(value, tuple):
            return value
        part, sign, text = str(value).partition("=")
        try:
            rate = float(text)
        except ValueError:
            rate = -1.0
        if not (part and sign and rate >= 0):
            self.fail(f"expected PART=RATE with a rate of 0 or more, got '{value}'", param, ctx)
        return part.strip(), rate


@click.command("transfer")
@click.argument("source", metavar="RUN")
@click.option("--data", type=click.Path(), help="Store to train on.  [required]")
@layout_option
@output_option("Folder of the new run.  [default: runs/STORE_transferred]")
@resume_option
@click.option(
    "--mode",
    type=Choice(MODES),
    help="What is taken: fixed features and a new classifier, weights to tune, or the "
    "architecture alone.  [default: finetune]",
)
@click.option(
    "--preset",
    "recipe",
    type=Choice(RECIPES),
    default="default",
    show_default=True,
    help="Where defaults of the training come from.",
)
@click.option(
    "--keep-classifier/--new-classifier",
    default=None,
    help="Keep the classifier for classes of the same name, or make a new one (the default).",
)
@click.option("--freeze", type=Several(str), help="Parts that never move, such as backbone,aim.")
@click.option("--only", type=Several(str), help="Parts that move; all others are frozen.")
@click.option(
    "--unfreeze/--no-unfreeze",
    default=None,
    help="Let the topmost layers move first, and one group more at a time.",
)
@click.option(
    "--unfreeze-epochs",
    type=click.IntRange(min=0),
    help="Epochs from one group to the next; 0, the default: equal shares.",
)
@click.option(
    "--lr-decay",
    type=click.FloatRange(min=1),
    help="What the learning rate is divided by for each group of layers further down.  "
    "[default: 1]",
)
@click.option(
    "--lr-group",
    "rates",
    type=PartRate(),
    multiple=True,
    metavar="PART=RATE",
    help="Learning rate of a part, such as backbone=1e-4.",
)
@click.option(
    "--l2-start",
    type=click.FloatRange(min=0),
    help="Weight of the squared distance to the weights carried over.  [default: 0]",
)
@click.option("--streams", type=Names(STREAMS), help="Inputs, such as joint,bone.")
@click.option(
    "--set",
    "changes",
    type=ModelChange(),
    multiple=True,
    metavar="KEY=VALUE",
    help="Any field of the model's configuration that is to differ from the run's.",
)
@open_setting_options
@click.option(
    "--compare-scratch",
    is_flag=True,
    help="Train the same from scratch too, and tell the change of each class.",
)
@process_options
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with 3 if the test accuracy is lower."
)
@force_option
@report_options
def command(**values: Any) -> int:
    """Train on from the weights of another run.

    RUN is a run folder, a weights file, or `simulated` for weights that are shipped. Classes,
    layout and coordinates may be others than the run's: weights that belong to a joint, an input
    or a class are carried over where the new model has the same, the rest is made anew, and what
    was what is printed and kept in metrics.json. Clips are prepared as the run's were; options
    that are not given keep the run's values, those of the training their usual ones.

    \b
    Example:
      skelgraph transfer runs/mediapipe_hands --data my_store
      skelgraph transfer runs/big --data my_store --freeze backbone,aim --epochs 20
      skelgraph transfer runs/big --data my_store --mode features --json
    """
    from skelgraph.cli.output import print_json

    output = _output(values)
    metrics, comparison = _train(values, output)
    if not metrics:
        return 0
    if values["as_json"]:
        print_json({"run": str(output), **metrics})
    else:
        _print(metrics, comparison, output)
    limit = values["fail_under"]
    return 3 if limit is not None and metrics["test"]["top1"] < limit else 0


def _train(values: dict[str, Any], output: Path) -> tuple[dict[str, Any], Comparison | None]:
    from skelgraph.training.supervised import train
    from skelgraph.training.transfer.comparing import train_both

    if values["compare_scratch"]:
        return train_both(_config(values), output, **run_arguments(values))
    return train(_config(values), output, **run_arguments(values)), None


def _output(values: dict[str, Any]) -> Path:
    if values["output"]:
        return Path(values["output"])
    if values["data"]:
        return Path("runs") / f"{Path(values['data']).resolve().name}_transferred"
    raise click.UsageError("Expected --data STORE, got none. Give the recordings to train on.")


def _config(values: dict[str, Any]) -> Any:
    from skelgraph.training.config import RunConfig
    from skelgraph.training.transfer.configuring import transfer_config

    if values["resume"] and not values["data"]:
        return RunConfig(layout="")  # that of the folder counts
    if not values["data"]:
        raise click.UsageError("Expected --data STORE, got none. Give the recordings to train on.")
    told: dict[str, dict[str, Any]] = told_settings(values)
    told["start"] = {name: values[name] for name in START if values[name] is not None}
    if values["rates"]:
        told["start"]["rates"] = dict(values["rates"])
    told["model"] = nest(values["changes"])
    if values["streams"]:
        told["model"]["streams"] = values["streams"]
    if "files" in told["protocol"]:
        told["protocol"]["files"] = str(Path(told["protocol"]["files"]).resolve())
    return transfer_config(
        values["source"],
        store=values["data"],
        layout=_layout(values["layout"]),
        recipe=values["recipe"],
        told=told,
    )


def _layout(given: str | None) -> str:
    from skelgraph.graphs.reading import is_path

    if given is None:
        return ""
    return str(Path(given).resolve()) if is_path(given) else given


def _print(metrics: dict[str, Any], comparison: Comparison | None, output: Path) -> None:
    from skelgraph.cli.output import print_table

    start = metrics["start"]
    parts = start["carried"]["parts"]
    print_table(
        ("weights of", "carried over", "in part", "new", "why"),
        [(p["name"], p["whole"], p["part"], p["new"], p["why"]) for p in parts],
    )
    click.echo(
        f"from {start['source']}: {start['carried']['numbers_carried']:,} of "
        f"{start['carried']['numbers']:,} numbers carried over, {start['numbers_frozen']:,} frozen"
    )
    rows = [
        (part, metrics[part]["num_clips"], metrics[part]["top1"], metrics[part]["macro_f1"])
        for part in ("train", "val", "test")
    ]
    print_table(("split", "clips", "top1", "macro_f1"), rows)
    if comparison is not None:
        click.echo("from scratch -> transferred, on the test part:")
        for line in comparison.lines():
            click.echo(line)
    click.echo(f"run: {output}")
