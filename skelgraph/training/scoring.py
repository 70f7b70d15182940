"""Score trained runs and label new recordings; several runs vote as an ensemble."""

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
from skelgraph.data.store import Store
from skelgraph.data.store_files import DATASET
from skelgraph.errors import (
    FormatError,
    LayoutError,
    RunError,
    SkelgraphError,
    StoreError,
    list_faults,
    unknown_name,
)
from skelgraph.training.clips import PARTS, check_coordinates, clip_set
from skelgraph.training.inference import predict_logits
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run import SIMULATED, read_config, read_split
from skelgraph.training.weights import Recogniser, load_recogniser


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


def predict(runs: Sequence[str | Path], source: str | Path, *, device: str = "cpu") -> Predictions:
    """Label the clips of a store or of a recording in any readable format.

    Args:
        runs: Run folders or weights files; the mean of their probabilities counts.
        source: Store or recording.
        device: Where the models run.

    Raises:
        SkelgraphError: If a run or the source cannot be read, or they do not fit.
    """
    recognisers = [load_recogniser(run, device=device) for run in runs]
    _check_same_classes(runs, recognisers)
    with opened(source) as store:
        rows = np.arange(store.num_clips)
        results = [_probabilities(item, store, rows) for item in recognisers]
        _check_same_windows(runs, [clips for _, clips in results])
        names = clip_names(store, results[0][1])
        # A store was told of its dropped clips when it was made; a recording is not yet.
        dropped = {} if (Path(source) / DATASET).is_file() else store.report["dropped"]
    mean = torch.stack([probabilities for probabilities, _ in results]).mean(0)
    return Predictions(names, mean, recognisers[0].class_names, dropped)


def evaluate(
    runs: Sequence[str | Path],
    *,
    data: str | Path | None = None,
    part: str = "test",
    device: str = "cpu",
) -> dict[str, Any]:
    """Score runs on a part of the data they were trained on, or on another store.

    Args:
        runs: Run folders (weights files too, where `data` is given); several vote.
        data: Store with the same class names; all its labelled clips count.
        part: Of the runs' own data: train, val or test.
        device: Where the models run.

    Returns:
        `classes`, `runs`, and the scores under the part's name, or under `all` with `data`.

    Raises:
        SkelgraphError: If runs and data do not fit.
    """
    recognisers = [load_recogniser(run, device=device) for run in runs]
    _check_same_classes(runs, recognisers)
    store, rows = _own_part(runs, part) if data is None else _labelled(data)
    results = [_probabilities(item, store, rows) for item in recognisers]
    _check_same_windows(runs, [clips for _, clips in results])
    mean = torch.stack([probabilities for probabilities, _ in results]).mean(0)
    labels = _run_labels(results[0][1], store, recognisers[0])
    return {
        "classes": list(recognisers[0].class_names),
        "runs": [str(run) for run in runs],
        "data": str(store.path),
        part if data is None else "all": score_part(mean, results[0][1], labels=labels),
    }


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
def opened(source: str | Path) -> Iterator[Store]:
    """Open a store, or convert a recording into a temporary one for the time of the block."""
    path = Path(source)
    if (path / DATASET).is_file():
        yield Store.open(path)
        return
    with TemporaryDirectory(prefix="skelgraph-") as folder:
        target = Path(folder) / "store"
        try:
            store = formats.convert(path, target)
        except FormatError as error:
            if " --" not in str(error):
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
    check_coordinates(
        store, recogniser.num_coords, num_spatial=recogniser.num_spatial, what="this run"
    )
    try:
        return clip_set(store, rows, layout=recogniser.layout, data=recogniser.data, testing=True)
    except LayoutError as error:
        name = recogniser.layout.name
        raise RunError(
            f"{store.path}: expected recordings with the joints of '{name}' for this run, got "
            f"recordings of '{store.layout.name}'. Turn them into those: skelgraph convert "
            f"{store.path} OUT --to-layout {name}."
        ) from error


def _probabilities(
    recogniser: Recogniser, store: Store, rows: np.ndarray
) -> tuple[Tensor, ClipSet]:
    clips = clips_for(recogniser, store, rows)
    logits = predict_logits(recogniser.model, clips, recogniser.data)
    return (logits / recogniser.temperature).softmax(1), clips


def _own_part(runs: Sequence[str | Path], part: str) -> tuple[Store, np.ndarray]:
    store = own_store(runs[0])
    rows = rows_of_part(runs[0], store, part)
    for run in runs[1:]:
        other = rows_of_part(run, store, part)
        if sorted(other) != sorted(rows):
            raise RunError(
                f"{run}: expected the {part} clips of {runs[0]}, got others. "
                "Vote only with runs of one split, or give --data."
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
