"""How well a map finds what is known to matter."""

from __future__ import annotations

import numpy as np


def rank_of_truth(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of pairs of a true and another place in which the true one has the larger value.

    That is the area under the ROC curve of a clip; ties count half.

    Args:
        values: Importance of S places, shape (N, S); NaN where there is none.
        truth: Places that matter, bool, shape (S,).

    Returns:
        Shape (N,); NaN where a clip lacks all true places or all others.

    Example:
        >>> rank_of_truth(np.array([[0.1, 0.9, 0.4]]), np.array([False, False, True])).tolist()
        [0.5]
    """
    own, others = values[:, truth], values[:, ~truth]
    difference = own[:, :, None] - others[:, None]
    known = np.isfinite(difference)
    wins = np.where(known, (difference > 0) + 0.5 * (difference == 0), 0.0).sum(axis=(1, 2))
    count = known.sum(axis=(1, 2))
    return np.divide(wins, count, out=np.full(len(values), np.nan), where=count > 0)


def hits(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether the places with the largest values, as many as are true, are the true ones.

    A tie between a true and another place is no hit.

    Args:
        values: Importance of S places, shape (N, S); NaN where there is none.
        truth: Places that matter, bool, shape (S,).

    Returns:
        Bool, shape (N,).

    Example:
        >>> hits(np.array([[0.1, 0.9, 0.4]]), np.array([False, True, True])).tolist()
        [True]
    """
    low = np.where(np.isfinite(values), values, -np.inf)
    return np.asarray(low[:, truth].min(axis=1) > low[:, ~truth].max(axis=1))
