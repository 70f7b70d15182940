"""Which clips of a run its report plays, and how they move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from skelgraph.data.clip import CONFIDENCE_AXIS, HOUSE_AXES
from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.explain import Importance
from skelgraph.report.clips import PlayedClip
from skelgraph.training.results import clip_names
from skelgraph.training.run_tables import PredictionTable
from skelgraph.training.weights import Recogniser

LIKELIEST = 3  # classes told of each clip
FOR_COMPARISON = 4  # at least one in so many clips is a right one, while there are such


@dataclass(frozen=True, eq=False)
class Played:
    """Where the clips of a report come from.

    Args:
        recogniser: The model.
        store: The recordings.
        clips: Windows of them, as the model gets them.
        table: What the model says about each window.
        importance: Of those that were asked about. None: none was.
    """

    recogniser: Recogniser
    store: Store
    clips: ClipSet
    table: PredictionTable
    importance: Importance | None


def choose_clips(table: PredictionTable, limit: int) -> list[int]:
    """Choose what can be played: mistakes, the surest first, and right ones to compare with.

    Of the right ones the surest of each class come first, then the least sure. Clips whose class
    is unknown stand between.

    Returns:
        Places in the table.
    """
    sure = table.probabilities.max(axis=1)
    known = table.label >= 0
    right = known & (table.label == table.predicted)
    wrong = _ordered(known & ~right, -sure)
    unknown = _ordered(~known, sure)
    surest = [_ordered(right & (table.label == k), -sure)[:1] for k in np.unique(table.label)]
    first = [place for one in surest for place in one]
    rest = [place for place in _ordered(right, sure) if place not in set(first)]
    good = [*unknown, *first, *rest]
    kept = min(len(good), limit // FOR_COMPARISON)
    mistakes = wrong[: limit - kept]
    return [*mistakes, *good[: limit - len(mistakes)]]


def played_clips(source: Played, places: Sequence[int]) -> Iterator[PlayedClip]:
    """Yield clips as the model sees them, all frames, missing joints as missing.

    Args:
        source: Where they come from.
        places: Places in its table.
    """
    recogniser, table = source.recogniser, source.table
    place_of = {name: i for i, name in enumerate(clip_names(source.store, source.clips))}
    axes = HOUSE_AXES[: recogniser.num_spatial]
    axes = (*axes, *[CONFIDENCE_AXIS] * (recogniser.num_coords - recogniser.num_spatial))
    for place in places:
        name = table.names[place]
        batch = source.clips.batch([place_of[name]], num_frames=None, centre=recogniser.data.centre)
        positions = batch.positions[0].permute(1, 3, 2, 0).numpy()  # (T, M, V, C)
        seen = batch.visible[0].permute(0, 2, 1).numpy()
        keypoints = np.where(seen[..., None], positions, np.nan)
        if not seen.any():
            continue
        order = np.argsort(-table.probabilities[place], kind="stable")[:LIKELIEST]
        yield PlayedClip(
            name=name,
            keypoints=keypoints,
            axes=axes,
            fps=source.store.fps,
            label=int(table.label[place]),
            predicted=int(table.predicted[place]),
            likeliest=[(int(k), float(table.probabilities[place, k])) for k in order],
            importance=_importance_of(source.importance, name),
        )


def _importance_of(importance: Importance | None, name: str) -> np.ndarray | None:
    """Importance of a clip's joints (M, V), or of joints and frames (T', M, V)."""
    if importance is None or name not in importance.names:
        return None
    place = importance.names.index(name)
    values = np.where(
        importance.present[place][:, *[None] * (importance.values.ndim - 2)],
        importance.values[place],
        np.nan,
    )
    if not importance.timed:
        return np.asarray(values)
    return np.asarray(values[:, : importance.frames[place]].swapaxes(0, 1))


def _ordered(chosen: np.ndarray, key: np.ndarray) -> list[int]:
    places = np.flatnonzero(chosen)
    return [int(place) for place in places[np.argsort(key[places], kind="stable")]]
