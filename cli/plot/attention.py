"""`skelgraph plot attention`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelgraph.cli.figure_file import figure_option
from skelgraph.cli.options import Choice, device_option, force_option, report_options
from skelgraph.cli.plot.telling import RUN, SPLITS, own_clips, report

if TYPE_CHECKING:
    from skelgraph.training.attention import AttentionSet

VIEWS = ("both", "skeleton", "time", "classes")


@click.command("attention")
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
    from skelgraph.cli.plot.attention_drawing import Wanted, draw_attention
    from skelgraph.training.attention import attention_of_run
    from skelgraph.training.devices import pick_device

    wanted = Wanted(clip=clip, classes=classes, view=view, relative=relative)
    wanted.check()
    path = output or (run if run.is_dir() else run.parent) / "attention.png"

    def attend() -> AttentionSet:
        return attention_of_run(run, source, part=split, device=pick_device(device))

    title = f"{run.name or run}, clips of {source.name}" if source else own_clips(run, split)
    result = draw_attention(path, attend, wanted, title=title, table=table, force=force)
    report(path, {"run": str(run), **result}, as_json=as_json)
