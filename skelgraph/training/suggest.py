"""Which clips of a store to label next, by a trained model."""

from __future__ import annotations

import csv
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.grouping import group_clips
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError, SkelgraphError, list_faults, unknown_name
from skelgraph.evaluation.acquisition import Picked, Pool, pick, uncertainty
from skelgraph.training.inference import outputs
from skelgraph.training.run import CONFIG, SPLIT, read_split
from skelgraph.training.run_clips import clips_for, own_store
from skelgraph.training.weights import Recogniser, load_recogniser

LABELLED = "labelled.csv"  # that a run with few labels writes
HELD = ("val", "test")
HEADER = (
    "rank",
    "clip",
    "label",
    "person",
    "predicted",
    "confidence",
    "uncertainty",
    "distance",
    "reason",
)


@dataclass(frozen=True)
class SuggestOptions:
    """What is asked for; see `skelgraph.evaluation.acquisition`.

    Args:
        count: How many clips.
        strategy: How they are chosen.
        measure: How uncertainty is measured.
        balanced: Take predicted classes in turns, those with the fewest labels first.
        same_recording: Allow several clips of one recording.
        seed: Fixes what is drawn.
    """

    count: int = 20
    strategy: str = "mixed"
    measure: str = "entropy"
    balanced: bool = False
    same_recording: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Suggestion:
    """A clip to label.

    Args:
        rank: From 1, the first to label.
        clip: Its name.
        person: Who performs it, -1 where unknown.
        predicted: Likeliest class.
        confidence: Its calibrated probability.
        uncertainty: From 0 to 1.
        distance: To the nearest labelled clip among the model's features, 0 to 2; None
            without any.
        reason: Why it was chosen, in words.
    """

    rank: int
    clip: str
    person: int
    predicted: str
    confidence: float
    uncertainty: float
    distance: float | None
    reason: str

    def row(self) -> list[Any]:
        """Lay it out under `HEADER`; the label is left to be filled in."""
        distance = "" if self.distance is None else f"{self.distance:.4f}"
        person = "" if self.person < 0 else self.person
        return [
            self.rank, self.clip, "", person, self.predicted, f"{self.confidence:.4f}",
            f"{self.uncertainty:.4f}", distance, self.reason,
        ]  # fmt: skip


@dataclass(frozen=True)
class Suggestions:
    """Clips to label, and what they were chosen from.

    Args:
        items: The first to label first.
        labelled: Labelled clips and their classes, empty where the store holds it.
        candidates: Clips without a label that could have been chosen.
        recordings: Recordings that they are cut from.
        held: Clips that were left out because they, or their people, validate or test.
    """

    items: tuple[Suggestion, ...]
    labelled: dict[str, str]
    candidates: int
    recordings: int
    held: int

    def rows(self, *, with_labelled: bool = False) -> list[list[Any]]:
        """Lay them out under `HEADER`, on request after the clips that are labelled."""
        blank = [""] * (len(HEADER) - 3)
        known = [["", clip, label, *blank] for clip, label in self.labelled.items()]
        return [*(known if with_labelled else []), *(item.row() for item in self.items)]


def suggest(
    run: str | Path,
    data: str | Path | None = None,
    *,
    options: SuggestOptions | None = None,
    labelled: str | Path | None = None,
    device: str = "cpu",
) -> Suggestions:
    """Choose clips to label next.

    Args:
        run: Run folder or weights file.
        data: Store with the clips; None: that of the run.
        options: What is asked for.
        labelled: CSV with a column clip, and maybe label: the clips that have a label. None:
            those that the run was given (where it trained with few labels on this store),
            else those that have one in the store.
        device: Where the model runs.

    Returns:
        Suggestions among the other clips, never one that validates or tests in the run's split.

    Raises:
        SkelgraphError: If run, store or file cannot be read or do not fit, or nothing is left
            to label.
    """
    options = options or SuggestOptions()
    recogniser = load_recogniser(run, device=device)
    store = own_store(run) if data is None else Store.open(data)
    labels = _labels(run, store, labelled, recogniser.class_names)
    rows, known, held = _sort_rows(store, labels, _held(run, store))
    probabilities, features = describe_clips(recogniser, store, np.concatenate([rows, known]))
    number = len(rows)
    pool = Pool(
        uncertainty=uncertainty(probabilities[:number].numpy(), measure=options.measure),
        features=features[:number].numpy(),
        predicted=probabilities[:number].argmax(1).numpy(),
        recording=np.unique(store.clips.recording, return_inverse=True)[1][rows],
        labelled=features[number:].numpy(),
        counts=_counts(labels, recogniser.class_names),
    )
    picked = pick(
        pool,
        options.count,
        strategy=options.strategy,
        balanced=options.balanced,
        same_recording=options.same_recording,
        seed=options.seed,
    )
    names = recogniser.class_names
    reasons = _reasons(picked, pool, probabilities, names, strategy=options.strategy)
    return Suggestions(
        items=tuple(
            Suggestion(
                rank=rank,
                clip=str(store.clips.name[rows[place]]),
                person=int(store.clips.subject[rows[place]]),
                predicted=names[int(pool.predicted[place])],
                confidence=float(probabilities[place].max()),
                uncertainty=float(pool.uncertainty[place]),
                distance=float(picked.distance[place]) if len(pool.labelled) else None,
                reason=reason,
            )
            for rank, (place, reason) in enumerate(
                zip(picked.places.tolist(), reasons, strict=True), start=1
            )
        ),
        labelled=labels,
        candidates=number,
        recordings=len(np.unique(pool.recording)),
        held=held,
    )


def describe_clips(recogniser: Recogniser, store: Store, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Give calibrated probabilities and features of clips, means over their windows.

    Returns:
        Shapes (N, classes) and (N, D), float32 on the CPU, in the order of the rows.
    """
    clips = clips_for(recogniser, store, rows)
    found = [
        (
            (output.logits / recogniser.temperature).float().softmax(1).cpu(),
            output.features.float().cpu(),
        )
        for _, output in outputs(recogniser.model, clips, recogniser.data)
    ]
    place = np.searchsorted(np.sort(rows), clips.windows.row)
    order = np.argsort(np.argsort(rows, kind="stable"), kind="stable")
    sizes = torch.as_tensor(np.bincount(place, minlength=len(rows)))[:, None]
    means = []
    for parts in zip(*found, strict=True):
        values = torch.cat(parts).flatten(1)
        total = torch.zeros(len(rows), values.shape[1]).index_add_(
            0, torch.as_tensor(place), values
        )
        means.append((total / sizes)[torch.as_tensor(order)])
    return means[0], means[1]


def _labels(
    run: str | Path, store: Store, given: str | Path | None, class_names: Sequence[str]
) -> dict[str, str]:
    """Name the clips that have a label, and their classes as far as they are known."""
    own = Path(run) / LABELLED
    if given is None and own.is_file() and _is_own(run, store):
        given = own
    table = store.clips
    if given is None:
        known = np.flatnonzero(table.label >= 0)
        return {str(table.name[row]): store.class_names[table.label[row]] for row in known}
    return _read_labelled(Path(given), store, class_names)


def _read_labelled(path: Path, store: Store, class_names: Sequence[str]) -> dict[str, str]:
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{path}: expected a readable CSV file, got '{reason}'. Check the path."
        ) from error
    columns = reader.fieldnames or []
    if "clip" not in columns:
        raise ConfigError(
            f"{path}: expected a column clip, got {', '.join(filter(None, columns)) or 'none'}. "
            "Write a clip name a row."
        )
    row_of = {str(name): row for row, name in enumerate(store.clips.name)}
    found, faults = dict[str, str](), []
    for number, row in enumerate(rows, start=2):
        clip, label = (row["clip"] or "").strip(), (row.get("label") or "").strip()
        where = f"{path.name}, row {number}"
        if clip not in row_of:
            faults.append(f"{where}: expected a clip of the store, got '{clip}'. Correct it.")
        elif label and label not in class_names:
            faults.append(unknown_name(f"{where}: label", label, class_names))
        else:
            own = int(store.clips.label[row_of[clip]])
            found[clip] = label or (store.class_names[own] if own >= 0 else "")
    if faults:
        raise ConfigError(list_faults(faults))
    return found


def _is_own(run: str | Path, store: Store) -> bool:
    """Whether a store is the one that a run was trained on."""
    if not (Path(run) / CONFIG).is_file():
        return False
    try:
        return own_store(run).path.resolve() == store.path.resolve()
    except SkelgraphError:
        return False


def _held(run: str | Path, store: Store) -> set[str]:
    """Name the clips that validate or test in the run's split of this store, or whose people do.

    A clip that the split does not name, because it had no label, is of such a person if none of
    the person's clips is learned from.
    """
    if not (Path(run) / SPLIT).is_file() or not _is_own(run, store):
        return set()
    split = read_split(Path(run))
    part = np.array([split.get(str(name), "") for name in store.clips.name])
    scored, groups = np.isin(part, HELD), group_clips(store.clips)[0]
    apart = np.setdiff1d(groups[scored], groups[~scored & (part != "")])
    held = scored | ((part == "") & np.isin(groups, apart))
    return {str(name) for name in store.clips.name[held]}


def _counts(labels: dict[str, str], class_names: Sequence[str]) -> np.ndarray:
    given = list(labels.values())
    return np.array([given.count(name) for name in class_names], dtype=np.int64)


def _sort_rows(
    store: Store, labels: Mapping[str, str], held: Container[str]
) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the rows of candidates and of labelled clips, and how many others are held."""
    names = [str(name) for name in store.clips.name]
    has_label = np.array([name in labels for name in names])
    kept_out = np.array([name in held for name in names]) & ~has_label
    rows = np.flatnonzero(~has_label & ~kept_out)
    if not len(rows):
        raise RunError(
            f"{store.path}: expected clips without a label, got none. Give --labelled FILE.csv "
            "with those that count as labelled, or a store with further clips."
        )
    return rows, np.flatnonzero(has_label), int(kept_out.sum())


def _reasons(
    picked: Picked, pool: Pool, probabilities: Tensor, names: Sequence[str], *, strategy: str
) -> list[str]:
    """Say in words what speaks for each clip."""
    if strategy == "random":
        return ["drawn at random"] * len(picked.places)
    found = []
    for place in picked.places.tolist():
        top = probabilities[place].topk(min(2, len(names)))
        between = " or ".join(
            f"{names[i]} ({value:.2f})"
            for i, value in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        )
        surer = 100 * float((pool.uncertainty < pool.uncertainty[place]).mean())
        nearer = 100 * float((picked.distance < picked.distance[place]).mean())
        far = f", farther from labelled clips than {nearer:.0f} %" if len(pool.labelled) else ""
        found.append(f"{between}; less sure than {surer:.0f} % of the clips{far}")
    return found
