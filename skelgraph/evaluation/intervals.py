"""Confidence intervals, over clips and over paired runs."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev


def wilson_interval(correct: int, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Bound the accuracy behind `correct` of `total` clips.

    Source:
        Wilson 1927. Clips of one person are not independent, so the true interval is wider.

    Example:
        >>> [round(bound, 3) for bound in wilson_interval(8, 10)]
        [0.49, 0.943]
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = correct / total
    scale = 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_interval(
    first: Sequence[float], second: Sequence[float], *, level: float = 0.95
) -> tuple[float, float, float]:
    """Bound the mean difference `first - second` of paired scores with Student's t.

    Returns:
        Mean, lower and upper bound; the bounds are infinite for fewer than two pairs.
    """
    from scipy.stats import t

    differences = [a - b for a, b in zip(first, second, strict=True)]
    mean = fmean(differences)
    if len(differences) < 2:
        return mean, float("-inf"), float("inf")
    half = float(t.ppf(0.5 + level / 2, len(differences) - 1)) * stdev(differences)
    half /= sqrt(len(differences))
    return mean, mean - half, mean + half
