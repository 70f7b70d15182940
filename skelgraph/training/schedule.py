"""Learning rates by step."""

from __future__ import annotations

from math import cos, pi


def warmup_cosine(step: int, total: int, *, warmup: float, floor: float = 0.01) -> float:
    """Return the factor of the learning rate at a step: linear rise, then a half cosine.

    Args:
        step: From 0 to total - 1.
        total: Steps of the run.
        warmup: Share of the steps that rise.
        floor: Factor at the last step.

    Source:
        Loshchilov and Hutter 2017, arXiv:1608.03983, one cycle without restarts.

    Example:
        >>> [round(warmup_cosine(s, 5, warmup=0.4), 2) for s in range(5)]
        [0.5, 1.0, 1.0, 0.51, 0.01]
    """
    rising = round(total * warmup)
    if step < rising:
        return (step + 1) / rising
    share = (step - rising) / max(1, total - 1 - rising)
    return floor + (1 - floor) * 0.5 * (1 + cos(pi * share))
