"""Intervals of the difference of two scores, with the p-value of no difference."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np

from skelgraph.evaluation.class_counts import scores_of_counts

RESAMPLES = 2000
AT_ONCE = 50  # resamples that are counted together
LEVEL = 0.95

Bounds = tuple[float, float, float]  # lower and upper end, p-value


def t_bounds(differences: np.ndarray) -> Bounds:
    """Bound the mean of some draws' differences with Student's t.

    Args:
        differences: Of a score, shape (D,); NaN where a draw has none.

    Returns:
        NaN with fewer than two draws, and where all agree to the last digit.
    """
    from scipy.stats import t

    known = differences[~np.isnan(differences)]
    error = float(known.std(ddof=1)) / sqrt(len(known)) if len(known) > 1 else 0.0
    if error < 1e-12:
        return nan, nan, nan
    mean, law = float(known.mean()), t(len(known) - 1)
    half = float(law.ppf(0.5 + LEVEL / 2)) * error
    return mean - half, mean + half, 2 * float(law.sf(abs(mean) / error))


def bootstrap_bounds(counts: np.ndarray, *, seed: int) -> list[Bounds]:
    """Bound the difference of each score by drawing whole groups of clips again.

    Args:
        counts: What `count_classes` gives before and after, shape (2, 3, G, K).
        seed: Of the resamples.

    Returns:
        Percentile intervals, one a score of `scores_of_counts`.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 15.
        Differs: the p-value has a floor that depends on the number of groups.
    """
    draw = np.random.default_rng(seed)
    number = counts.shape[2]
    found = []
    for _ in range(RESAMPLES // AT_ONCE):
        times = draw.multinomial(number, np.full(number, 1 / number), size=AT_ONCE)
        # (2, 3, B, K): how often each is counted in the resample.
        first, second = (scores_of_counts(times @ side) for side in counts)
        found.append(second - first)
    return [_percentiles(column, groups=number) for column in np.concatenate(found).T]


def _percentiles(differences: np.ndarray, *, groups: int) -> Bounds:
    """Quantiles, and twice the smaller share of resamples on one side of zero.

    Few groups that agree give a share near 0 whatever their number, so the p-value is no smaller
    than that of as many fair coins that all fall alike.
    """
    known = differences[~np.isnan(differences)]
    if not len(known):
        return nan, nan, nan
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # One is added so that no p-value is 0 for want of resamples.
    least = 1 + min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = max(2 * least / (1 + len(known)), 2.0 ** (1 - groups))
    return float(low), float(high), min(1.0, p)
