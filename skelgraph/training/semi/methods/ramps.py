"""Weights that rise while a model learns."""

from __future__ import annotations

import math


def linear_ramp(share: float, *, begin: float, full: float) -> float:
    """Rise from 0 at `begin` to 1 at `full` in a straight line; a jump where they are equal.

    Args:
        share: Share of the steps that are done.
        begin: Share up to which it is 0.
        full: Share from which it is 1.

    Source:
        Lee 2013, "Pseudo-Label", ICML workshop on challenges in representation learning,
        equation 16.

    Example:
        >>> [linear_ramp(s, begin=0.25, full=0.75) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
        [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    if share >= full:
        return 1.0
    return max(0.0, (share - begin) / (full - begin)) if share > begin else 0.0


def bell_ramp(share: float, *, full: float) -> float:
    """Rise as exp(-5 (1 - share / full)^2), from 0.0067 at the start to 1 at `full`.

    Args:
        share: Share of the steps that are done.
        full: Share from which it is 1; 0 for no ramp.

    Source:
        Laine and Aila 2017, arXiv:1610.02242, section 2.

    Example:
        >>> [round(bell_ramp(s, full=0.5), 4) for s in (0.0, 0.25, 0.5, 1.0)]
        [0.0067, 0.2865, 1.0, 1.0]
    """
    if share >= full:
        return 1.0
    return math.exp(-5 * (1 - share / full) ** 2)
