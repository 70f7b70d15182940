"""`skelgraph plot importance`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.explain import METHODS
from skelgraph.cli.options import Choice, device_option, force_option, report_options
from skelgraph.cli.picture_file import PicturePath
from skelgraph.cli.plot.telling import RUN, SPLITS, report

VIEWS = ("both", "skeleton", "time", "parts", "classes")


@click.command("importance")
@click.argument("source", metavar="RUN_OR_NPZ", type=RUN)
@click.argument("clips", metavar="[INPUT]", type=RUN, required=False)
@click.option(
    "--split",
    type=SPLITS,
    default="test",
    show_default=True,
    help="Part of the run's own data, where no INPUT is given.",
)
@click.option("--method", type=Choice(METHODS), help="How importance is found, of a run.")
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
    help="On the skeleton, over time, both, sums by body part, or by class beside one another; "
    "both by default, where the method tells frames apart.",
)
@click.option(
    "--relative", is_flag=True, help="By class: draw the difference from the mean of the classes."
)
@click.option(
    "--page",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="By class: which page, of 40 classes each.",
)
@click.option(
    "--difference",
    nargs=2,
    metavar="CLASS CLASS",
    help="Two classes, and the first less the second.",
)
@click.option(
    "--before",
    metavar="RUN_OR_NPZ",
    type=RUN,
    help="What was before, such as before transfer: both, and their difference.",
)
@click.option(
    "--find-phases", is_flag=True, help="Mark onset, peak and end of a clip's movement over time."
)
@click.option(
    "--phase",
    "phases",
    metavar="NAME=FRAME",
    multiple=True,
    help="Mark a recorded frame of a clip over time; may be given again.",
)
@click.option(
    "--checked",
    metavar="FILE.json",
    type=RUN,
    help="What `explain --check` wrote of this run; the figure then says how the method did.",
)
@click.option(
    "-o",
    "--output",
    type=PicturePath(),
    help="File of the figure, ending in .png, .svg or .pdf; of one --clip also .gif or .mp4.  "
    "[default: importance.png beside the source]",
)
@device_option
@force_option
@report_options
def plot_importance(
    source: Path, clips: Path | None, output: Path | None, *, as_json: bool, **values: Any
) -> None:
    """Draw which joints and frames a run's decisions rest on.

    RUN_OR_NPZ is a run, which is asked by the default method about INPUT or its own test clips,
    or a file of `skelgraph explain --output`. Shares of importance are of the mean map's sum of
    magnitudes. With --clip and an --output ending in .gif or .mp4 the clip moves.

    \b
    Example:
      skelgraph plot importance runs/mediapipe_hands --class wave --output wave.svg
      skelgraph plot importance runs/mediapipe_hands --clip 3 --output clip3.gif
      skelgraph plot importance runs/mediapipe_hands --difference wave pinch
    """
    from skelgraph.cli.plot.importance_views.drawing import draw_importance
    from skelgraph.cli.plot.importance_views.wanted import Wanted

    wanted = Wanted(
        clip=values["clip"],
        classes=values["classes"],
        view=values["view"],
        relative=values["relative"],
        page=values["page"],
        difference=values["difference"] or (),
        before=values["before"],
        find_phases=values["find_phases"],
        phases=_numbers(values["phases"]),
    )
    path = output or (source if source.is_dir() else source.parent) / "importance.png"
    wanted.check(path)
    asked = {name: values[name] for name in ("method", "split", "device", "checked", "force")}
    result = draw_importance(path, source, clips, wanted, **asked)
    report(path, {"source": str(source), **result}, as_json=as_json)


def _numbers(phases: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for given in phases:
        name, _, frame = given.partition("=")
        try:
            found[name] = float(frame)
        except ValueError:
            raise click.BadParameter(
                f"expected NAME=FRAME, such as onset=12, got '{given}'.", param_hint="--phase"
            ) from None
    return found
