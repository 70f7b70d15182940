"""Predictions whose true error rate is known."""

from __future__ import annotations

import torch
from torch import Tensor


def calibrated(count: int, *, classes: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw predictions, and the truth from them.

    A clip whose likeliest class has probability p is of that class in a share p of the draws.

    Returns:
        Probabilities (count, classes), float64, and the true classes (count,).
    """
    generator = torch.Generator().manual_seed(seed)
    sharpness = 4 * torch.rand(count, 1, generator=generator, dtype=torch.float64)
    logits = torch.randn(count, classes, generator=generator, dtype=torch.float64)
    probabilities = (sharpness * logits).softmax(1)
    truth = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
    return probabilities, truth


def errors(labels: Tensor, weights: Tensor, truth: Tensor) -> float:
    """Weighted share of labels that are wrong."""
    return float(((labels != truth) * weights).sum() / weights.sum())


def expected_errors(probabilities: Tensor, weights: Tensor) -> tuple[float, float]:
    """What that share is expected to be, and its standard deviation, for such predictions."""
    confidence = probabilities.amax(1)
    total = weights.sum()
    mean = ((1 - confidence) * weights).sum() / total
    variance = (confidence * (1 - confidence) * weights**2).sum() / total**2
    return float(mean), float(variance.sqrt())
