"""How alike two maps rank the joints of a clip."""

from __future__ import annotations

import numpy as np


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row, over the places that both know.

    Args:
        first: Shape (N, S); NaN where nothing is.
        second: The same shape.

    Returns:
        Shape (N,); NaN where one ranks nothing: all values equal, or fewer than two places.

    Example:
        >>> rank_correlation(np.array([[1.0, 2.0, 9.0]]), np.array([[3.0, 2.0, 1.0]])).tolist()
        [-1.0]
    """
    return np.array([_one(a, b) for a, b in zip(first, second, strict=True)])


def known_mean(values: np.ndarray) -> float | None:
    """Mean of what is known; None where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _one(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import rankdata

    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 2:
        return float("nan")
    ranks = [rankdata(values[known]) - (known.sum() + 1) / 2 for values in (first, second)]
    size = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float((ranks[0] * ranks[1]).sum() / size) if size > 0 else float("nan")
