"""`skelgraph suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.options import (
    Choice,
    device_option,
    force_option,
    output_option,
    report_options,
)

if TYPE_CHECKING:
    from skelgraph.training.suggest import Suggestions

# A test holds them against skelgraph.evaluation.acquisition, whose import takes long.
STRATEGIES = ("mixed", "uncertainty", "diversity", "random")
MEASURES = ("entropy", "margin", "confidence")


@click.command("suggest")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Store with the clips; by default the run's.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many clips are wanted.",
)
@click.option(
    "--labelled",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Clips that have a label (clip, label). By default those that the run was given, else "
    "those with one in the store.",
)
@click.option(
    "--strategy",
    type=Choice(STRATEGIES),
    default="mixed",
    show_default=True,
    help="By uncertainty, by distance from what is labelled, by both, or at random.",
)
@click.option(
    "--measure",
    type=Choice(MEASURES),
    default="entropy",
    show_default=True,
    help="How uncertainty is measured.",
)
@click.option(
    "--balanced", is_flag=True, help="Take predicted classes in turns, the least labelled first."
)
@click.option("--same-recording", is_flag=True, help="Allow several clips cut from one recording.")
@click.option(
    "--keep-labelled",
    is_flag=True,
    help="Write the labelled clips first, so that the file is the next label budget.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Fixes what is drawn.")
@output_option("Write the table to this .csv file, instead of stdout.")
@device_option
@force_option
@report_options
def command(
    run: Path,
    data: Path | None,
    count: int,
    labelled: Path | None,
    strategy: str,
    measure: str,
    balanced: bool,
    same_recording: bool,
    keep_labelled: bool,
    seed: int,
    output: Path | None,
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Name the clips that are worth a label next.

    RUN is a run folder or its model.safetensors. Clips that validate or test in the run's own
    split, and others of the same people, are never named. Fill in the column `label` of the file
    and give it to `pseudo-label --label-budget`.

    \b
    Example:
      skelgraph suggest runs/hands --data my_store --count 20 --output to_label.csv
      skelgraph suggest runs/hands --count 10 --balanced --keep-labelled --output budget.csv
    """
    from skelgraph.cli.output import note, print_json
    from skelgraph.training.devices import pick_device
    from skelgraph.training.suggest import SuggestOptions, suggest

    _check_output(output, force=force)
    found = suggest(
        run,
        data,
        options=SuggestOptions(count, strategy, measure, balanced, same_recording, seed),
        labelled=labelled,
        device=pick_device(device),
    )
    for line in _notes(found, count, same_recording=same_recording):
        note(line, quiet=quiet)
    if output is not None:
        _write(found, output, force=force, keep_labelled=keep_labelled)
    if as_json:
        print_json(_document(found, output))
    elif output is not None:
        click.echo(str(output))
    else:
        _print(found)


def _check_output(output: Path | None, *, force: bool) -> None:
    from skelgraph.files import check_free

    if output is None:
        return
    if output.suffix != ".csv":
        raise click.UsageError(f"--output: expected a file name ending in .csv, got '{output}'.")
    check_free(output, force=force)


def _notes(found: Suggestions, count: int, *, same_recording: bool) -> list[str]:
    lines = [
        f"{found.candidates} clips without a label, of {found.recordings} recordings; "
        f"{len(found.labelled)} with one"
    ]
    if found.held:
        lines.append(f"left out: {found.held} clips of people who validate or test in the run")
    if len(found.items) < count:
        several = found.recordings < found.candidates and not same_recording
        more = "; --same-recording allows several of a recording" if several else ""
        lines.append(f"named: {len(found.items)} of {count} asked for{more}")
    return lines


def _write(found: Suggestions, output: Path, *, force: bool, keep_labelled: bool) -> None:
    import csv

    from skelgraph.files import written_whole
    from skelgraph.training.suggest import HEADER

    with (
        written_whole(output, force=force) as path,
        path.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(found.rows(with_labelled=keep_labelled))


def _document(found: Suggestions, output: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "output": None if output is None else str(output),
        "candidates": found.candidates,
        "recordings": found.recordings,
        "labelled": len(found.labelled),
        "held": found.held,
        "suggestions": [asdict(item) for item in found.items],
    }


def _print(found: Suggestions) -> None:
    from skelgraph.cli.output import print_table

    print_table(
        ("rank", "clip", "predicted", "confidence", "uncertainty", "distance"),
        [
            (i.rank, i.clip, i.predicted, i.confidence, i.uncertainty, i.distance)
            for i in found.items
        ],
    )
