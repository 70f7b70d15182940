"""Score trained runs and label new recordings; several runs count as an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import ReadOptions, stored
from skelgraph.data.store import Store
from skelgraph.errors import (
    ConfigError,
    RunError,
    StoreError,
    list_faults,
    unknown_name,
)
from skelgraph.evaluation.ensemble import check_weights, equal_weights, fit_weights, mix
from skelgraph.training.inference import predict_logits
from skelgraph.training.part_scores import forecast_scores
from skelgraph.training.rates import rate_note
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run_clips import clips_for, opened, own_store, rows_of_part
from skelgraph.training.same_store import check_same_recordings
from skelgraph.training.weights import Recogniser, load_recogniser

WEIGHTINGS = ("equal", "validation")


@dataclass(frozen=True)
class Predictions:
    """Labels of clips, or of their windows.

    Args:
        names: One a row.
        probabilities: Shape (N, classes).
        class_names: One a column.
        dropped: Clips of the recording that have no row -> why.
        notes: What is to be kept in mind of them.
    """

    names: list[str]
    probabilities: Tensor
    class_names: tuple[str, ...]
    dropped: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def header(self) -> tuple[str, ...]:
        """Name the columns of `rows`."""
        return ("clip", "predicted", *self.class_names)

    def rows(self) -> list[list[str]]:
        """Lay the predictions out: clip, predicted, a probability a class."""
        return prediction_rows(self.probabilities, self.names, self.class_names)


def predict(
    runs: Sequence[str | Path],
    source: str | Path,
    *,
    format: str | None = None,
    options: ReadOptions | None = None,
    device: str = "cpu",
) -> Predictions:
    """Label the clips of a store or of a recording in any readable format.

    Args:
        runs: Run folders or weights files; the mean of their probabilities counts.
        source: Store or recording.
        format: Format of a recording. None: found by looking.
        options: What the user knows better of a recording.
        device: Where the models run.

    Raises:
        SkelgraphError: If a run or the source cannot be read, or they do not fit.
    """
    recognisers = [load_recogniser(run, device=device) for run in runs]
    _check_same_classes(runs, recognisers)
    with opened(source, format=format, options=options) as store:
        rows = np.arange(store.num_clips)
        results = [_probabilities(item, store, rows) for item in recognisers]
        _check_same_windows(runs, [clips for _, clips in results])
        names = clip_names(store, results[0][1])
        # A store was told of its dropped clips when it was made; a recording is not yet.
        dropped = {} if stored.recognises(Path(source)) else store.report["dropped"]
        notes = _rate_notes(recognisers, store, source)
    mean = mix([probabilities for probabilities, _ in results], equal_weights(len(runs)))
    return Predictions(names, mean, recognisers[0].class_names, dropped, tuple(notes))


def _rate_notes(recognisers: Sequence[Recogniser], store: Store, source: str | Path) -> list[str]:
    """Tell each once of a frame rate that is not that of the runs."""
    notes = (rate_note(item, store, source=source) for item in recognisers)
    return list(dict.fromkeys(note for note in notes if note))


def evaluate(
    runs: Sequence[str | Path],
    *,
    data: str | Path | None = None,
    part: str = "test",
    weights: str | Sequence[float] = "equal",
    device: str = "cpu",
) -> dict[str, Any]:
    """Score runs on a part of the data they were trained on, or on another store.

    Args:
        runs: Run folders (weights files too, where `data` is given); several count as one, by
            the weighted mean of their probabilities.
        data: Store with the same class names; all its labelled clips count.
        part: Of the runs' own data: train, val or test.
        weights: 'equal', 'validation' (those that make the validation clips, which all runs must
            share, most likely), or a number a run, sum 1.
        device: Where the models run.

    Returns:
        `classes`, `runs`, `weights` (one a run), and the scores under the part's name, or under
        `all` with `data`. Unless the weights were to be equal, `equal` holds the scores of equal
        ones; where they were fitted, `validation` the validation clips' number and mean
        log-loss in nats with them (`nll`) and with equal ones (`nll_equal`). The scores of one
        run alone hold the errors of its prediction head under `forecast`, if it has one.
        `notes`, where there are any, say why they do not, and of `data` that it has another
        frame rate.

    Raises:
        SkelgraphError: If runs, weights and data do not fit.
    """
    _check_weighting(weights, len(runs))
    recognisers = [load_recogniser(run, device=device) for run in runs]
    _check_same_classes(runs, recognisers)
    store, rows = _own_part(runs, part) if data is None else _labelled(data)
    votes = _votes(runs, recognisers, store, rows)
    chosen, details = _weigh(runs, recognisers, weights)
    result = {
        "classes": list(recognisers[0].class_names),
        "runs": [str(run) for run in runs],
        "weights": chosen,
        "data": str(store.path),
        part if data is None else "all": votes.score(chosen),
        **details,
    }
    if weights != "equal":
        result["equal"] = votes.score(equal_weights(len(runs)))
    notes = [] if data is None else _rate_notes(recognisers, store, data)
    if len(runs) == 1:
        found, reason = forecast_scores(recognisers[0], store, rows)
        result[part if data is None else "all"] |= found
        notes += [reason] if reason else []
    return result | ({"notes": notes} if notes else {})


@dataclass(frozen=True)
class _Votes:
    """What each run says about the same clips.

    Args:
        probabilities: Of each run, shape (N, classes).
        clips: The clips, or their windows.
        labels: Truth in the runs' classes, shape (N,).
    """

    probabilities: list[Tensor]
    clips: ClipSet
    labels: np.ndarray

    def score(self, weights: Sequence[float]) -> dict[str, Any]:
        return score_part(mix(self.probabilities, weights), self.clips, labels=self.labels)


def _votes(
    runs: Sequence[str | Path], recognisers: Sequence[Recogniser], store: Store, rows: np.ndarray
) -> _Votes:
    results = [_probabilities(item, store, rows) for item in recognisers]
    _check_same_windows(runs, [clips for _, clips in results])
    clips = results[0][1]
    labels = _run_labels(clips, store, recognisers[0])
    return _Votes([probabilities for probabilities, _ in results], clips, labels)


def _check_weighting(weights: str | Sequence[float], number: int) -> None:
    """Find wrong weights before any model runs."""
    if not isinstance(weights, str):
        check_weights(weights, number)
    elif weights not in WEIGHTINGS:
        raise ConfigError(unknown_name("weights", weights, WEIGHTINGS))


def _weigh(
    runs: Sequence[str | Path], recognisers: Sequence[Recogniser], weights: str | Sequence[float]
) -> tuple[list[float], dict[str, Any]]:
    """Settle the weights, and say how they were found."""
    if not isinstance(weights, str):
        return check_weights(weights, len(runs)), {}
    equal = equal_weights(len(runs))
    if weights == "equal":
        return equal, {}
    votes = _votes(runs, recognisers, *_validation_clips(runs))
    fitted = fit_weights(votes.probabilities, torch.as_tensor(votes.labels))
    losses = {"nll": votes.score(fitted)["nll"], "nll_equal": votes.score(equal)["nll"]}
    return fitted, {"validation": {"num_clips": len(votes.labels), **losses}}


def _validation_clips(runs: Sequence[str | Path]) -> tuple[Store, np.ndarray]:
    files = [str(run) for run in runs if not Path(run).is_dir()]
    if files:
        raise RunError(
            f"{files[0]}: expected a run folder, whose split says which clips validate, got a "
            "file. Give the folder, or weights as numbers."
        )
    return _own_part(runs, "val", otherwise="give weights as numbers")


def _probabilities(
    recogniser: Recogniser, store: Store, rows: np.ndarray
) -> tuple[Tensor, ClipSet]:
    clips = clips_for(recogniser, store, rows)
    logits = predict_logits(recogniser.model, clips, recogniser.data)
    return (logits / recogniser.temperature).softmax(1), clips


def _own_part(
    runs: Sequence[str | Path], part: str, *, otherwise: str = "give --data"
) -> tuple[Store, np.ndarray]:
    store = own_store(runs[0])
    rows = rows_of_part(runs[0], store, part)
    for run in runs[1:]:
        other = rows_of_part(run, store, part)
        if sorted(other) != sorted(rows):
            raise RunError(
                f"{run}: expected the {part} clips of {runs[0]}, got others. "
                f"Vote only with runs of one split, or {otherwise}."
            )
        check_same_recordings(Path(runs[0]), Path(run))
    return store, rows


def _labelled(data: str | Path) -> tuple[Store, np.ndarray]:
    store = Store.open(data)
    rows = np.flatnonzero(store.clips.label >= 0)
    if not len(rows):
        raise StoreError(
            f"{store.path}: expected labelled clips, got none. Use `skelgraph predict`, or add "
            "labels to index.csv."
        )
    return store, rows


def _check_same_classes(runs: Sequence[str | Path], recognisers: Sequence[Recogniser]) -> None:
    faults = [
        f"{run}: expected the classes of {runs[0]}, got others. Vote only with runs of one "
        "set of classes."
        for run, item in zip(runs, recognisers, strict=True)
        if item.class_names != recognisers[0].class_names
    ]
    if faults:
        raise RunError(list_faults(faults))


def _check_same_windows(runs: Sequence[str | Path], clips: Sequence[ClipSet]) -> None:
    first = clips[0].windows
    faults = [
        f"{run}: expected the windows of {runs[0]}, got others. Vote only with runs of one window "
        "length and overlap."
        for run, own in zip(runs, clips, strict=True)
        if not (
            np.array_equal(own.windows.start, first.start)
            and np.array_equal(own.windows.length, first.length)
        )
    ]
    if faults:
        raise RunError(list_faults(faults))


def _run_labels(clips: ClipSet, store: Store, recogniser: Recogniser) -> np.ndarray:
    """Renumber labels from the store's classes to the run's, by name."""
    lacking = sorted(set(store.class_names) - set(recogniser.class_names))
    used = {store.class_names[label] for label in np.unique(clips.labels)}
    if used & set(lacking):
        raise RunError(
            f"{store.path}: expected the run's classes {', '.join(recogniser.class_names)}, got "
            f"clips of {', '.join(sorted(used & set(lacking)))}. Select the shared classes."
        )
    order = {name: number for number, name in enumerate(recogniser.class_names)}
    table = np.array([order.get(name, -1) for name in store.class_names], dtype=np.int64)
    return table[clips.labels]
