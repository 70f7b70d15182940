"""P-values of several questions at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that any false alarm is as rare as one alone.

    NaN stays NaN and does not count.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6, 65-70.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    known = sorted((p, i) for i, p in enumerate(values) if not isnan(p))
    corrected, largest = [nan] * len(values), 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected
