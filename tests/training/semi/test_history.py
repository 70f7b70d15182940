"""The history of pseudo-labels: what is kept, what is written, what is summarised."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.training.semi.history import PSEUDO_LABELS, LabelHistory

CLASSES = ("nod", "wave")


def history(truth: list[int] | None = None) -> LabelHistory:
    return LabelHistory(("a", "b", "c"), CLASSES, truth=truth, given=[2, 1])


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / PSEUDO_LABELS).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(found: LabelHistory, first: int = 0, end: int = 4) -> None:
    """Some of four records; clip b changes its label once, c is taken from the third on."""
    records: list[tuple[int, int, list[int], list[float], list[float]]] = [
        (0, 1, [0, 0, 1], [0.9, 0.6, 0.5], [1, 0, 0]),
        (0, 2, [0, 0, 1], [0.95, 0.6, 0.6], [1, 0, 0]),
        (1, 1, [0, 1, 1], [0.97, 0.7, 0.9], [1, 0, 0.5]),
        (1, 2, [0, 1, 1], [0.99, 0.8, 0.92], [1, 0, 0.5]),
    ]
    for record in records[first:end]:
        found.record(*record)


def test_rows_by_hand(tmp_path: Path) -> None:
    found = history([0, 1, -1])
    fill(found)
    found.write(tmp_path)
    rows = rows_of(tmp_path)
    told = [(r["clip"], r["cycle"], r["epoch"], r["label"], r["changed"]) for r in rows]
    assert told == [
        ("a", "0", "1", "nod", ""),
        ("b", "0", "1", "nod", ""),
        ("c", "0", "1", "wave", ""),
        ("b", "1", "1", "wave", "1"),
        ("c", "1", "1", "wave", "0"),
        ("a", "1", "2", "nod", "0"),
        ("b", "1", "2", "wave", "0"),
        ("c", "1", "2", "wave", "0"),
    ]
    assert [(r["truth"], r["correct"]) for r in rows[:3]] == [
        ("nod", "1"), ("wave", "0"), ("", ""),
    ]  # fmt: skip
    assert (rows[4]["confidence"], rows[4]["weight"]) == ("0.9", "0.5")


def test_summary_by_hand() -> None:
    found = history([0, 1, 0])
    fill(found)
    first, _, third, _ = found.summaries()
    assert (first["taken"], first["changed"], first["taken_classes"]) == (1, None, [1, 0])
    assert (first["accuracy"], first["taken_accuracy"]) == pytest.approx((1 / 3, 1.0))
    assert third["changed"] == pytest.approx(1 / 3)
    assert (third["taken"], third["weight"], third["taken_classes"]) == (2, 1.5, [1, 1])
    assert third["taken_accuracy"] == pytest.approx(1 / 1.5)  # c is wrong and counts a half
    assert sum(third["confidence"]) == 3 and sum(third["taken_confidence"]) == 2
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (document["given_classes"], document["truth_classes"]) == ([2, 1], [2, 1])
    assert len(document["records"]) == 4


def test_without_truth_nothing_is_claimed(tmp_path: Path) -> None:
    found = history()
    fill(found)
    found.write(tmp_path)
    assert found.to_dict()["truth_classes"] is None
    assert all(s["accuracy"] is s["taken_accuracy"] is None for s in found.summaries())
    assert {(r["truth"], r["correct"]) for r in rows_of(tmp_path)} == {("", "")}


def test_no_label_counts_nowhere(tmp_path: Path) -> None:
    found = history([0, 1, 0])
    summary = found.record(0, 0, [-1, -1, 0], [0, 0, 0.9], [0, 0, 1])
    found.write(tmp_path)
    assert (summary["accuracy"], summary["taken_classes"]) == (1.0, [1, 0])
    assert [(r["label"], r["correct"]) for r in rows_of(tmp_path)] == [
        ("", ""), ("", ""), ("nod", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize("done", [0, 1, 2, 3, 4])
def test_goes_on_after_a_kill_to_the_same_file(done: int, tmp_path: Path) -> None:
    whole, part, other = (history([0, 1, -1]) for _ in range(3))
    fill(whole)
    fill(part, 0, done)
    torch.save(part.state_dict(), tmp_path / "state.pt")
    fill(other)  # what was recorded after the checkpoint is forgotten
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    fill(other, done)
    for name, item in (("whole", whole), ("other", other)):
        (tmp_path / name).mkdir()
        item.write(tmp_path / name)
    assert (tmp_path / "whole" / PSEUDO_LABELS).read_bytes() == (
        tmp_path / "other" / PSEUDO_LABELS
    ).read_bytes()
    assert whole.to_dict() == other.to_dict()


def test_tensors_are_taken_and_input_is_left_unchanged() -> None:
    found = history()
    labels, sure = torch.tensor([0, 1, 1]), torch.tensor([0.5, 0.5, 0.7])
    weights = torch.tensor([1.0, 1.0, 0.0])
    found.record(0, 0, labels, sure, weights)
    labels[:] = 0  # a method may reuse its tensors
    assert found.record(0, 1, labels, sure, weights)["changed"] == pytest.approx(2 / 3)


def test_only_what_changed_is_kept() -> None:
    size, epochs = 20_000, 30
    draw = np.random.default_rng(0)
    found = LabelHistory([f"clip{i}" for i in range(size)], CLASSES)
    labels, weights = draw.integers(0, 2, size), np.zeros(size)
    for epoch in range(epochs):
        labels[draw.integers(0, size, size // 100)] = 0
        found.record(0, epoch, labels, draw.random(size), weights)
    kept = sum(len(record["label"]) for record in found.state_dict()["records"])
    assert kept < 1.2 * size
