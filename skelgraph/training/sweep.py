"""A sweep over window lengths and overlaps: one run each, and a table to choose from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError, list_faults
from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices, count_devices, processes_of
from skelgraph.training.progress import Reporter
from skelgraph.training.run import METRICS, write_rows
from skelgraph.training.same_store import check_same_store
from skelgraph.training.supervised import train

SWEEP = "sweep.csv"
COLUMNS = ("run", "window", "overlap", "val_top1", "val_macro_f1", "test_top1", "test_macro_f1")


def sweep_windows(
    config: RunConfig,
    output: str | Path,
    *,
    windows: Sequence[str],
    overlaps: Sequence[float],
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> list[dict[str, Any]]:
    """Train a run for each window length and overlap, all else equal.

    Args:
        config: What the runs share; its test windows, where given, stay the same for all.
        output: Folder that gets a run folder each, and sweep.csv with a row each.
        windows: Lengths in frames (`90`) or seconds (`3s`).
        overlaps: Shares by which windows overlap.
        resume: Keep runs that are finished, go on with the one that was stopped.
        force: Replace runs that are there.
        devices: Where to train.
        report: Hears how it goes.

    Returns:
        Rows of sweep.csv, best validation first. Choose by validation; test is for the report.

    Raises:
        SkelgraphError: As `train` does; RunError if a run of the sweep is there already,
            or, with `resume`, if it was trained on other recordings; ConfigError for several
            processes, which would start anew for every run.
    """
    report = report or Reporter()
    devices = _alone(devices or Devices())
    folder = Path(output)
    settings = [
        (window, overlap, folder / run_name(window, overlap))
        for window, overlap in product(windows, overlaps)
    ]
    if not (resume or force):
        _check_free([run for *_, run in settings])
    rows: list[dict[str, Any]] = []
    for number, (window, overlap, run) in enumerate(settings, start=1):
        report.message(f"sweep {number}/{len(settings)}: window {window}, overlap {overlap:g}")
        metrics = _finished(run, config.store) if resume else None
        if metrics is None:
            data = replace(config.data, window=window, overlap=overlap)
            metrics = train(
                replace(config, data=data),
                run,
                resume=resume and run.exists(),
                force=force,
                devices=devices,
                report=report,
            )
        rows.append({"run": run.name, "window": window, "overlap": overlap, **_scores(metrics)})
        _write(folder, rows)
    return sorted(rows, key=lambda row: row["val_top1"], reverse=True)


def _alone(devices: Devices) -> Devices:
    """Take one process: several would start anew for every run."""
    if devices.count == "auto":
        devices = replace(devices, count=1)
    devices = count_devices(devices)
    if processes_of(devices) > 1:
        raise ConfigError(
            f"devices: expected one for a sweep, got {devices.count} on {devices.nodes} node(s). "
            "Train the runs one by one on these, or sweep on one."
        )
    return devices


def run_name(window: str, overlap: float) -> str:
    """Name the folder of one run of a sweep.

    Example:
        >>> run_name("3s", 0.5)
        'window3s_overlap0.5'
    """
    return f"window{window}_overlap{overlap:g}"


def _check_free(runs: Sequence[Path]) -> None:
    faults = [
        f"{run}: expected a path that is free, got one that exists. "
        "Give another --output, --resume to go on, or --force to replace it."
        for run in runs
        if run.exists()
    ]
    if faults:
        raise RunError(list_faults(faults))


def _finished(run: Path, store: str | None) -> dict[str, Any] | None:
    """Scores of a run that is finished; those of other recordings do not go into one table."""
    path = run / METRICS
    if not path.is_file():
        return None
    if store is not None:
        check_same_store(run, Store.open(store))
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _scores(metrics: dict[str, Any]) -> dict[str, float]:
    return {
        f"{part}_{name}": metrics[part][name]
        for part in ("val", "test")
        for name in ("top1", "macro_f1")
    }


def _write(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    write_rows(folder / SWEEP, COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
