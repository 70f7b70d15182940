"""The history of pseudo-labels: which clip was taught as what, when, and how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.errors import RunError
from skelgraph.training.run import check_finished, write_rows
from skelgraph.training.run_tables import read_metrics

KEY = "pseudo_labels"  # of metrics.json
PSEUDO_LABELS = "pseudo_labels.csv"
HEADER = (
    "clip", "cycle", "epoch", "label", "confidence", "weight", "changed", "truth", "correct",
)  # fmt: skip
BINS = 20  # of confidence, over 0..1


@dataclass(frozen=True, eq=False)
class _Record:
    """One look at all unlabelled clips, of which the rows that changed are kept.

    Args:
        cycle, epoch: When.
        rows: Clips whose label changed, or whether they are taken; all in the first record.
        label, confidence, weight: Of these rows.
        changed: Whether the label changed, -1 in the first record.
        summary: Of all clips.
    """

    cycle: int
    epoch: int
    rows: np.ndarray
    label: np.ndarray
    confidence: np.ndarray
    weight: np.ndarray
    changed: np.ndarray
    summary: dict[str, Any]


class LabelHistory:
    """What was recorded of the unlabelled clips, record by record.

    Only what changed is kept: a clip's label, or whether it is taken (has a weight above 0). A
    run of 30 epochs over 100,000 clips so keeps a few rows a clip.

    Args:
        names: Of the U unlabelled clips, or their windows.
        class_names: Names of the K classes.
        truth: True classes, -1 where unknown, (U,); None: unknown for all. It goes into the
            report alone: nothing that trains may see it.
        given: Given labels of each class, (K,); for comparison in the report.
    """

    def __init__(
        self,
        names: Sequence[str],
        class_names: Sequence[str],
        *,
        truth: Any = None,
        given: Any = None,
    ) -> None:
        self.names, self.class_names = tuple(map(str, names)), tuple(class_names)
        unknown = np.full(len(self.names), -1, dtype=np.int64)
        self.truth = unknown if truth is None else _array(truth, np.int64)
        self.given = None if given is None else _array(given, np.int64)
        assert len(self.truth) == len(self.names), "one truth a clip"
        self._records: list[_Record] = []
        self._last: _Record | None = None  # of all clips

    def __len__(self) -> int:
        return len(self._records)

    def record(
        self, cycle: int, epoch: int, labels: Any, confidences: Any, weights: Any
    ) -> dict[str, Any]:
        """Note what a method makes of all unlabelled clips.

        Args:
            cycle: From 0.
            epoch: Rises within a cycle.
            labels: Class that each clip would be taught as, -1 for none, (U,).
            confidences: Probability of that class, (U,).
            weights: How much each clip counts, 0 for one that is left out, (U,).

        Returns:
            The summary of this record, see `summaries`.
        """
        label = _array(labels, np.int64)
        confidence, weight = _array(confidences, np.float32), _array(weights, np.float32)
        before = self._last
        assert before is None or (cycle, epoch) > (before.cycle, before.epoch), "in order"
        if before is None:
            rows, changed = np.arange(len(label)), np.full(len(label), -1, dtype=np.int8)
        else:
            differs = label != before.label
            rows = np.flatnonzero(differs | ((weight > 0) != (before.weight > 0)))
            changed = differs.astype(np.int8)
        summary = self._summary(cycle, epoch, label, confidence, weight, before)
        every = np.arange(len(label))
        self._last = _Record(cycle, epoch, every, label, confidence, weight, changed, summary)
        self._records.append(
            _Record(
                cycle, epoch, rows, label[rows], confidence[rows], weight[rows], changed[rows],
                summary,
            )
        )  # fmt: skip
        return summary

    def summaries(self) -> list[dict[str, Any]]:
        """Summarise each record in plain values.

        Returns:
            `cycle`, `epoch`, `clips`, `taken` (weight above 0), `weight` (sum), `taken_classes`
            (taken clips of each class), `changed` (share of clips with another label than in
            the record before, None in the first), `accuracy` and `taken_accuracy` (the latter
            weighted by how much each clip counts; of the clips whose truth is known; None
            where there is none) and `confidence` (clips by confidence in 20 bins from 0 to 1)
            with `taken_confidence`.
        """
        return [record.summary for record in self._records]

    def to_dict(self) -> dict[str, Any]:
        """Give what `metrics.json` holds of it, under `pseudo_labels`."""
        known = self.truth[self.truth >= 0]
        size = len(self.class_names)
        return {
            "clips": len(self.names),
            "classes": list(self.class_names),
            "given_classes": None if self.given is None else self.given.tolist(),
            "truth_classes": np.bincount(known, minlength=size).tolist() if len(known) else None,
            "records": self.summaries(),
        }

    def write(self, folder: Path) -> None:
        """Write `pseudo_labels.csv`, whole.

        A row a clip in the first record, a row for each later change of its label or of whether
        it is taken, and a row in the last record. Between two rows a clip's label and whether
        it was taken stayed the same. `changed`, `truth` and `correct` are empty where there is
        no record before, or the truth is unknown.
        """
        records = list(self._records)
        if self._last is not None:
            records[-1] = self._last
        rows = (row for record in records for row in self._rows(record))
        write_rows(folder / PSEUDO_LABELS, HEADER, rows)

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values that `load_state_dict` restores."""
        last = [] if self._last is None else [self._last]
        return {
            "records": [_packed(record) for record in self._records],
            "last": [_packed(record) for record in last],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; what was recorded after it is forgotten."""
        self._records = [_unpacked(packed) for packed in state["records"]]
        self._last = next((_unpacked(packed) for packed in state["last"]), None)

    def _rows(self, record: _Record) -> Any:
        for row, label, confidence, weight, changed in zip(
            record.rows.tolist(), record.label.tolist(), record.confidence.tolist(),
            record.weight.tolist(), record.changed.tolist(), strict=True,
        ):  # fmt: skip
            truth = int(self.truth[row])
            known = truth >= 0 and label >= 0
            yield [
                self.names[row], record.cycle, record.epoch,
                self.class_names[label] if label >= 0 else "",
                f"{confidence:.6g}", f"{weight:.6g}", "" if changed < 0 else changed,
                self.class_names[truth] if truth >= 0 else "",
                int(label == truth) if known else "",
            ]  # fmt: skip

    def _summary(
        self,
        cycle: int,
        epoch: int,
        label: np.ndarray,
        confidence: np.ndarray,
        weight: np.ndarray,
        before: _Record | None,
    ) -> dict[str, Any]:
        taken, known = weight > 0, (self.truth >= 0) & (label >= 0)
        right, size = label == self.truth, len(self.class_names)
        return {
            "cycle": int(cycle),
            "epoch": int(epoch),
            "clips": len(label),
            "taken": int(taken.sum()),
            "weight": float(weight.sum()),
            "taken_classes": np.bincount(label[taken & (label >= 0)], minlength=size).tolist(),
            "changed": None if before is None else float((label != before.label).mean()),
            "accuracy": _share(right[known], np.ones(int(known.sum()))),
            "taken_accuracy": _share(right[known & taken], weight[known & taken]),
            "confidence": _histogram(confidence),
            "taken_confidence": _histogram(confidence[taken]),
        }


def _array(values: Any, kind: Any) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.array(values, dtype=kind)


def _share(right: np.ndarray, weight: np.ndarray) -> float | None:
    return float((right * weight).sum() / weight.sum()) if len(right) else None


def _histogram(confidence: np.ndarray) -> list[int]:
    counts: list[int] = np.histogram(confidence, bins=BINS, range=(0, 1))[0].tolist()
    return counts


ARRAYS = ("rows", "label", "confidence", "weight", "changed")


def _packed(record: _Record) -> dict[str, Any]:
    plain = {"cycle": record.cycle, "epoch": record.epoch, "summary": record.summary}
    return plain | {name: torch.from_numpy(getattr(record, name).copy()) for name in ARRAYS}


def _unpacked(packed: Mapping[str, Any]) -> _Record:
    arrays = {name: packed[name].numpy().copy() for name in ARRAYS}
    return _Record(packed["cycle"], packed["epoch"], **arrays, summary=dict(packed["summary"]))


def read_label_history(folder: str | Path) -> dict[str, Any]:
    """Read what a run's metrics hold of its pseudo-labels, see `LabelHistory.to_dict`.

    Raises:
        RunError: If the run is not finished, took no pseudo-labels, or its metrics are damaged.
    """
    check_finished(Path(folder))
    found = read_metrics(folder).get(KEY)
    if not isinstance(found, dict) or not found.get("records"):
        raise RunError(
            f"{folder}: expected a run with pseudo-labels, got one without. Give the folder that "
            "`skelgraph pseudo-label` wrote."
        )
    return found
