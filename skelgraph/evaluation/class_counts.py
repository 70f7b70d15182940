"""Right, predicted and true clips of each class, counted by group, and scores of the counts."""

from __future__ import annotations

from math import nan

import numpy as np


def count_classes(
    label: np.ndarray, predicted: np.ndarray, *, groups: np.ndarray, num_classes: int
) -> np.ndarray:
    """Count true positives, predicted and true clips of each class in each group.

    Args:
        label: True classes, int (N,).
        predicted: Predicted classes, int (N,).
        groups: Numbers of the clips' groups, from 0, int (N,).
        num_classes: How many classes there are, K.

    Returns:
        Counts, shape (3, G, K).
    """
    counts = np.zeros((3, groups.max() + 1, num_classes))
    right = label == predicted
    np.add.at(counts[0], (groups[right], label[right]), 1)
    np.add.at(counts[1], (groups, predicted), 1)
    np.add.at(counts[2], (groups, label), 1)
    return counts


def scores_of_counts(counts: np.ndarray) -> np.ndarray:
    """Score counts: F1 a class, macro F1 over the classes with clips, and accuracy.

    F1 is 2 TP / (2 TP + FP + FN); NaN for a class that neither occurs nor is predicted.

    Args:
        counts: True positives, predicted and true clips, shape (3, ..., K).

    Returns:
        Fractions, shape (..., K + 2).
    """
    right, predicted, true = counts
    total = predicted + true
    f1 = np.divide(2 * right, total, out=np.full(total.shape, nan), where=total > 0)
    present = true > 0
    macro = np.where(present, f1, 0).sum(-1) / np.maximum(present.sum(-1), 1)
    top1 = right.sum(-1) / np.maximum(true.sum(-1), 1)
    return np.concatenate([f1, macro[..., None], top1[..., None]], -1)
