"""The history of a training as panels of lines, one panel a kind of quantity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skelgraph.plots.curves import NAMES, UNITS, group_columns
from skelgraph.plots.style import spoken
from skelgraph.report.packing import rounded

TRAINING = "training"  # column that names each training of a run with several
NO_CURVE = ("epoch", "cycle", "seconds", "stage", TRAINING)


def curve_panels(history: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Sort a history's columns into panels.

    Args:
        history: Columns over epochs; with a column `training`, those of several trainings one
            below the other.

    Returns:
        For each panel `unit`, `across` (what the x axis counts) and `lines`: `name`, `x`, `y`.
    """
    if TRAINING in history:
        return _of_several(history)
    panels = []
    for kind, columns in group_columns(history).items():
        lines = [_line(_worded(name), history["epoch"], values) for name, values in columns.items()]
        panels.append({"unit": UNITS[kind], "across": "epoch", "lines": lines})
    return panels


def _of_several(history: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """One panel a column, one line a training; epochs are counted on through its cycles."""
    training = np.asarray(history[TRAINING])
    panels = []
    for name, values in history.items():
        if name in NO_CURVE or not np.isfinite(values).any():
            continue
        lines = []
        for one in dict.fromkeys(training.tolist()):
            own = values[training == one]
            if np.isfinite(own).any():
                lines.append(_line(spoken(one), np.arange(1, len(own) + 1), own))
        panels.append({"unit": spoken(name), "across": "epoch, all cycles", "lines": lines})
    return panels


def _line(name: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    known = np.isfinite(y)
    return {"name": name, "x": rounded(np.asarray(x)[known], 6), "y": rounded(y[known], 5)}


def _worded(name: str) -> str:
    """Write a column's name as words.

    Example:
        >>> _worded("val_macro_f1")
        'val macro F1'
    """
    part, _, rest = name.partition("_")
    if part in ("train", "val", "test"):
        return f"{part} {NAMES.get(rest, spoken(rest))}"
    return NAMES.get(name, spoken(name))
