"""Predictions as rows and scores, by window and by clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.evaluation.metrics import score


def score_part(
    probabilities: Tensor, clips: ClipSet, *, labels: np.ndarray | None = None
) -> dict[str, Any]:
    """Score one part; where clips were cut into windows, score the clips' mean too.

    Args:
        probabilities: One row a window, shape (N, classes).
        clips: The windows.
        labels: Their classes, if numbered otherwise than in the store, shape (N,).

    Returns:
        The scores of `skelgraph.evaluation.metrics.score` over the windows; with more windows
        than clips also `clips`, the scores of each clip's mean probability.
    """
    truth = torch.as_tensor(clips.labels if labels is None else labels)
    result = score(probabilities, truth)
    rows, first, member = np.unique(clips.windows.row, return_index=True, return_inverse=True)
    if len(rows) < len(clips):
        total = torch.zeros(len(rows), probabilities.shape[1]).index_add_(
            0, torch.as_tensor(member), probabilities
        )
        mean = total / torch.as_tensor(np.bincount(member)).unsqueeze(1)
        result["clips"] = score(mean, truth[torch.as_tensor(first)])
    return result


def clip_names(store: Store, clips: ClipSet) -> list[str]:
    """Name each window: its clip, and from which frame where there are several."""
    names, starts = store.clips.name, store.clips.start
    windows = clips.windows
    counts = np.bincount(windows.row)
    return [
        f"{names[row]}" if counts[row] == 1 else f"{names[row]}@{int(start - starts[row])}"
        for row, start in zip(windows.row, windows.start, strict=True)
    ]


def prediction_rows(
    probabilities: Tensor,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    labels: Sequence[int] | None = None,
    part: str | None = None,
) -> list[list[str]]:
    """Lay out predictions as rows: clip, split, label, predicted, a probability a class.

    `split` and `label` are left out where they are not given.
    """
    rows = []
    for i, (name, values) in enumerate(zip(names, probabilities.tolist(), strict=True)):
        known = [] if part is None else [part]
        if labels is not None:
            known.append(class_names[labels[i]] if labels[i] >= 0 else "")
        best = class_names[max(range(len(values)), key=values.__getitem__)]
        rows.append([name, *known, best, *(f"{value:.6g}" for value in values)])
    return rows
