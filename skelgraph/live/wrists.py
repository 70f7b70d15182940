"""Which hand hangs on which wrist of a body."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from skelgraph.live.detections import LEFT, RIGHT

REACH = 1.0
"""A hand hangs on a wrist of the body that is no farther from its own than this, in its sizes."""

DISAGREEMENT = 0.25
"""What a wrist on the other side than the hand's own adds to its distance: wrists that are
about equally near are told apart by the hand."""

FAR = "hands dropped: far from both wrists of the body"
DECIDED = "hands whose side the body's nearer wrist decided"
CROWDED = "hands dropped: both wrists are taken by nearer ones"


@dataclass(frozen=True, eq=False)
class HandPlace:
    """A hand beside a body.

    Args:
        wrist: Its own wrist, in heights of the picture, (2,).
        size: Diagonal of the box around its joints, in heights of the picture.
        side: `LEFT` or `RIGHT` as the hand itself looks.
    """

    wrist: np.ndarray
    size: float
    side: int


def hang_on_wrists(
    hands: list[HandPlace], wrists: np.ndarray, counts: Counter[str]
) -> list[int | None]:
    """Give each hand of a frame the wrist that it hangs on, each wrist one hand at most.

    The pairs with the least distance together are taken, see `REACH` and `DISAGREEMENT`.

    Args:
        hands: The hands of one frame.
        wrists: The body's left and right wrist, in heights of the picture, (2, 2).
        counts: Takes what was dropped and decided.

    Returns:
        `LEFT` or `RIGHT` for each hand; None: it hangs on neither.
    """
    distance = np.array(
        [np.linalg.norm(wrists - hand.wrist, axis=1) / max(hand.size, 1e-6) for hand in hands]
    ).reshape(-1, 2)
    near = [place for place in range(len(hands)) if (distance[place] <= REACH).any()]
    counts[FAR] += len(hands) - len(near)
    chosen = _best(near, hands, distance)
    counts[CROWDED] += len(near) - len(chosen)
    counts[DECIDED] += sum(hands[place].side != side for place, side in chosen.items())
    return [chosen.get(place) for place in range(len(hands))]


def _best(near: list[int], hands: list[HandPlace], distance: np.ndarray) -> dict[int, int]:
    """Pair hands and wrists: as many as can be, then the least distance together."""
    best: tuple[int, float, dict[int, int]] = (0, 0.0, {})
    # A spare place for each hand lets it go without a wrist.
    for order in permutations([LEFT, RIGHT, *[None] * len(near)], len(near)):
        pairs = {
            place: side
            for place, side in zip(near, order, strict=True)
            if side is not None and distance[place, side] <= REACH
        }
        cost = sum(
            float(distance[place, side]) + DISAGREEMENT * (hands[place].side != side)
            for place, side in pairs.items()
        )
        if (-len(pairs), cost) < (-best[0], best[1]):
            best = (len(pairs), cost, pairs)
    return best[2]
