"""`skelgraph plot a-links`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import Choice, device_option, force_option, report_options
from skelgraph.cli.plot.telling import RUN, SPLITS, clips_title, report

if TYPE_CHECKING:
    from skelgraph.explain import LinkImportance
    from skelgraph.training.links_seen import LinksSeen

VIEWS = ("skeleton", "matrix")


@click.command("a-links")
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
    "--view",
    type=Choice(VIEWS),
    default="skeleton",
    show_default=True,
    help="The strongest over the skeleton, or all as a matrix by body part.",
)
@click.option(
    "--strongest",
    type=click.IntRange(1, 200),
    default=10,
    show_default=True,
    help="Links of each type over the skeleton.",
)
@click.option(
    "--importance",
    is_flag=True,
    help="Draw what the predicted class's log-odds lose without each link, not its probability.",
)
@figure_option("RUN/a_links.png")
@device_option
@force_option
@report_options
def plot_a_links(
    run: Path,
    source: Path | None,
    split: str,
    clip: str | None,
    class_name: str | None,
    view: str,
    strongest: int,
    importance: bool,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw the links between joints that a run infers from its clips.

    Arrows go from the joint that sends to the joint that receives, as wide as the link is
    probable; the type that means "no link" is left out. With --importance they are as wide as the
    link matters to the class that is predicted, and dashed where it speaks against it.

    \b
    Example:
      skelgraph plot a-links runs/mediapipe_hands --class wave --output links.svg
      skelgraph plot a-links runs/mediapipe_hands --view matrix
      skelgraph plot a-links runs/mediapipe_hands --importance --class wave
    """
    from skelgraph.cli.link_rows import link_rows
    from skelgraph.files import check_free
    from skelgraph.plots.links import IMPORTANCE, PROBABILITY, links_figure
    from skelgraph.plots.links_matrix import links_matrix_figure
    from skelgraph.training.devices import pick_device
    from skelgraph.training.links_explained import explain_links_of_run
    from skelgraph.training.links_seen import links_of_run

    if clip is not None and class_name is not None:
        raise click.UsageError("Expected either --clip or --class, got both.")
    path = output or (run if run.is_dir() else run.parent) / "a_links.png"
    check_free(path, force=force)
    ask: Callable[..., LinksSeen | LinkImportance]
    ask = explain_links_of_run if importance else links_of_run
    seen = ask(run, source, part=split, device=pick_device(device))
    seen = seen.choose(clip=clip, class_name=class_name)
    mean = seen.mean()
    what = "Importance of A-links (first order, not checked)" if importance else "A-links"
    told: dict[str, Any] = {
        "quantity": IMPORTANCE if importance else PROBABILITY,
        "title": f"{what}, {clips_title(run, source, split, seen, class_name)}",
    }
    if view == "matrix":
        write_figure(path, lambda: links_matrix_figure(seen.layout, mean, **told), force=force)
    else:
        write_figure(
            path, lambda: links_figure(seen.layout, mean, count=strongest, **told), force=force
        )
    name = "importance" if importance else "probability"
    rows = link_rows(seen.layout, mean, count=strongest, name=name)
    report(path, {"run": str(run), "num_clips": len(seen), "links": rows}, as_json=as_json)
