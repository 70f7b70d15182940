"""Intervals of means over clips by resampling them."""

from __future__ import annotations

import numpy as np

DRAWS = 1000


def mean_interval(
    values: np.ndarray, *, seed: int = 0, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean over clips with a bootstrap interval.

    Args:
        values: One a clip, shape (N,), at least one.
        seed: Source of the draws.
        level: Share of the draws between the bounds.

    Returns:
        Mean, lower and upper bound.

    Source:
        Efron 1979, percentile intervals. Clips of one person are not independent, so the true
        interval is wider.
    """
    draw = np.random.default_rng(seed)
    rows = draw.integers(len(values), size=(DRAWS, len(values)))
    low, high = np.quantile(values[rows].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(values.mean()), float(low), float(high)
