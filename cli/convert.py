"""`skelgraph convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import Choice, force_option, recording_options, report_options


@click.command("convert")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("store", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    help="Format of the source, found by looking if not given; of a store, what to write it as.",
)
@recording_options
@click.option(
    "--labels",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Take classes (and subjects, cameras ...) from a CSV: clip,class.",
)
@click.option(
    "--to-layout",
    metavar="NAME_OR_FILE",
    help="Turn the joints into those of another layout; says what is invented or missing.",
)
@click.option(
    "--fill",
    type=Choice(["linear", "hold"]),
    help="Fill gaps: on a line between two seen frames, or with the last seen position.",
)
@click.option(
    "--longest-gap",
    type=click.IntRange(min=1),
    help="Longest gap that --fill fills, in frames (10 if not given).",
)
@click.option(
    "--confidence-as-z",
    is_flag=True,
    help="Make the confidence of 2-D joints their third coordinate.",
)
@click.option(
    "--window", metavar="FRAMES_OR_SECONDS", help="Cut clips into windows, as in 90 or 3s."
)
@click.option(
    "--overlap", type=float, help="Share of a window that the next one repeats, 0 to below 1."
)
@click.option("--strict", is_flag=True, help="Make any repair, skip or drop an error.")
@force_option
@report_options
def command(
    source: Path,
    store: Path,
    format_name: str | None,
    told: dict[str, Any],
    labels: Path | None,
    to_layout: str | None,
    fill: str | None,
    longest_gap: int | None,
    confidence_as_z: bool,
    window: str | None,
    overlap: float | None,
    strict: bool,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Convert recordings to a store, or a store to another tool's format.

    The source may be a store: to turn it into another layout, fill its gaps or cut it into
    windows. Says on stderr what was repaired and dropped; the store keeps it as
    conversion.json. The store is written whole or not at all.

    A store is written as csv, ctrgcn_npz, mmaction_pickle, openpose_json, pose or pyg where
    --format says so; what the format cannot hold is said on stderr.

    \b
    Example:
      skelgraph convert recordings.npz my_store
      skelgraph convert signs.npz my_store --width 1280 --height 720 --labels signs.csv
      skelgraph convert my_store windows --to-layout openpose_body25 --window 3s --overlap 0.5
      skelgraph convert my_store set.pkl --format mmaction_pickle --to-layout coco17
    """
    from skelgraph.cli.conversion_lines import print_exported, print_made
    from skelgraph.cli.output import track
    from skelgraph.data.clip_steps import ConvertSteps
    from skelgraph.data.formats import WRITERS, ReadOptions, convert, export
    from skelgraph.data.formats.stored import recognises as is_store

    what: dict[str, Any] = {
        "format": format_name,
        "options": ReadOptions(**told),
        "labels": labels,
        "steps": ConvertSteps(
            fill=fill,
            longest_gap=longest_gap,
            to_layout=to_layout,
            confidence_as_z=confidence_as_z,
            window=window,
            overlap=overlap,
        ),
        "strict": strict,
        "force": force,
        "track": lambda clips, total: track(clips, "converting", total=total, quiet=quiet),
    }
    if is_store(source) and format_name not in (None, "store", *WRITERS):
        raise click.UsageError(
            f"--format: expected what a store is written as, one of {', '.join(sorted(WRITERS))}, "
            f"got '{format_name}'. Leave it out to write a store."
        )
    if format_name in WRITERS and is_store(source):
        print_exported(export(source, store, **what), quiet=quiet, as_json=as_json)
    else:
        print_made(convert(source, store, **what), quiet=quiet, as_json=as_json)
