"""`skelgraph pseudo-label`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import ModelChange, model_options, nest
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
    told,
)
from skelgraph.cli.run_config import layout_name, run_config
from skelgraph.cli.run_options import layout_option, resume_option, run_arguments
from skelgraph.cli.settings import DEFAULTS, SETTINGS, setting_options, with_preset
from skelgraph.training.config import BEGINNINGS, FEW_UNUSED, FewOptions, TrainOptions

# A test holds it against the table of methods, whose import takes long.
METHODS = (
    "supervised",
    "pseudo_label",
    "fixmatch",
    "flexmatch",
    "freematch",
    "softmatch",
    "mean_teacher",
    "entropy",
    "curriculum",
    "sturm",
    "mixmatch",
    "cmpl",
    "meta_pseudo_labels",
)
MODEL = ("head", "streams", "a_links", "causal")
FEW = FewOptions()
# Smoothed labels would keep the confidence below the thresholds of most methods.
FEW_TRAINING: dict[str, Any] = {"batch_size": 16, "label_smoothing": 0.0}
FEW_TEXTS = {
    "epochs": "Epochs of a training, of each cycle where a method has several.",
    "link_epochs": "Epochs before, for the A-links alone.",
    "batch_size": "Labelled clips a step.",
    "val": "The same for validation; without --full-validation they train.",
    "val_fraction": "Share of the rest that validates; without --full-validation it trains.",
}
FEW_DEFAULTS = replace(DEFAULTS, training=replace(TrainOptions(), **FEW_TRAINING))


@click.command("pseudo-label")
@click.option("--data", type=click.Path(), help="Store to train on, with few labels or many.")
@click.option(
    "--from",
    "source",
    metavar="RUN",
    help="Weights to start from: a run, a weights file, `simulated`; clips and model are as there.",
)
@click.option(
    "--method", type=Choice(METHODS), default=FEW.method, show_default=True, help="How it learns."
)
@click.option(
    "--label-budget",
    metavar="SHARE|NUMBER|FILE.csv|all",
    default=FEW.label_budget,
    show_default=True,
    help="Labels that may be used, validation included: 0.1 of the clips, 5 a class, the clips of "
    "a CSV (clip, label), or all that the store has.",
)
@click.option("--draw-seed", type=int, default=0, show_default=True, help="Fixes which are drawn.")
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Draws of labels, with the seeds that follow; a run each, and a summary.",
)
@output_option("Folder of the run.  [default: runs/DATA_METHOD]")
@resume_option
@click.option(
    "--method-set",
    type=ModelChange(),
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the method, such as threshold=0.9; see the page about methods.",
)
@click.option(
    "--begin",
    type=Choice(BEGINNINGS),
    default=FEW.begin,
    show_default=True,
    help="What the method begins with: the model that was trained on the labels alone, or what "
    "that one began with.",
)
@click.option(
    "--supervised-epochs",
    type=click.IntRange(min=0),
    default=FEW.supervised_epochs,
    help="Epochs on the labels alone.  [default: as many as --epochs]",
)
@click.option(
    "--epoch-steps",
    type=click.IntRange(min=1),
    default=FEW.epoch_steps,
    show_default=True,
    help="Steps of an epoch.",
)
@click.option(
    "--unlabelled-ratio",
    type=click.IntRange(min=1),
    default=FEW.unlabelled_ratio,
    show_default=True,
    help="Unlabelled clips of a step for each labelled one.",
)
@click.option(
    "--strong",
    type=Choice(("strong", "weak", "none")),
    default=FEW.strong,
    show_default=True,
    help="Augmentation of the strong view.",
)
@click.option(
    "--guard/--no-guard",
    default=FEW.guard,
    show_default=True,
    help="Keep the supervised model where validation prefers it.",
)
@click.option(
    "--guard-folds",
    type=click.IntRange(min=2),
    default=FEW.guard_folds,
    show_default=True,
    help="Folds of the labelled clips in which they are compared.",
)
@click.option(
    "--full-validation",
    is_flag=True,
    help="Compare on the protocol's validation part, on top of the budget.",
)
@click.option(
    "--calibrate/--no-calibrate",
    default=FEW.calibrate,
    show_default=True,
    help="Scale confidences by validation before a cycle's labels are chosen.",
)
@layout_option
@model_options
@partial(setting_options, defaults=FEW_DEFAULTS, without=FEW_UNUSED, texts=FEW_TEXTS)
@device_option
@force_option
@report_options
def command(**values: Any) -> int:
    """Train with few labels and many unlabelled clips.

    The labels that may be used are drawn (or named), all other clips of people who do not test
    count as unlabelled. The method's model is compared with a supervised one on labelled clips
    held out, and the better one is kept.

    \b
    Example:
      skelgraph pseudo-label --data my_store --label-budget 0.1 --method fixmatch
      skelgraph pseudo-label --data my_store --label-budget 5 --method curriculum --draws 3
      skelgraph pseudo-label --data my_store --from simulated --method freematch
    """
    from skelgraph.cli.output import print_json
    from skelgraph.training.semi.draws import train_draws
    from skelgraph.training.semi.running import train_few

    config = _config(values)
    output = values["output"] or _default_output(values)
    shared = run_arguments(values)
    if values["draws"] > 1:
        summary = train_draws(config, output, draws=values["draws"], **shared)
        if values["as_json"]:
            print_json({"run": str(output), **summary})
        else:
            _print_draws(summary, output)
        return 0
    metrics = train_few(config, output, **shared)
    if values["as_json"]:
        print_json({"run": str(output), **metrics})
    else:
        _print(metrics, output)
    return 0


def _config(values: dict[str, Any]) -> Any:
    from skelgraph.training.semi.budget import budget_file

    if not values["data"] and not values["resume"]:
        raise click.UsageError("Expected --data STORE, got none. See `skelgraph convert`.")
    config = _from_source(values) if values["source"] else run_config({**values, "subjects": 0})
    budget = values["label_budget"]
    file = budget_file(budget)
    few = FewOptions(
        method=values["method"],
        method_options=nest(values["method_set"]),
        label_budget=budget if file is None else str(file.resolve()),
        draw_seed=values["draw_seed"],
        begin=values["begin"],
        supervised_epochs=values["supervised_epochs"],
        epoch_steps=values["epoch_steps"],
        unlabelled_ratio=values["unlabelled_ratio"],
        strong=values["strong"],
        guard=values["guard"],
        guard_folds=values["guard_folds"],
        full_validation=values["full_validation"],
        calibrate=values["calibrate"],
    )
    return replace(config, few=few)


def _from_source(values: dict[str, Any]) -> Any:
    """Clips and model as the weights have them; options that were given go before."""
    from skelgraph.training.transfer.configuring import transfer_config

    if not values["data"]:
        raise click.UsageError(
            "Expected --data STORE beside --from, got none. A run that goes on needs --resume and "
            "--output alone."
        )
    settings = {
        part: {field: values[field] for field, _, _ in options if field in values and told(field)}
        for part, options in SETTINGS.items()
    }
    settings["training"] = {**FEW_TRAINING, **settings["training"]}
    if values["files"]:
        settings["protocol"]["files"] = str(Path(values["files"]).resolve())
    changed = {name: values[name] for name in MODEL if values[name] is not None}
    settings["model"] = changed | nest(values["changes"])
    config = transfer_config(
        values["source"], store=values["data"], layout=layout_name(values), told=settings
    )
    for name, own in (("model", config.model.name), ("preset", config.model.preset)):
        if told(name) and values[name] != own:
            raise click.UsageError(
                f"--{name}: expected {own}, as {values['source']} has it, got {values[name]}. "
                "Leave it out, or leave --from out."
            )
    return with_preset(config, values)


def _default_output(values: dict[str, Any]) -> Path:
    if not values["data"]:
        raise click.UsageError("Expected --output of the run to resume, got none.")
    return Path("runs") / f"{Path(values['data']).resolve().name}_{values['method']}"


def _print(metrics: dict[str, Any], output: Path) -> None:
    from skelgraph.cli.output import print_table

    rows = [
        (name, part, scores["num_clips"], scores["top1"], scores["macro_f1"], scores["ece"])
        for name, key in (("supervised", "before"), (metrics["method"], "after"))
        for part, scores in metrics[key].items()
    ]
    print_table(("model", "split", "clips", "top1", "macro_f1", "ece"), dict.fromkeys(rows))
    for line in guard_lines(metrics):
        click.echo(line)
    if "changes" in metrics:
        fell = metrics["changes"]["fell"]
        click.echo(f"classes with a lower test F1 after than before: {', '.join(fell) or 'none'}")
    click.echo(f"run: {output}")


def guard_lines(metrics: dict[str, Any]) -> list[str]:
    """Say which model is kept, and why."""
    guard = metrics["guard"]
    if not guard:
        return [f"kept: {metrics['kept']}, compared with nothing"]
    low, high = guard["interval"]
    overruled = guard["prefers"] == "supervised" and metrics["kept"] != "supervised"
    return [
        f"kept: {metrics['kept']}{' (--no-guard)' if overruled else ''}: "
        f"on {guard['num_clips']} clips held out the method is "
        f"{guard['difference']:+.3f} ahead (95 % {low:+.3f} to {high:+.3f}{_doubt(guard)})"
    ]


def _doubt(guard: dict[str, Any]) -> str:
    """Say why the comparison decides nothing, if it does not."""
    low, high = guard["interval"]
    if guard["decided"]:
        return ""
    if low <= 0 <= high:
        return "; the interval has 0 in it"
    return f"; {guard['num_groups']} groups are too few to tell"


def _print_draws(summary: dict[str, Any], output: Path) -> None:
    from skelgraph.cli.output import print_table

    columns = ("draw", "kept", "before_top1", "after_top1", "test_top1", "test_macro_f1")
    print_table(columns, [[row[name] for name in columns] for row in summary["draws"]])
    for name in ("before", "after", "kept"):
        mean, low, high = summary["top1"][name]
        click.echo(f"{name}: test top1 {mean:.4f} (95 % over draws {low:.4f} to {high:.4f})")
    fell = summary["changes"].get("fell", [])
    click.echo(f"classes with a lower F1 after than before: {', '.join(fell) or 'none'}")
    click.echo(f"runs: {output}")
