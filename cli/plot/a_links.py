"""`skelgraph plot a-links`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.figure_file import figure_option, write_figure
from skelgraph.cli.options import Choice, device_option, force_option, report_options
from skelgraph.cli.plot.telling import RUN, SPLITS, clips_title, report

if TYPE_CHECKING:
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
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw the links between joints that a run infers from its clips.

    Arrows go from the joint that sends to the joint that receives, as wide as the link is
    probable; the type that means "no link" is left out.

    \b
    Example:
      skelgraph plot a-links runs/mediapipe_hands --class wave --output links.svg
      skelgraph plot a-links runs/mediapipe_hands --view matrix
    """
    from skelgraph.files import check_free
    from skelgraph.plots.links import links_figure
    from skelgraph.plots.links_matrix import links_matrix_figure
    from skelgraph.training.devices import pick_device
    from skelgraph.training.links_seen import links_of_run

    if clip is not None and class_name is not None:
        raise click.UsageError("Expected either --clip or --class, got both.")
    path = output or (run if run.is_dir() else run.parent) / "a_links.png"
    check_free(path, force=force)
    links = links_of_run(run, source, part=split, device=pick_device(device))
    links = links.choose(clip=clip, class_name=class_name)
    title = f"A-links, {clips_title(run, source, split, links, class_name)}"
    mean = links.mean()
    if view == "matrix":
        write_figure(
            path, lambda: links_matrix_figure(links.layout, mean, title=title), force=force
        )
    else:
        write_figure(
            path,
            lambda: links_figure(links.layout, mean, count=strongest, title=title),
            force=force,
        )
    result = {"run": str(run), "num_clips": len(links), "links": _listed(links, strongest)}
    report(path, result, as_json=as_json)


def _listed(links: LinksSeen, count: int) -> list[dict[str, Any]]:
    from skelgraph.graphs.layout import SLOTS
    from skelgraph.plots.links import strongest_links

    layout = links.layout
    return [
        {
            "body": SLOTS[link.body] if layout.instances == "hands" else None,
            "type": link.kind + 1,
            "from": layout.joints[link.source],
            "to": layout.joints[link.target],
            "probability": link.probability,
        }
        for link in strongest_links(links.mean(), count=count)
    ]
