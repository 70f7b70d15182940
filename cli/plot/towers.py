"""`skelgraph plot towers`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import device_option, force_option, report_options
from skelgraph.cli.plot.telling import RUN, SPLITS, clips_title, report
from skelgraph.errors import RunError


@click.command("towers")
@click.argument("run", type=RUN)
@click.argument("source", metavar="[INPUT]", type=RUN, required=False)
@click.option(
    "--split",
    type=SPLITS,
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@click.option("--clip", help="One clip, by name or number; the mean of all by default.")
@click.option("--class", "class_name", metavar="NAME", help="The mean of a class.")
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    help="One layer of the towers, from 1; the mean over layers by default.",
)
@figure_option("RUN/towers.png")
@device_option
@force_option
@report_options
def plot_towers(
    run: Path,
    source: Path | None,
    split: str,
    clip: str | None,
    class_name: str | None,
    layer: int | None,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw what both towers of a run attend to: frames to frames, joints to joints.

    Matrices are means over the heads, in equal shares: 1 is even attention.

    \b
    Example:
      skelgraph plot towers runs/mediapipe_hands --class wave --output towers.svg
    """
    from skelgraph.files import check_free
    from skelgraph.plots.towers import towers_figure
    from skelgraph.training.devices import pick_device
    from skelgraph.training.towers_seen import towers_of_run

    if clip is not None and class_name is not None:
        raise click.UsageError("Expected either --clip or --class, got both.")
    path = output or (run if run.is_dir() else run.parent) / "towers.png"
    check_free(path, force=force)
    seen = towers_of_run(run, source, part=split, device=pick_device(device))
    seen = seen.choose(clip=clip, class_name=class_name)
    step, joint = seen.mean_attention()
    layers = len(step)
    if layer is not None and layer > layers:
        raise RunError(
            f"--layer: expected 1 to {layers} for this run, got {layer}. Give one of those."
        )
    chosen = slice(None) if layer is None else slice(layer - 1, layer)
    told = f"layer {layer}" if layer else f"mean of {layers} layers" if layers > 1 else "one layer"
    title = f"Both towers, {told}, {clips_title(run, source, split, seen, class_name)}"
    write_figure(
        path,
        lambda: towers_figure(
            seen.layout, step[chosen].mean(axis=0), joint[chosen].mean(axis=0), title=title
        ),
        force=force,
    )
    report(path, {"run": str(run), "num_clips": len(seen), "num_layers": layers}, as_json=as_json)
