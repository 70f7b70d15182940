"""Several models' probabilities as one: a mean whose weights may be fitted."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skelgraph.errors import ConfigError

GAP = 1e-6  # of the mean log-likelihood to its largest value, in nats a clip
STEPS = 10_000


def mix(probabilities: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Average models' probabilities, each of shape (N, classes), by weights that sum to 1."""
    stacked = torch.stack(list(probabilities))
    return torch.tensordot(torch.tensor(weights, dtype=stacked.dtype), stacked, dims=1)


def equal_weights(number: int) -> list[float]:
    """Give each of some models the same weight."""
    return [1 / number] * number


def fit_weights(probabilities: Sequence[Tensor], labels: Tensor) -> list[float]:
    """Find the weights under which the mixture gives the truth the largest likelihood.

    The mean log-likelihood is concave in the weights. Each step multiplies a weight by the mean
    of its model's likelihood over the mixture's, from equal weights on; it ends where the largest
    of these means says that no weights are better by more than `GAP`. So models that agree keep
    equal weights.

    Args:
        probabilities: Of each model, rows sum to 1, shape (N, classes), from clips that training
            did not see.
        labels: Truth in 0..classes-1, shape (N,).

    Returns:
        A weight a model, none negative, sum 1.

    Source:
        Dempster, Laird and Rubin 1977, Journal of the Royal Statistical Society B 39, section
        4.3: expectation-maximisation of mixing proportions alone.

    Example:
        >>> good, bad = torch.tensor([[0.9, 0.1]]), torch.tensor([[0.5, 0.5]])
        >>> [round(weight, 3) for weight in fit_weights([good, bad], torch.tensor([0]))]
        [1.0, 0.0]
    """
    rows = torch.arange(len(labels))
    truth = torch.stack([each.double()[rows, labels] for each in probabilities])
    truth = truth.clamp_min(1e-12)  # (models, N)
    weights = torch.full((len(truth),), 1 / len(truth), dtype=torch.float64)
    for _ in range(STEPS):
        gain = (truth / (weights @ truth)).mean(1)
        if gain.max() <= 1 + GAP:
            break
        weights = weights * gain
    return [float(weight) for weight in weights / weights.sum()]


def check_weights(weights: Sequence[float], number: int) -> list[float]:
    """Return weights that were given for some models.

    Raises:
        ConfigError: Unless there is one a model, none is negative and they sum to 1.
    """
    given = [float(weight) for weight in weights]
    if len(given) != number or min(given) < 0 or not abs(sum(given) - 1) <= 1e-6:
        raise ConfigError(
            f"weights: expected {number} numbers, one a run, none negative, that sum to 1, got "
            f"{', '.join(f'{weight:g}' for weight in given)}. Give such weights, or 'equal' or "
            "'validation'."
        )
    return given
