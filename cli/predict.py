"""`skelgraph predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.options import (
    device_option,
    force_option,
    output_option,
    recording_format_option,
    recording_options,
    report_options,
)


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "--with",
    "others",
    metavar="RUN",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another run that votes; may be given again.",
)
@output_option("Write the table to this file, .csv or .json, instead of stdout.")
@recording_format_option
@recording_options
@device_option
@force_option
@report_options
def command(
    run: Path,
    source: Path,
    others: tuple[Path, ...],
    output: Path | None,
    format_name: str | None,
    told: dict[str, Any],
    device: str,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Label new recordings with a trained run.

    RUN is a run folder or its model.safetensors; INPUT a store, or a recording in any format
    that `convert` reads.

    \b
    Example:
      skelgraph predict runs/mediapipe_hands my_store --output labels.csv
      skelgraph predict runs/mediapipe_hands signs.npz --width 1280 --height 720
    """
    from skelgraph.cli.conversion_lines import listed
    from skelgraph.cli.output import note, print_json, print_table
    from skelgraph.data.formats import ReadOptions
    from skelgraph.training.devices import pick_device
    from skelgraph.training.scoring import predict

    _check_output(output, force=force)
    result = predict(
        [run, *others],
        source,
        format=format_name,
        options=ReadOptions(**told),
        device=pick_device(device),
    )
    for line in (*result.notes, *listed("dropped", result.dropped)):
        note(line, quiet=quiet)
    if output is not None:
        _write(result, output, force=force)
    elif as_json:
        print_json(_document(result))
    else:
        rows = [[row[0], row[1], max(map(float, row[2:]))] for row in result.rows()]
        print_table(("clip", "predicted", "probability"), rows)


def _check_output(output: Path | None, *, force: bool) -> None:
    from skelgraph.files import check_free

    if output is None:
        return
    if output.suffix not in (".csv", ".json"):
        raise click.UsageError(
            f"--output: expected a file name ending in .csv or .json, got '{output}'."
        )
    check_free(output, force=force)


def _document(result: Any) -> dict[str, Any]:
    return {
        "classes": list(result.class_names),
        "predictions": [
            {"clip": row[0], "predicted": row[1], "probabilities": [float(v) for v in row[2:]]}
            for row in result.rows()
        ],
    }


def _write(result: Any, output: Path, *, force: bool) -> None:
    import csv
    import json

    from skelgraph.files import written_whole

    with (
        written_whole(output, force=force) as path,
        path.open("w", newline="", encoding="utf-8") as file,
    ):
        if output.suffix == ".json":
            json.dump({"schema_version": 1, **_document(result)}, file, indent=2)
        else:
            writer = csv.writer(file)
            writer.writerow(result.header())
            writer.writerows(result.rows())
