"""Which clips are worth a label: uncertainty of the answer, distance from what is labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelgraph.errors import ConfigError, unknown_name

MEASURES = ("entropy", "margin", "confidence")
STRATEGIES = ("mixed", "uncertainty", "diversity", "random")


def uncertainty(probabilities: np.ndarray, *, measure: str = "entropy") -> np.ndarray:
    """Say how unsure a model is of each clip.

    Args:
        probabilities: Calibrated, rows sum to 1, shape (N, classes).
        measure: `entropy` over the largest there can be; `margin`, one less the lead of the
            likeliest class over the second; `confidence`, one less the probability of the
            likeliest, over the largest that can be.

    Returns:
        From 0 (sure) to 1 (all classes alike), shape (N,).

    Raises:
        ConfigError: If there is no such measure.

    Source:
        Settles 2009, Active Learning Literature Survey, section 3.1. Differs: scaled to [0, 1].

    Example:
        >>> uncertainty(np.array([[0.5, 0.5], [1.0, 0.0]]), measure="margin").tolist()
        [1.0, 0.0]
    """
    classes = probabilities.shape[1]
    if measure == "entropy":
        logs = np.log(np.maximum(probabilities, 1e-12))
        return np.asarray(-(probabilities * logs).sum(1) / np.log(max(classes, 2))).clip(0, 1)
    if measure == "margin":
        ordered = np.sort(probabilities, axis=1)
        second = ordered[:, -2] if classes > 1 else np.zeros(len(ordered))
        return np.asarray(1 - (ordered[:, -1] - second)).clip(0, 1)
    if measure == "confidence":
        least = 1 - 1 / max(classes, 2)
        return np.asarray((1 - probabilities.max(1)) / least).clip(0, 1)
    raise ConfigError(unknown_name("measure", measure, MEASURES))


@dataclass(frozen=True, eq=False)
class Pool:
    """Clips that may be chosen.

    Args:
        uncertainty: Of each, from 0 to 1, shape (N,).
        features: What the model sees in each, shape (N, D); distances are between directions.
        predicted: Likeliest class of each, int (N,).
        recording: Clips of one number are cut from one recording, int (N,).
        labelled: Features of the clips that have a label, shape (L, D); L may be 0.
        counts: Labels of each class, int (K,).
    """

    uncertainty: np.ndarray
    features: np.ndarray
    predicted: np.ndarray
    recording: np.ndarray
    labelled: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, eq=False)
class Picked:
    """What was chosen.

    Args:
        places: Places in the pool, in the order in which they were chosen, int (R,).
        apart: Distance of each to the nearest clip with a label or chosen before it, 0 to 2,
            infinite without any, (R,).
        distance: Of every clip of the pool to the nearest labelled one, likewise, (N,).
    """

    places: np.ndarray
    apart: np.ndarray
    distance: np.ndarray


def pick(
    pool: Pool,
    count: int,
    *,
    strategy: str = "mixed",
    balanced: bool = False,
    same_recording: bool = False,
    seed: int = 0,
) -> Picked:
    """Choose clips to label.

    Args:
        pool: What may be chosen.
        count: How many; fewer are returned where there are fewer (recordings).
        strategy: `uncertainty`: the least certain first. `diversity`: always the clip farthest
            from all that are labelled or chosen. `mixed`: always the clip with the largest
            product of that distance and the share of clips that are surer. `random`: drawn
            evenly.
        balanced: Take in turns from the predicted classes that have the fewest labels, those
            chosen here included, for as long as clips are predicted so.
        same_recording: Allow several clips of one recording.
        seed: Fixes what is drawn.

    Raises:
        ConfigError: If there is no such strategy, or `count` is below 1.

    Source:
        Sener and Savarese 2018, arXiv:1708.00489, algorithm 1 (k-centre greedy), for
        `diversity`. The product is ours: a share in place of the uncertainty itself, so that
        it does not matter how far a model's confidences lie apart.
    """
    if strategy not in STRATEGIES:
        raise ConfigError(unknown_name("strategy", strategy, STRATEGIES))
    if count < 1:
        raise ConfigError(f"count: expected at least 1, got {count}. Give how many to label.")
    from scipy.stats import rankdata

    draw = np.random.default_rng(seed)
    features, labelled = _directions(pool.features), _directions(pool.labelled)
    start = _nearest(features, labelled)
    apart, counts = start.copy(), pool.counts.copy()
    free = np.ones(len(features), dtype=bool)
    unsure = rankdata(pool.uncertainty) / len(features)
    places: list[int] = []
    gaps: list[float] = []
    while free.any() and len(places) < count:
        open_now = free & _fewest(pool.predicted, counts, free) if balanced else free
        place = _next(strategy, unsure, apart, np.flatnonzero(open_now), draw)
        places.append(place)
        gaps.append(apart[place])
        free[place] = False
        if not same_recording:
            free &= pool.recording != pool.recording[place]
        counts[pool.predicted[place]] += 1
        apart = np.minimum(apart, _to_one(features, features[place]))
    return Picked(np.array(places, dtype=np.int64), np.array(gaps), start)


def _next(
    strategy: str,
    unsure: np.ndarray,
    apart: np.ndarray,
    among: np.ndarray,
    draw: np.random.Generator,
) -> int:
    """Choose one of some places."""
    if strategy == "uncertainty":
        return int(among[unsure[among].argmax()])
    if strategy == "random":
        return int(draw.choice(among))
    # Without any labelled clip all are as far; 2 is the largest distance of two directions.
    far = np.minimum(apart[among], 2.0)
    if strategy == "mixed":
        far = far * unsure[among]
    # Of several that are as far the least certain, so that the first is no accident.
    ties = among[far >= far.max() - 1e-9]
    return int(ties[unsure[ties].argmax()])


def _fewest(predicted: np.ndarray, counts: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Mark clips predicted as the class that has the fewest labels of those still open."""
    present = np.unique(predicted[free])
    least = counts[present].min()
    return np.isin(predicted, present[counts[present] == least])


def _directions(features: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-12))


def _nearest(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each to the nearest of the others, infinite without any."""
    nearest = np.full(len(features), np.inf)
    for other in others:
        nearest = np.minimum(nearest, _to_one(features, other))
    return nearest


def _to_one(features: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Distance of unit vectors to one of them, 0 to 2."""
    return np.asarray(np.sqrt(np.maximum(2 - 2 * (features @ one), 0)))
