"""`skelgraph plot`: figures of layouts, clips and runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.forecast import plot_command as plot_forecast
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    recording_format_option,
    recording_options,
    report_options,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.data.store import Store
    from skelgraph.training.attention import AttentionSet

RUN = click.Path(path_type=Path)
SPLITS = Choice(("train", "val", "test"))
VIEWS = ("both", "skeleton", "time", "classes")


@click.group("plot")
def command() -> None:
    """Draw figures of layouts, clips and runs.

    The suffix of --output chooses the format: png, svg or pdf.
    """


command.add_command(plot_forecast)


@command.command("layout")
@click.argument("layout", metavar="NAME_OR_FILE")
@figure_option("NAME.png")
@force_option
@report_options
def plot_layout(layout: str, output: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Draw a skeleton layout: its joints, bones and parts.

    \b
    Example:
      skelgraph plot layout kinect_v2 --output kinect_v2.svg
    """
    from skelgraph.graphs import load_layout
    from skelgraph.plots.layout import layout_figure

    loaded = load_layout(layout)
    path = output or Path(f"{loaded.name}.png")
    write_figure(path, lambda: layout_figure(loaded), force=force)
    _report(path, {"layout": loaded.name}, as_json=as_json)


@command.command("clip")
@click.argument("source", metavar="STORE_OR_FILE", type=RUN)
@click.option("--clip", default="0", show_default=True, help="Name of the clip, or its number.")
@click.option(
    "--moments",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many frames are shown.",
)
@recording_format_option
@recording_options
@figure_option("CLIP.png")
@force_option
@report_options
def plot_clip(
    source: Path,
    clip: str,
    moments: int,
    format_name: str | None,
    told: dict[str, Any],
    output: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a clip as a strip of skeletons over time.

    \b
    Example:
      skelgraph plot clip my_store --clip 3 --output clip.png
    """
    from skelgraph.data.formats import ReadOptions
    from skelgraph.training.scoring import opened

    with opened(source, format=format_name, options=ReadOptions(**told)) as store:
        row = _row_of(store, clip)
        name = str(store.clips.name[row])
        path = output or Path(f"{Path(name).name}.png")
        write_figure(path, lambda: _clip_figure(store, row, moments), force=force)
    _report(path, {"clip": name}, as_json=as_json)


@command.command("curves")
@click.argument("run", type=RUN)
@figure_option("RUN/curves.png")
@force_option
@report_options
def plot_curves(run: Path, output: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Draw how a run was trained: losses, scores and learning rate over epochs.

    \b
    Example:
      skelgraph plot curves runs/mediapipe_hands
    """
    from skelgraph.plots.curves import curves_figure
    from skelgraph.training.run_tables import read_history, read_metrics

    history = read_history(run)
    best = read_metrics(run).get("best_epoch")
    path = output or run / "curves.png"
    title = f"Training of {run.name or run}"
    write_figure(path, lambda: curves_figure(history, best_epoch=best, title=title), force=force)
    _report(path, {"run": str(run), "best_epoch": best}, as_json=as_json)


@command.command("confusion")
@click.argument("run", type=RUN)
@click.option(
    "--split", type=SPLITS, default="test", show_default=True, help="Part of the run's own data."
)
@figure_option("RUN/confusion.png")
@force_option
@report_options
def plot_confusion(
    run: Path, split: str, output: Path | None, force: bool, quiet: bool, as_json: bool
) -> None:
    """Draw which classes a run takes for which.

    \b
    Example:
      skelgraph plot confusion runs/mediapipe_hands --split val --output val.pdf
    """
    from skelgraph.plots.confusion import confusion_figure, count_confusions
    from skelgraph.training.run_tables import read_predictions

    table = read_predictions(run, split)
    counts = count_confusions(table.label, table.predicted, num_classes=len(table.class_names))
    path = output or run / "confusion.png"
    right = counts.trace() / max(counts.sum(), 1)
    title = f"{_own_clips(run, split)}: {100 * right:.1f} % of {counts.sum()} right"
    write_figure(
        path, lambda: confusion_figure(counts, table.class_names, title=title), force=force
    )
    result = {"run": str(run), "split": split, "classes": table.class_names, "confusion": counts}
    _report(path, result, as_json=as_json)


@command.command("attention")
@click.argument("run", type=RUN)
@click.argument("source", metavar="[INPUT]", type=RUN, required=False)
@click.option(
    "--split",
    type=SPLITS,
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@click.option("--clip", help="One clip, by name or number; all clips by default.")
@click.option(
    "--class",
    "classes",
    metavar="NAME",
    multiple=True,
    help="Mean over a class; given several times, classes beside one another.",
)
@click.option(
    "--view",
    type=Choice(VIEWS),
    default="both",
    show_default=True,
    help="On the skeleton, over time, both, or by class beside one another.",
)
@click.option(
    "--relative", is_flag=True, help="By class: draw the difference from the mean of the classes."
)
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the numbers to this file, too.",
)
@figure_option("RUN/attention.png")
@device_option
@force_option
@report_options
def plot_attention(
    run: Path,
    source: Path | None,
    split: str,
    clip: str | None,
    classes: tuple[str, ...],
    view: str,
    relative: bool,
    table: Path | None,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw which joints a run attends to, and when.

    Shows the joint tower of the gated head on the neutral skeleton and over time, for a clip,
    the mean of a class, or the mean of all clips. INPUT is a store or a recording; without it
    the run's own clips are taken. Attention says what the tower weighs, not what an answer
    hangs on.

    \b
    Example:
      skelgraph plot attention runs/mediapipe_hands --class wave --output wave.svg
    """
    from skelgraph.cli.attention_plot import Wanted, draw_attention
    from skelgraph.training.attention import attention_of_run
    from skelgraph.training.devices import pick_device

    wanted = Wanted(clip=clip, classes=classes, view=view, relative=relative)
    wanted.check()
    path = output or (run if run.is_dir() else run.parent) / "attention.png"

    def attend() -> AttentionSet:
        return attention_of_run(run, source, part=split, device=pick_device(device))

    title = f"{run.name or run}, clips of {source.name}" if source else _own_clips(run, split)
    result = draw_attention(path, attend, wanted, title=title, table=table, force=force)
    _report(path, {"run": str(run), **result}, as_json=as_json)


def _own_clips(run: Path, split: str) -> str:
    """Name the run and its clips, and say it where they are simulated."""
    from skelgraph.training.run_tables import read_metrics

    simulated = "simulated " if read_metrics(run).get("simulated") else ""
    return f"{run.name or run}, {simulated}{split} clips"


def _report(path: Path, result: dict[str, Any], *, as_json: bool) -> None:
    from skelgraph.cli.output import print_json

    if as_json:
        print_json({"output": str(path), **result})
    else:
        click.echo(str(path))


def _row_of(store: Store, clip: str) -> int:
    """Find a clip by its name or by its number."""
    from skelgraph.errors import StoreError
    from skelgraph.training.attention import unknown_clip

    names: Sequence[str] = [str(name) for name in store.clips.name]
    if clip in names:
        return names.index(clip)
    if clip.isdigit() and int(clip) < len(names):
        return int(clip)
    raise StoreError(f"{store.path}, {unknown_clip(clip, names)}")


def _clip_figure(store: Store, row: int, moments: int) -> Figure:
    from skelgraph.plots.clip import clip_figure

    clip = store.clip(row)
    keypoints = clip.keypoints
    if clip.units == "image fraction" and clip.width and clip.height:
        keypoints = keypoints.copy()
        keypoints[..., 0] *= clip.width / clip.height
    kind = "" if clip.label is None else f": {store.class_names[clip.label]}"
    return clip_figure(
        keypoints,
        clip.layout,
        axes=clip.axes,
        fps=clip.fps,
        moments=moments,
        title=f"{clip.name}{kind}",
    )
