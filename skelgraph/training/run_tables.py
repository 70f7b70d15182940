"""The tables of a finished run, read back for figures and reports."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.errors import RunError, unknown_name
from skelgraph.training.run import HISTORY, METRICS, PREDICTIONS, resume_command

FACTS = ("clip", "split", "label", "predicted")
TEXTS = ("stage", "training")  # columns of a history


@dataclass(frozen=True, eq=False)
class PredictionTable:
    """Predictions of one part of a run's data.

    Args:
        class_names: Classes of the run.
        names: Clips, or windows of them.
        label: True classes, -1 where unknown, (N,).
        predicted: Predicted classes, (N,).
        probabilities: Shape (N, classes).
    """

    class_names: tuple[str, ...]
    names: tuple[str, ...]
    label: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray


def read_history(folder: str | Path) -> dict[str, np.ndarray]:
    """Read how training went: columns over epochs, NaN where an epoch has no value.

    Returns:
        Columns of history.csv; `stage` and `training` are text, all others are numbers.

    Raises:
        RunError: If the run has no history yet, or a damaged one.
    """
    header, rows = _read_rows(Path(folder) / HISTORY)
    if "epoch" not in header or not rows:
        raise _damaged(Path(folder) / HISTORY, "a row an epoch")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    return {name: _column(name, values, Path(folder)) for name, values in columns.items()}


def last_training(history: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Keep the last of the trainings that a history tells of, its epochs numbered through.

    A run with few labels has the supervised training before its own, and cycles that each begin
    with epoch 1. Other histories stay as they are.
    """
    if "training" not in history:
        return dict(history)
    kept = history["training"] == history["training"][-1]
    rows = {name: column[kept] for name, column in history.items() if name != "training"}
    return {**rows, "epoch": np.arange(1, kept.sum() + 1)}


def read_predictions(folder: str | Path, part: str = "test") -> PredictionTable:
    """Read what a run predicted for a part of its own data.

    Raises:
        RunError: If the run has no predictions, damaged ones, or none of that part.
    """
    path = Path(folder) / PREDICTIONS
    header, rows = _read_rows(path)
    if tuple(header[:4]) != FACTS or len(header) == 4:
        raise _damaged(path, f"columns {', '.join(FACTS)}, then one a class")
    parts = sorted({row[1] for row in rows})
    if part not in parts:
        raise RunError(unknown_name(f"{path}, split", part, parts))
    chosen = [row for row in rows if row[1] == part]
    number = {name: i for i, name in enumerate(header[4:])}
    try:
        return PredictionTable(
            class_names=tuple(header[4:]),
            names=tuple(row[0] for row in chosen),
            label=np.array([number[row[2]] if row[2] else -1 for row in chosen]),
            predicted=np.array([number[row[3]] for row in chosen]),
            probabilities=np.array([[float(cell) for cell in row[4:]] for row in chosen]),
        )
    except (KeyError, ValueError) as error:
        raise _damaged(path, f"known classes and numbers ({error})") from error


def read_metrics(folder: str | Path) -> dict[str, Any]:
    """Read a run's scores; empty where it has none yet.

    Raises:
        RunError: If the file is damaged.
    """
    path = Path(folder) / METRICS
    if not path.is_file():
        return {}
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, "a JSON document") from error
    return document


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.is_file():
        raise RunError(
            f"{path.parent}: expected a finished run, found no {path.name}. Give the folder that "
            f"`skelgraph train` wrote, or finish it with `{resume_command(path.parent)}`."
        )
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, f"a CSV table ({error})") from error
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise _damaged(path, "rows of one length")
    return rows[0], rows[1:]


def _column(name: str, values: tuple[str, ...], folder: Path) -> np.ndarray:
    if name in TEXTS:
        return np.array(values)
    try:
        return np.array([float(value) if value else np.nan for value in values])
    except ValueError as error:
        raise _damaged(folder / HISTORY, f"numbers as {name} ({error})") from error


def _damaged(path: Path, rule: str) -> RunError:
    return RunError(
        f"{path}: expected {rule}, got something else. Copy the run again, or train again."
    )
