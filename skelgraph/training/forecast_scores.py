"""How far forecasts are off, beside two simple guesses."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelgraph.data.coordinates import METRES
from skelgraph.evaluation.forecasting import (
    joint_distances,
    known_or_none,
    mean_of_known,
    score_curves,
)
from skelgraph.training.forecasts import METHODS, Forecasts


def score_forecasts(forecasts: Forecasts) -> dict[str, Any]:
    """Measure forecasts whose true poses are known.

    Returns:
        Errors are mean distances a joint in millimetres of the layout's neutral size: see
        `skelgraph.evaluation.forecasting.score_curves` for `methods`; `by_joint` the forecast's,
        mean over frames and windows; `recorded_mm`, for recordings in metres or millimetres, each
        method's by frame at the size of the people recorded.
    """
    tracks = forecasts.tracks
    errors: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    for track in tracks:
        assert track.truth is not None
        for name, guess in track.guesses().items():
            errors[name].append(1000 * joint_distances(guess, track.truth))  # (F, M, V)
    curves = {
        name: np.stack([mean_of_known(one, axis=(1, 2)) for one in values])
        for name, values in errors.items()
    }
    joints = mean_of_known(np.stack(errors[METHODS[0]]), axis=(0, 1, 2))
    clip = np.array([track.row for track in tracks])
    document: dict[str, Any] = {
        "num_frames": forecasts.num_frames,
        "num_windows": len(tracks),
        "num_clips": len(set(clip.tolist())),
        "num_dropped": len(forecasts.dropped),
        "fps": forecasts.fps,
        "unit": "mm of the neutral size",
        **score_curves(
            curves,
            subject=np.array([track.clip.subject for track in tracks]),
            clip=clip,
            step_ms=forecasts.step_ms,
        ),
        "by_joint": dict(zip(forecasts.layout.joints, known_or_none(joints), strict=True)),
    }
    if tracks[0].clip.units in METRES:
        size = np.array([track.placement.factor for track in tracks])[:, None]
        document["recorded_mm"] = {
            name: known_or_none(mean_of_known(values / size, axis=0))
            for name, values in curves.items()
        }
    return document
