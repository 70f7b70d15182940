"""The links that stand out among those of all pairs of joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STRONGEST = 10  # of each type


@dataclass(frozen=True)
class Link:
    """One A-link.

    Args:
        body: Row of the values that it is of.
        kind: Link type, from 0, the ghost not counted.
        source: Joint that it comes from.
        target: Joint that it goes to.
        value: Its probability or importance.
    """

    body: int
    kind: int
    source: int
    target: int
    value: float


def strongest_links(values: np.ndarray, *, count: int = STRONGEST) -> list[Link]:
    """List each type's links between different joints whose values are farthest from zero.

    Args:
        values: Of each type from u to v, NaN for bodies that were not there, (M, K, V, V).
        count: How many of each type, over all bodies.

    Returns:
        The farthest from zero first; none that is zero.

    Example:
        >>> links = np.zeros((1, 1, 2, 2))
        >>> links[0, 0, 1, 0] = 0.5
        >>> strongest_links(links, count=1)
        [Link(body=0, kind=0, source=1, target=0, value=0.5)]
    """
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    joints = np.arange(size.shape[-1])
    size[..., joints, joints] = 0.0
    links = []
    for kind in range(size.shape[1]):
        own = size[:, kind]
        order = np.argsort(-own, axis=None, kind="stable")[:count]
        for body, source, target in zip(*np.unravel_index(order, own.shape), strict=True):
            if own[body, source, target] > 0:
                value = float(values[body, kind, source, target])
                links.append(Link(int(body), kind, int(source), int(target), value))
    return sorted(links, key=lambda link: -abs(link.value))
