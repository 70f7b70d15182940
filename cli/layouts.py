"""`skelgraph layouts`: the skeletons there are, one of them, and whether a file is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.figure_file import SUFFIXES, write_figure
from skelgraph.cli.options import force_option, report_options
from skelgraph.errors import unknown_name

if TYPE_CHECKING:
    from skelgraph.graphs import Layout

LAYOUT_SUFFIXES = (".yaml", ".yml")


class FigureOrLayoutPath(click.ParamType):
    """A file name whose suffix says whether a figure or a layout file is written."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Check the suffix; a wrong one is told the nearest."""
        path, known = Path(value), (*SUFFIXES, *LAYOUT_SUFFIXES)
        if path.suffix.lower() not in known:
            self.fail(unknown_name(f"{path}, suffix", path.suffix, known), param, ctx)
        return path


@click.group("layouts")
def command() -> None:
    """List, show and check skeleton layouts.

    A layout is a named skeleton: its joints, bones, neutral pose, and all that follows from
    them. Wherever a command takes a layout, the path of a YAML file does as well as a name.
    """


@command.command("list")
@report_options
def list_layouts(quiet: bool, as_json: bool) -> None:
    """List the layouts that come with skelgraph.

    \b
    Example:
      skelgraph layouts list
    """
    from skelgraph.cli.output import print_json, print_table
    from skelgraph.graphs import available_layouts, load_layout

    layouts = [load_layout(name) for name in available_layouts()]
    if as_json:
        print_json({"layouts": [summary(layout) for layout in layouts]})
        return
    rows = [(x.name, x.num_joints, x.num_edges, x.instances, x.title) for x in layouts]
    print_table(("layout", "joints", "edges", "instances", "title"), rows)


@command.command("show")
@click.argument("name", metavar="NAME_OR_FILE")
@click.option(
    "-o",
    "--output",
    type=FigureOrLayoutPath(),
    help="File of a figure (.png, .svg or .pdf), or a layout file (.yaml) to start yours from.",
)
@force_option
@report_options
def show_layout(name: str, output: Path | None, force: bool, quiet: bool, as_json: bool) -> None:
    """Show a layout: joints, bones, parts, centre, mirror pairs.

    \b
    Example:
      skelgraph layouts show kinect_v2
      skelgraph layouts show mediapipe_hands --output hands.png
      skelgraph layouts show mads --output mine.yaml
    """
    from skelgraph.cli.output import note, print_json
    from skelgraph.graphs import load_layout

    layout = load_layout(name)
    if output is not None:
        _write(layout, output, force=force)
        note(f"wrote {output}", quiet=quiet)
    if as_json:
        written = {} if output is None else {"output": str(output)}
        print_json({**summary(layout), "layout": layout.to_dict(), **written})
        return
    _print_layout(layout)


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@report_options
def check_layout(file: Path, quiet: bool, as_json: bool) -> None:
    """Check a layout file of your own; all its faults come at once.

    \b
    Example:
      skelgraph layouts check mine.yaml
    """
    from skelgraph.cli.output import print_json
    from skelgraph.errors import LayoutError
    from skelgraph.graphs import load_layout
    from skelgraph.graphs.description import FaultyLayoutError

    try:
        layout = load_layout(file)
    except LayoutError as error:
        if as_json:
            faults = error.faults if isinstance(error, FaultyLayoutError) else (str(error),)
            print_json({"file": str(file), "valid": False, "faults": faults})
        raise
    if as_json:
        print_json({"file": str(file), "valid": True, "faults": [], **summary(layout)})
        return
    click.echo(
        f"{file}: layout '{layout.name}' has no faults: {layout.num_joints} joints, "
        f"{layout.num_edges} edges."
    )


def summary(layout: Layout) -> dict[str, Any]:
    """Facts of a layout in JSON's types."""
    return {
        "name": layout.name,
        "title": layout.title,
        "num_joints": layout.num_joints,
        "num_edges": layout.num_edges,
        "instances": layout.instances,
        "max_bodies": layout.max_bodies,
        "reference_length": round(layout.reference_length, 6),
    }


def _write(layout: Layout, output: Path, *, force: bool) -> None:
    if output.suffix.lower() not in LAYOUT_SUFFIXES:
        from skelgraph.plots.layout import layout_figure

        write_figure(output, lambda: layout_figure(layout), force=force)
        return
    from skelgraph.files import written_whole
    from skelgraph.graphs.writing import write_layout

    with written_whole(output, force=force) as path:
        write_layout(layout, path)


def _print_layout(layout: Layout) -> None:
    from skelgraph.cli.output import print_table

    click.echo(f"{layout.name}: {layout.title}\n\n{layout.source}\n")
    print_table(("what", "value"), _facts(layout))
    click.echo("")
    columns = ("", "joint", "parent", "part", "mirror", "hops to centre", "bone (cm)")
    print_table(columns, _joint_rows(layout))


def _facts(layout: Layout) -> list[tuple[str, str]]:
    extra = [f"{layout.joints[u]} - {layout.joints[v]}" for u, v in layout.extra_edges]
    ends = [" and ".join(layout.joints[j] for j in group) for group in layout.reference]
    return [
        ("joints", str(layout.num_joints)),
        ("edges", str(layout.num_edges)),
        ("instances", f"{layout.instances}, {layout.max_bodies} slots unless asked otherwise"),
        ("centre", ", ".join(layout.joints[joint] for joint in layout.centre)),
        ("reference length", f"{100 * layout.reference_length:.1f} cm, {ends[0]} to {ends[1]}"),
        *([("edges that are no bones", ", ".join(extra))] if extra else []),
        *[
            (f"made of {part.layout}", f"{len(part.joints)} joints '{part.prefix}*'")
            for part in layout.components
        ],
        *([("rules to make it from", ", ".join(layout.rules))] if layout.rules else []),
    ]


def _joint_rows(layout: Layout) -> list[tuple[Any, ...]]:
    part_of = {joint: part for part, joints in layout.parts.items() for joint in joints}
    twins, lengths = layout.mirror_permutation.tolist(), layout.bone_lengths.tolist()
    return [
        (
            joint,
            name,
            _parent(layout, joint),
            part_of.get(joint),
            None if twins[joint] == joint else layout.joints[twins[joint]],
            int(layout.centre_hops[joint]),
            None if joint == layout.root else round(100 * lengths[joint], 1),
        )
        for joint, name in enumerate(layout.joints)
    ]


def _parent(layout: Layout, joint: int) -> str | None:
    if joint == layout.root:
        return None
    return layout.joints[layout.parents[joint]] + " (virtual)" * (joint in layout.virtual)
