"""`skelgraph report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.explain import METHODS
from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)

NONE = "none"


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Store whose clips are reported; by default the run's own test clips.",
)
@click.option(
    "--clips",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Clips that the page can play, mistakes first.",
)
@click.option(
    "--method",
    type=Choice((*METHODS, NONE)),
    help="How importance is found; none leaves it out.  [default: that of explain]",
)
@click.option(
    "--check",
    "checked",
    type=click.IntRange(min=0),
    default=16,
    show_default=True,
    help="Clips on which importance is tested; 0 for none.",
)
@output_option("File of the page, ending in .html.  [default: RUN/report.html]")
@device_option
@force_option
@report_options
def command(
    run: Path,
    data: Path | None,
    clips: int,
    method: str | None,
    checked: int,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write one HTML page about a run.

    Scores with intervals, confusions, calibration, training curves, the joints that matter by
    class, and clips to play, mistakes first; of a run with few labels also what changed. The
    page needs no network and no other file. It holds the movements of the clips that it plays.

    \b
    Example:
      skelgraph report runs/mediapipe_hands
      skelgraph report runs/mediapipe_hands --data my_store --clips 20 --output mine.html
    """
    from skelgraph.cli.output import note, print_json
    from skelgraph.files import check_free, written_whole
    from skelgraph.training.devices import pick_device
    from skelgraph.training.reporting import ReportOptions, build_report

    path = output or (run if run.is_dir() else run.parent) / "report.html"
    _check_suffix(path)
    check_free(path, force=force)
    options = ReportOptions(clips=clips, checked=checked)
    page, document = build_report(
        run,
        data,
        options=_with_method(options, method),
        device=pick_device(device),
        tell=lambda text: note(text, quiet=quiet),
    )
    with written_whole(path, force=force) as temporary:
        temporary.write_text(page, encoding="utf-8")
    if as_json:
        print_json({"output": str(path), "size": path.stat().st_size, **_summary(document)})
    else:
        click.echo(str(path))


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--output: expected a file name ending in .html, got '{path}'.")


def _with_method(options: Any, method: str | None) -> Any:
    from dataclasses import replace

    if method is None:
        return options
    return replace(options, method=None if method == NONE else method)


def _summary(document: dict[str, Any]) -> dict[str, Any]:
    """What the page holds, without what it draws."""
    importance = document.get("importance")
    return {
        "part": document["part"],
        "scores": document["scores"],
        "clips": {"shown": len(document.get("clips", [])), **document.get("clips_of", {})},
        "method": importance and importance["method"],
        "check": importance and importance["check"],
        "notes": document["notes"],
    }
