"""Which clips a step takes, without memory of the steps before."""

from __future__ import annotations

import numpy as np


def deal(num_clips: int, size: int, *, step: int, seed: int) -> np.ndarray:
    """Places of the clips of a step, where clips come in shuffled passes one after another.

    A pass goes on in the next step where a step ends in its middle, so that every clip comes as
    often as any other. All of it follows from the step's number: a resumed run deals alike.

    Args:
        num_clips: Clips there are, at least 1.
        size: Clips of a step; there may be more than there are clips.
        step: Number of the step, from 0.
        seed: Fixes the order within each pass.

    Returns:
        Int64, shape (size,).

    Example:
        >>> [
        ...     sorted(
        ...         deal(4, 2, step=s, seed=0).tolist() + deal(4, 2, step=s + 1, seed=0).tolist()
        ...     )
        ...     for s in (0, 2)
        ... ]
        [[0, 1, 2, 3], [0, 1, 2, 3]]
    """
    places = np.arange(step * size, (step + 1) * size)
    number, place = np.divmod(places, num_clips)
    orders = {
        int(one): np.random.default_rng([seed, int(one)]).permutation(num_clips)
        for one in np.unique(number)
    }
    return np.array([orders[int(a)][b] for a, b in zip(number, place, strict=True)], dtype=np.int64)
