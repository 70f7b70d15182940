"""Scores of a classifier from its probabilities; torchmetrics does the arithmetic."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
    multiclass_f1_score,
)

from skelgraph.evaluation.intervals import wilson_interval

# Spread of log temperature, as if known before: within a factor of e, mostly.
TEMPERATURE_PRIOR = 1.0


def score(probabilities: Tensor, labels: Tensor) -> dict[str, Any]:
    """Score predictions against the truth.

    Args:
        probabilities: Rows sum to 1, shape (N, classes).
        labels: Truth in 0..classes-1, shape (N,).

    Returns:
        `num_clips`, `top1` with its 95 % Wilson interval `top1_interval`, `top5` where there are
        more than five classes, `macro_f1` (mean over the classes that occur or are predicted),
        `f1` a class, `ece` (15 bins), `nll` (nats) and `confusion` (row: truth, column:
        predicted, counts). Fractions, not per cents.
    """
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(1)
    correct = int((predicted == labels).sum())
    result: dict[str, Any] = {
        "num_clips": len(labels),
        "top1": correct / len(labels),
        "top1_interval": list(wilson_interval(correct, len(labels))),
    }
    if classes > 5:
        top5 = multiclass_accuracy(probabilities, labels, classes, average="micro", top_k=5)
        result["top5"] = float(top5)
    f1 = multiclass_f1_score(predicted, labels, classes, average="none")
    macro = multiclass_f1_score(predicted, labels, classes, average="macro")
    chosen = probabilities.gather(1, labels[:, None]).clamp_min(1e-12)
    result["macro_f1"] = float(macro)
    result["f1"] = [float(value) for value in f1]
    result["ece"] = float(multiclass_calibration_error(probabilities, labels, classes, n_bins=15))
    result["nll"] = float(-chosen.log().mean())
    result["confusion"] = multiclass_confusion_matrix(predicted, labels, classes).tolist()
    return result


def fit_temperature(logits: Tensor, labels: Tensor, *, prior: float | None = None) -> float:
    """Find the temperature that minimises the cross-entropy of softmax(logits / temperature).

    Args:
        logits: Shape (N, classes), from clips that training did not see.
        labels: Shape (N,).
        prior: Standard deviation of log temperature about 0 before a clip is seen: with few
            clips the temperature stays near 1, without mistakes it does not fall to its lowest.
            None: the clips alone decide.

    Returns:
        A factor in [0.05, 20]; 1 leaves the probabilities as they are.

    Source:
        Guo et al. 2017, arXiv:1706.04599, section 4.2. Differs: a bounded search on a fixed grid
        of 400 values, so that the result does not depend on an optimiser's start. The prior is
        ours.
    """
    grid = torch.logspace(-1.30103, 1.30103, 400, dtype=torch.float64)
    precise, rows = logits.double(), torch.arange(len(labels))
    # One value after the other: all at once would take 400 times the memory of the logits.
    losses = [-(precise / value).log_softmax(1)[rows, labels].sum() for value in grid]
    if prior is not None:
        losses = [
            loss + (value.log() / prior).square() / 2
            for loss, value in zip(losses, grid, strict=True)
        ]
    return float(grid[torch.stack(losses).argmin()])
