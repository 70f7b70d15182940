"""The rows of `table.py` as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence

from class_stages import ALL, BASE, STAGES
from rows import Row
from tables import mean_interval


def tables(rows: Sequence[Row]) -> str:
    """Lay out test accuracy a split and F1 a novel class, as Markdown.

    Means with half their 95 % interval over seeds.
    """
    novel = [row for row in rows if row["stage"] != BASE]
    if not novel:
        return ""
    parts = (_accuracies(novel), _f1(novel), _agreement(novel))
    return "\n\n".join(parts)


def _accuracies(rows: Sequence[Row]) -> str:
    lines = [
        f"| split | novel classes | test clips | seeds | {' | '.join(STAGES)} |",
        "| --- " * (4 + len(STAGES)) + "|",
    ]
    for split in _splits(rows):
        mine = [row for row in rows if row["split"] == split]
        cells = [split, ", ".join(json.loads(mine[0]["novel"])), mine[0]["test_clips"]]
        cells.append(str(len({row["seed"] for row in mine})))
        for stage in STAGES:
            cells.append(_interval([float(r["test_top1"]) for r in mine if r["stage"] == stage]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(["Test accuracy, %:", "", *lines])


def _f1(rows: Sequence[Row]) -> str:
    lines = [
        f"| split | novel class | {' | '.join(STAGES)} |",
        "| --- " * (2 + len(STAGES)) + "|",
    ]
    for split in _splits(rows):
        mine = [row for row in rows if row["split"] == split]
        for name in json.loads(mine[0]["novel"]):
            cells = [split, name]
            for stage in STAGES:
                values = [json.loads(row["f1"])[name] for row in mine if row["stage"] == stage]
                cells.append(_interval(values))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(["F1, %:", "", *lines])


def _agreement(rows: Sequence[Row]) -> str:
    """Word what each stage reaches of the accuracy with all labels, split and seed alike."""
    reference = {(r["split"], r["seed"]): float(r["test_top1"]) for r in rows if r["stage"] == ALL}
    lines = []
    for stage in STAGES[:-1]:
        shares = [
            float(row["test_top1"]) / whole
            for row in rows
            if row["stage"] == stage and (whole := reference.get((row["split"], row["seed"])))
        ]
        if shares:
            told = mean_interval(shares)
            lines.append(f"- {stage}: {told} % of the accuracy with all labels, {_runs(shares)}")
    return "\n".join(lines)


def _runs(values: Sequence[float]) -> str:
    return f"{len(values)} run{'s' if len(values) > 1 else ''}"


def _splits(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["split"] for row in rows))


def _interval(values: Sequence[float]) -> str:
    return mean_interval(values) if values else ""
