"""`skelgraph merge`."""

from __future__ import annotations

from pathlib import Path

import click

from skelgraph.cli.options import force_option, report_options


@click.command("merge")
@click.argument(
    "stores", nargs=-1, required=True, metavar="STORE...", type=click.Path(path_type=Path)
)
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--same-subjects",
    is_flag=True,
    help="Subject numbers mean the same people in all stores; else later ones are raised.",
)
@force_option
@report_options
def command(
    stores: tuple[Path, ...],
    out: Path,
    same_subjects: bool,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write the clips of several stores to one.

    The stores must agree in layout, units, axes, frame rate (to 0.2 %) and picture size; what
    differs is listed. Classes are united by name. Subjects of different stores stay different
    people.

    \b
    Example:
      skelgraph merge first_store second_store both
      skelgraph merge morning evening day --same-subjects
    """
    from skelgraph.cli.conversion_lines import print_made
    from skelgraph.cli.output import track
    from skelgraph.data.merging import merge

    made = merge(
        stores,
        out,
        same_subjects=same_subjects,
        force=force,
        track=lambda clips, total: track(clips, "merging", total=total, quiet=quiet),
    )
    print_made(made, quiet=quiet, as_json=as_json)
