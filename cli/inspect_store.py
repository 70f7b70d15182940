"""`skelgraph inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import recording_format_option, recording_options, report_options


@click.command("inspect")
@click.argument("source", metavar="STORE_OR_FILE", type=click.Path(path_type=Path))
@recording_format_option
@recording_options
@report_options
def command(
    source: Path, format_name: str | None, told: dict[str, Any], quiet: bool, as_json: bool
) -> None:
    """Tell what is in a store or a recording.

    Clips, classes, subjects, cameras, lengths, gaps, and whether a store's files are still
    those that were converted.

    \b
    Example:
      skelgraph inspect my_store
      skelgraph inspect recordings.npz --json
      skelgraph inspect signs.npz --width 1280 --height 720
    """
    from skelgraph.cli.conversion_lines import report_lines
    from skelgraph.cli.output import note, print_json, print_table
    from skelgraph.data.formats import ReadOptions
    from skelgraph.data.formats.stored import recognises as is_store
    from skelgraph.data.inspection import inspect_source

    found = inspect_source(source, format=format_name, options=ReadOptions(**told))
    lines = [f"note: {line}" for line in found["changed"]]
    if not is_store(source):  # of a store they were said when it was made
        lines += report_lines(found["conversion"])
    for line in lines:
        note(line, quiet=quiet)
    if as_json:
        print_json(found)
        return
    print_table(("what", "value"), _rows(found))
    click.echo("")
    print_table(
        ("class", "clips", "subjects", "median frames"),
        [(c["name"], c["clips"], c["subjects"], c["frames"]) for c in found["classes"]],
    )
    if found["gaps"]["joints"]:
        click.echo("")
        print_table(
            ("joint often missing", "missing"),
            [(name, f"{share:.1%}") for name, share in found["gaps"]["joints"].items()],
        )


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lengths = found["lengths"]
    yield "layout", f"{found['layout']} ({found['joints']} joints)"
    yield "coordinates", f"{found['coordinates']} in {found['units']}: {', '.join(found['axes'])}"
    if found["width"] and found["height"]:
        yield "picture", f"{found['width']} x {found['height']}"
    yield "frames per second", "unknown" if found["fps"] is None else f"{found['fps']:g}"
    yield "clips", f"{found['clips']} ({found['unlabelled']} unlabelled)"
    yield "frames", f"{found['frames']}"
    yield "frames a clip", f"{lengths['min']} / {lengths['median']:g} / {lengths['max']}"
    yield "bodies", f"at most {found['bodies']}"
    for column in ("subjects", "cameras", "setups"):
        yield column, _ids(found[column])
    for change, told in found["symmetry"].items():
        pairs = len(told.get("swaps", ())) // 2
        yield change.replace("_", " "), f"{len(told['keeps'])} class(es) keep, {pairs} pair(s) swap"
    yield "joints missing", f"{found['gaps']['missing']:.1%}"
    yield "frames with no joint", f"{found['gaps']['empty_frames']}"


def _ids(ids: list[int]) -> str:
    if not ids:
        return "unknown"
    shown = ", ".join(map(str, ids[:20]))
    return f"{len(ids)}: {shown}{' ...' if len(ids) > 20 else ''}"
