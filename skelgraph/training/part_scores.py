"""What a model says about each part of its run's clips, in scores and in rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from skelgraph.data.store import Store
from skelgraph.errors import StoreError
from skelgraph.training.clips import PARTS, Parts
from skelgraph.training.forecast_scores import score_forecasts
from skelgraph.training.forecasting import forecast_clips
from skelgraph.training.link_gap import argmax_links_scores
from skelgraph.training.progress import Reporter
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run import write_rows
from skelgraph.training.weights import Recogniser


def score_parts(
    recogniser: Recogniser,
    probabilities: Mapping[str, Tensor],
    *,
    store: Store,
    parts: Parts,
    report: Reporter,
) -> dict[str, dict[str, Any]]:
    """Score train, val and test.

    Args:
        recogniser: The trained model.
        probabilities: Of each part's windows, rows sum to 1, shape (N, classes).
        store: The run's clips.
        parts: Their windows.
        report: Hears why a forecast cannot be scored.

    Returns:
        The scores of each part; of val and test those of a prediction head too, under
        `forecast`, and of val what links that are sure would change.
    """
    scores = {part: score_part(probabilities[part], getattr(parts, part)) for part in PARTS}
    for part in ("val", "test"):
        rows = getattr(parts.split, part)
        found, reason = forecast_scores(recogniser, store, rows)
        scores[part] |= found
        if reason:
            report.message(reason)
    scores["val"] |= argmax_links_scores(recogniser.model, parts.val, recogniser.data)
    return scores


def write_predictions(
    path: Path,
    probabilities: Mapping[str, Tensor],
    *,
    class_names: tuple[str, ...],
    store: Store,
    parts: Parts,
) -> None:
    """Write a row a window: clip, split, label, predicted, a probability a class."""
    rows = []
    for part in PARTS:
        clips = getattr(parts, part)
        names = clip_names(store, clips)
        rows += prediction_rows(
            probabilities[part], names, class_names, labels=clips.labels, part=part
        )
    write_rows(path, ("clip", "split", "label", "predicted", *class_names), rows)


def forecast_scores(
    recogniser: Recogniser, store: Store, rows: np.ndarray
) -> tuple[dict[str, Any], str]:
    """Measure the prediction head on clips whose last frames are hidden.

    Args:
        recogniser: The run.
        store: Where the clips lie.
        rows: Which clips.

    Returns:
        Its errors under the key `forecast`, nothing for a model without one or where clips are
        too short; and why they are, or nothing.
    """
    if not getattr(recogniser.model.config, "forecast", 0):
        return {}, ""
    try:
        forecasts = forecast_clips(recogniser, store, rows, hide=True)
    except StoreError as error:
        return {}, f"forecast not scored: {error}"
    return {"forecast": score_forecasts(forecasts)}, ""
