"""What changed from some finished runs to others, class by class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skelgraph.errors import ConfigError, RunError, SkelgraphError
from skelgraph.evaluation.changes import Answers, compare_f1
from skelgraph.evaluation.comparison import Comparison
from skelgraph.training.run import METRICS, check_finished
from skelgraph.training.run_clips import own_store
from skelgraph.training.run_tables import PredictionTable, read_predictions
from skelgraph.training.semi.draws import SUMMARY

Paths = Sequence[str | Path]


def compare_runs(before: Paths, after: Paths, part: str = "test") -> Comparison:
    """Compare the F1 of each class of runs, pair by pair.

    Args:
        before: Run folders, one a draw.
        after: Those to compare with them, in the same order.
        part: Part of the runs' own data: train, val or test.

    Raises:
        RunError: If tables are missing, or the clips or classes of a pair differ.
        ConfigError: If the runs do not pair.
    """
    if len(before) != len(after) or not before:
        raise ConfigError(
            f"runs: expected as many before as after, at least one, got {len(before)} and "
            f"{len(after)}. Give them in pairs."
        )
    pairs = [_pair(first, second, part) for first, second in zip(before, after, strict=True)]
    names = pairs[0][2]
    for path, pair in zip(before, pairs, strict=True):
        if pair[2] != names:
            raise RunError(
                f"{path}: expected the classes of {before[0]}, got others. Compare runs of one "
                "set of classes."
            )
    return compare_f1([pair[0] for pair in pairs], [pair[1] for pair in pairs], names)


def own_changes(folder: str | Path) -> Comparison:
    """Read what a run with few labels noted of its model before and after.

    Args:
        folder: A run, or the folder of several draws.

    Raises:
        RunError: If it noted nothing, or its files are damaged.
    """
    path = Path(folder)
    check_finished(path)
    where = path / METRICS if (path / METRICS).is_file() else path / SUMMARY
    try:
        found = json.loads(where.read_text(encoding="utf-8"))["changes"]
        return Comparison.from_dict(found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{folder}: expected a finished run of `skelgraph pseudo-label`, or several draws, "
            "with scores before and after, got none. Give two runs: --before RUN --after RUN."
        ) from error


def _pair(
    before: str | Path, after: str | Path, part: str
) -> tuple[Answers, Answers, tuple[str, ...]]:
    first, second = read_predictions(before, part), read_predictions(after, part)
    if first.class_names != second.class_names or sorted(first.names) != sorted(second.names):
        raise RunError(
            f"{after}: expected the {part} clips and classes of {before}, got others. Compare "
            "runs of one split."
        )
    place = {name: i for i, name in enumerate(second.names)}
    order = np.array([place[name] for name in first.names])
    group = _people(before, first)
    return (
        Answers(first.label, first.predicted, group),
        Answers(second.label[order], second.predicted[order], group),
        first.class_names,
    )


def _people(run: str | Path, table: PredictionTable) -> np.ndarray | None:
    """Say who performs each clip, or which recording it is of; None where that is not known."""
    try:
        clips = own_store(run).clips
    except SkelgraphError:
        return None
    row_of = {str(name): row for row, name in enumerate(clips.name)}
    # A window is named by its clip and where it begins.
    rows = [row_of.get(name, row_of.get(name.rpartition("@")[0])) for name in table.names]
    if any(row is None for row in rows):
        return None
    from skelgraph.data.grouping import group_clips

    return group_clips(clips)[0][np.array(rows)]
