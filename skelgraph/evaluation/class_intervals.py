"""Scores of each class from a confusion matrix, with intervals over clips."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from skelgraph.evaluation.intervals import wilson_interval

DRAWS = 1000
LEVEL = 0.95
Bounds = tuple[float, float]
UNKNOWN = (nan, nan)


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class, NaN where there is nothing to score; intervals are of 95 %, NaN without.

    Args:
        clips: Clips of it.
        precision: Share of those taken for it that are of it.
        recall: Share of its clips that are found.
        recall_interval: Wilson interval of it.
        f1: 2 TP / (2 TP + FP + FN).
        f1_interval: Bootstrap interval over clips, NaN where all draws agree.
    """

    clips: int
    precision: float
    recall: float
    recall_interval: Bounds
    f1: float
    f1_interval: Bounds


@dataclass(frozen=True)
class ClassScores:
    """Scores of all classes, and macro F1 over those that occur or are predicted."""

    classes: tuple[ClassScore, ...]
    macro_f1: float
    macro_f1_interval: Bounds


def score_classes(confusion: np.ndarray, *, draws: int = DRAWS, seed: int = 0) -> ClassScores:
    """Score each class, and draw the clips again to see how far the scores may be off.

    Clips of one person are alike, so the true intervals are wider.

    Args:
        confusion: Counts, rows are true classes, shape (K, K).
        draws: Resamples of the bootstrap.
        seed: Of the bootstrap.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13: percentiles.

    Example:
        >>> found = score_classes(np.array([[8, 2], [0, 10]]))
        >>> [round(each.f1, 3) for each in found.classes], round(found.macro_f1, 3)
        ([0.889, 0.909], 0.899)
    """
    counts = np.asarray(confusion, dtype=np.int64)
    f1 = f1_of(counts)
    drawn = _resampled_f1(counts, draws=draws, seed=seed)
    true, taken, right = counts.sum(1), counts.sum(0), counts.diagonal()
    classes = tuple(
        ClassScore(
            clips=int(true[k]),
            precision=float(right[k] / taken[k]) if taken[k] else nan,
            recall=float(right[k] / true[k]) if true[k] else nan,
            recall_interval=wilson_interval(int(right[k]), int(true[k])) if true[k] else UNKNOWN,
            f1=float(f1[k]),
            f1_interval=_percentiles(drawn[:, k]) if true[k] else UNKNOWN,
        )
        for k in range(len(counts))
    )
    means = [row[np.isfinite(row)].mean() for row in drawn if np.isfinite(row).any()]
    macro = float(f1[np.isfinite(f1)].mean()) if np.isfinite(f1).any() else nan
    return ClassScores(classes, macro, _percentiles(np.array(means)))


def f1_of(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class, NaN for one that neither occurs nor is predicted, (..., K, K) to (..., K).

    Example:
        >>> f1_of(np.array([[1, 1, 0], [0, 2, 0], [0, 0, 0]])).round(2).tolist()
        [0.67, 0.8, nan]
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(-1) + confusion.sum(-2)
    unknown = np.full(total.shape, nan)
    return np.asarray(np.divide(2.0 * right, total, out=unknown, where=total > 0))


def _resampled_f1(counts: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """F1 of each class when the clips are drawn again with replacement, (draws, K)."""
    places = np.flatnonzero(counts)
    total = int(counts.sum())
    if not total:
        return np.full((draws, len(counts)), nan)
    draw = np.random.default_rng(seed)
    share = counts.reshape(-1)[places] / total
    found = []
    for _ in range(draws):  # one after another: all matrices of 200 classes at once fill memory
        again = np.zeros(counts.size)
        again[places] = draw.multinomial(total, share)
        found.append(f1_of(again.reshape(counts.shape)))
    return np.array(found)


def _percentiles(values: np.ndarray) -> Bounds:
    known = values[np.isfinite(values)]
    if not len(known):
        return UNKNOWN
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # Where all draws agree, as where a class is always right, they say nothing of the error.
    return (float(low), float(high)) if high > low else UNKNOWN
