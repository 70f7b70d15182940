"""The same training with several draws of labels, and what it comes to on average."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from skelgraph.errors import ConfigError, RunError, list_faults
from skelgraph.evaluation.changes import Answers, compare_f1
from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices
from skelgraph.training.progress import Reporter
from skelgraph.training.run import CONFIG, METRICS, read_config, write_json, write_rows
from skelgraph.training.semi.budget import ALL, budget_file
from skelgraph.training.semi.ending import ANSWERS
from skelgraph.training.semi.running import train_few

DRAWS, SUMMARY = "draws.csv", "summary.json"
COLUMNS = (
    "draw",
    "method",
    "budget",
    "labels",
    "kept",
    "before_top1",
    "after_top1",
    "test_top1",
    "before_macro_f1",
    "after_macro_f1",
    "test_macro_f1",
)


def train_draws(
    config: RunConfig,
    output: str | Path,
    *,
    draws: int,
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> dict[str, Any]:
    """Train with several draws of the labels, the seed of training moving with the draw's.

    Args:
        config: What the runs share.
        output: Folder that gets a run folder each, draws.csv and summary.json.
        draws: How many.
        resume: Keep runs that are finished, go on with the one that was stopped. The
            configuration of the first run in the folder counts, if there is one.
        force: Replace runs that are there.
        devices: Where to train.
        report: Hears how it goes.

    Returns:
        `draws`, the rows of draws.csv; `top1`, mean and 95 % interval over draws (Student's t)
        of the test accuracy before, after and of the model kept; `changes` of each class.

    Raises:
        SkelgraphError: As `train_few` does.
    """
    report, folder = report or Reporter(), Path(output)
    if resume:
        config = _first_config(folder) or config
    assert config.few is not None
    budget = config.few.label_budget
    if budget == ALL or budget_file(budget) is not None:
        raise ConfigError(
            f"draws: expected a budget from which labels are drawn, got '{budget}'. Give one draw, "
            "or a share or a number a class."
        )
    runs = [
        (config.few.draw_seed + i, folder / f"draw{config.few.draw_seed + i}") for i in range(draws)
    ]
    if (folder / CONFIG).is_file():
        raise RunError(
            f"{folder}: expected a folder for several draws, got that of one run. Give another "
            "--output, or leave --draws out."
        )
    if not (resume or force):
        _check_free([run for _, run in runs])
    rows: list[dict[str, Any]] = []
    classes: list[str] = []
    for number, (seed, run) in enumerate(runs, start=1):
        report.message(f"draw {number}/{draws}")
        metrics = _finished(run) if resume else None
        if metrics is None:
            metrics = train_few(
                _drawn(config, seed),
                run,
                resume=resume and run.exists(),
                force=force,
                devices=devices,
                report=report,
            )
        classes = metrics["classes"]
        rows.append(_row(seed, metrics))
        write_rows(folder / DRAWS, COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    summary = {
        "classes": classes,
        "method": config.few.method,
        "draws": rows,
        "top1": {
            "before": mean_interval([row["before_top1"] for row in rows]),
            "after": mean_interval([row["after_top1"] for row in rows]),
            "kept": mean_interval([row["test_top1"] for row in rows]),
        },
        "changes": _changes([run for _, run in runs], classes),
    }
    write_json(folder / SUMMARY, summary)
    return summary


def mean_interval(values: Sequence[float]) -> list[float | None]:
    """Mean, lower and upper end of its 95 % interval by Student's t; None for one value.

    Example:
        >>> [round(v, 3) for v in mean_interval([0.5, 0.6, 0.7])]
        [0.6, 0.352, 0.848]
    """
    from scipy.stats import t

    mean = fmean(values)
    if len(values) < 2:
        return [mean, None, None]
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return [mean, mean - half, mean + half]


def _first_config(folder: Path) -> RunConfig | None:
    """The configuration of the run with the lowest number in a folder; None without any."""
    found = [path.parent for path in folder.glob(f"draw*/{CONFIG}")]
    numbers = [run for run in found if run.name.removeprefix("draw").lstrip("-").isdigit()]
    if not numbers:
        return None
    config = read_config(min(numbers, key=lambda run: int(run.name.removeprefix("draw"))))
    return config if config.few is not None else None


def _drawn(config: RunConfig, seed: int) -> RunConfig:
    """The configuration of a draw; what training leaves to chance moves with it."""
    assert config.few is not None
    moved = config.training.seed + seed - config.few.draw_seed
    return replace(
        config,
        few=replace(config.few, draw_seed=seed),
        training=replace(config.training, seed=moved),
    )


def _check_free(runs: Sequence[Path]) -> None:
    faults = [
        f"{run}: expected a path that is free, got one that exists. "
        "Give another --output, --resume to go on, or --force to replace it."
        for run in runs
        if run.exists()
    ]
    if faults:
        raise RunError(list_faults(faults))


def _finished(run: Path) -> dict[str, Any] | None:
    path = run / METRICS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _row(seed: int, metrics: dict[str, Any]) -> dict[str, Any]:
    scores = {
        f"{name}_{key}": part["test"][key]
        for name, part in (("before", metrics["before"]), ("after", metrics["after"]))
        for key in ("top1", "macro_f1")
    }
    return {
        "draw": seed,
        "method": metrics["method"],
        "budget": metrics["labels"]["label_budget"],
        "labels": sum(metrics["labels"]["labels_by_class"].values()),
        "kept": metrics["kept"],
        **scores,
        "test_top1": metrics["test"]["top1"],
        "test_macro_f1": metrics["test"]["macro_f1"],
    }


def _changes(runs: Sequence[Path], classes: Sequence[str]) -> dict[str, Any]:
    """Compare each class before and after, draw by draw; empty for supervised training."""
    pairs = [_read_answers(run) for run in runs if (run / ANSWERS).is_file()]
    if len(pairs) < len(runs):
        return {}
    return compare_f1([a for a, _ in pairs], [b for _, b in pairs], classes).to_dict()


def _read_answers(run: Path) -> tuple[Answers, Answers]:
    with (run / ANSWERS).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    label, group, before, after = (
        np.array([int(row[name]) for row in rows]) for name in ("label", "group", "before", "after")
    )
    return Answers(label, before, group), Answers(label, after, group)
