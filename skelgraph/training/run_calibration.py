"""Calibration of a finished run on a part of its own data, before and after its temperature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from skelgraph.errors import RunError
from skelgraph.evaluation.calibration import Calibration, calibrate, untempered
from skelgraph.training.run_tables import read_metrics, read_predictions


@dataclass(frozen=True)
class RunCalibration:
    """Calibration before and after the logits were divided by `temperature`."""

    before: Calibration
    after: Calibration
    temperature: float


def calibrate_run(folder: str | Path, part: str = "test") -> RunCalibration:
    """Measure a run's calibration from the tables it wrote; no model runs.

    Probabilities stand in the table with six significant digits, so those before the
    temperature are exact to about as much.

    Args:
        folder: A finished run.
        part: train, val (on which the temperature was fitted) or test.

    Raises:
        RunError: If tables are missing or damaged, or no clip of the part has a label.
    """
    table = read_predictions(folder, part)
    known = table.label >= 0
    if not known.any():
        raise RunError(
            f"{folder}: expected {part} clips whose class is known, got none. Choose another split."
        )
    temperature = float(read_metrics(folder).get("temperature", 1.0))
    probabilities = torch.as_tensor(table.probabilities[known])
    labels = torch.as_tensor(table.label[known])
    before = untempered(probabilities, temperature)
    return RunCalibration(
        before=calibrate(before, labels, table.class_names),
        after=calibrate(probabilities, labels, table.class_names),
        temperature=temperature,
    )
