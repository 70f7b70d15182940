"""What the figures' commands share: parts of a run's data, and what is said at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelgraph.cli.options import Choice

if TYPE_CHECKING:
    from skelgraph.explain import LinkImportance
    from skelgraph.training.clips_seen import ClipsSeen

RUN = click.Path(path_type=Path)
SPLITS = Choice(("train", "val", "test"))

split_option = click.option(
    "--split", type=SPLITS, default="test", show_default=True, help="Part of the run's own data."
)


def own_clips(run: Path, split: str) -> str:
    """Name the run and its clips, and say it where they are simulated."""
    from skelgraph.training.run_tables import read_metrics

    simulated = "simulated " if read_metrics(run).get("simulated") else ""
    return f"{run.name or run}, {simulated}{split} clips"


def whose_clips(run: Path, source: Path | None, split: str) -> str:
    """Name the run, and whose clips it was asked about."""
    if source is None:
        return own_clips(run, split)
    return f"{run.name or run}, clips of {source.name}"


def clips_title(
    run: Path,
    source: Path | None,
    split: str,
    seen: ClipsSeen | LinkImportance,
    class_name: str | None,
) -> str:
    """Name the run, and the clip, or of how many clips the mean is drawn."""
    whose = whose_clips(run, source, split)
    if len(seen) > 1:
        return f"{whose}, mean of {len(seen)}{f' of {class_name}' if class_name else ''}"
    label = f", {seen.class_names[seen.label[0]]}" if seen.label[0] >= 0 else ""
    return f"{whose}, {seen.names[0]}{label} (predicted {seen.class_names[seen.predicted[0]]})"


def report(path: Path, result: dict[str, Any], *, as_json: bool) -> None:
    """Print where the figure lies, or all of it as JSON."""
    from skelgraph.cli.output import print_json

    if as_json:
        print_json({"output": str(path), **result})
    else:
        click.echo(str(path))
