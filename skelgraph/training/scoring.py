"""Score trained runs and label new recordings; several runs count as an ensemble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data import formats
from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import ReadOptions, stored
from skelgraph.data.store import Store
from skelgraph.errors import (
    ConfigError,
    FormatError,
    LayoutError,
    RunError,
    SkelgraphError,
    StoreError,
    list_faults,
    unknown_name,
)
from skelgraph.evaluation.ensemble import check_weights, equal_weights, fit_weights, mix
from skelgraph.graphs import JointMap, Layout, map_joints
from skelgraph.training.clips import PARTS, check_coordinates, clip_set
from skelgraph.training.inference import predict_logits
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run import SIMULATED, read_config, read_split
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
    """

    names: list[str]
    probabilities: Tensor
    class_names: tuple[str, ...]
    dropped: dict[str, str] = field(default_factory=dict)

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
    mean = mix([probabilities for probabilities, _ in results], equal_weights(len(runs)))
    return Predictions(names, mean, recognisers[0].class_names, dropped)


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
        log-loss in nats with them (`nll`) and with equal ones (`nll_equal`).

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
    return result


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


def own_store(run: str | Path) -> Store:
    """Open the data that a run was trained on.

    Raises:
        RunError: If it is not where it was.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise RunError(
            f"{folder}: expected a run folder, got a file. Give --data to say which clips."
        )
    path = read_config(folder).store or folder / SIMULATED
    try:
        return Store.open(path)
    except StoreError as error:
        raise RunError(
            f"{folder}: expected its data at {path}, found none that opens ({error}). Give --data."
        ) from error


def rows_of_part(run: str | Path, store: Store, part: str) -> np.ndarray:
    """Find the rows of a store that were in a part of the run's split.

    Raises:
        RunError: If the part is unknown, or the store has changed since.
    """
    if part not in PARTS:
        raise RunError(unknown_name("split", part, PARTS))
    split = read_split(Path(run))
    wanted = [name for name, where in split.items() if where == part]
    row_of = {str(name): row for row, name in enumerate(store.clips.name)}
    lost = [name for name in wanted if name not in row_of]
    if lost:
        raise RunError(
            f"{store.path}: expected the clips that the run was trained with, got a store "
            f"without {len(lost)} of them ({', '.join(lost[:3])}). Give --data."
        )
    return np.array([row_of[name] for name in wanted], dtype=np.int64)


@contextmanager
def opened(
    source: str | Path, *, format: str | None = None, options: ReadOptions | None = None
) -> Iterator[Store]:
    """Open a store, or convert a recording into a temporary one for the time of the block.

    Args:
        source: Store or recording.
        format: Format of a recording. None: found by looking.
        options: What the user knows better of a recording. None: the user cannot say.
    """
    path = Path(source)
    if stored.recognises(path):
        stored.refuse_told(path, format, options or ReadOptions())
        yield Store.open(path)
        return
    with TemporaryDirectory(prefix="skelgraph-") as folder:
        target = Path(folder) / "store"
        try:
            store = formats.convert(path, target, format=format, options=options)
        except FormatError as error:
            if options is not None or " --" not in str(error):
                raise
            raise FormatError(
                f"{error}\nOptions are given on conversion: skelgraph convert {path} STORE. Then "
                "give the store."
            ) from error
        try:
            yield store
        except SkelgraphError as error:
            raise type(error)(str(error).replace(str(target), str(path))) from error


def clips_for(recogniser: Recogniser, store: Store, rows: np.ndarray) -> ClipSet:
    """Prepare clips as a recogniser needs them."""
    joints_for(recogniser, store)
    return clip_set(store, rows, layout=recogniser.layout, data=recogniser.data, testing=True)


def joints_for(recogniser: Recogniser, store: Store) -> JointMap:
    """Find where a recogniser's joints come from in a store.

    Raises:
        RunError: If the store's coordinates or joints do not fit.
    """
    check_coordinates(
        store, recogniser.num_coords, num_spatial=recogniser.num_spatial, what="this run"
    )
    try:
        return map_joints(store.layout, recogniser.layout, slot=recogniser.data.slot)
    except LayoutError as error:
        told = _unfit(recogniser.layout, store, slot=recogniser.data.slot)
        raise RunError(f"{store.path}: {told}") from error


def _unfit(wanted: Layout, store: Store, *, slot: str | None) -> str:
    """Say which joints, or which hand, recordings lack for a run, and what may be done."""
    got = store.layout
    if slot is not None and _fits(got, wanted):
        return (
            f"expected recordings of the {slot} hand for this run, got recordings of "
            f"'{got.name}', which have the other alone. Give others."
        )
    known = set(got.joints)
    lacking = [joint for joint in wanted.joints if joint not in known]
    if len(lacking) == len(wanted.joints):
        step = f"They share none: give recordings of '{wanted.name}'."
    else:
        command = f"skelgraph convert {store.path} OUT --to-layout {wanted.name}"
        step = f"If others stand for them: `{command}`."
    return (
        f"expected recordings with the joints of '{wanted.name}' for this run, got recordings of "
        f"'{got.name}', which lack {', '.join(lacking)}. {step}"
    )


def _fits(source: Layout, target: Layout) -> bool:
    try:
        map_joints(source, target)
    except LayoutError:
        return False
    return True


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
