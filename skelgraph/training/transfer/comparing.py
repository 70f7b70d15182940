"""Whether a transfer helped: the same run from scratch beside it, class by class."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from skelgraph.errors import ConfigError
from skelgraph.evaluation.comparison import Comparison
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.devices import Devices, count_devices, processes_of
from skelgraph.training.progress import Reporter
from skelgraph.training.run import METRICS, read_config, write_json
from skelgraph.training.run_changes import compare_runs
from skelgraph.training.supervised import train
from skelgraph.training.transfer.configuring import FINETUNE_LR

SCRATCH = "scratch"
KEY = "against_scratch"


def train_both(
    config: RunConfig,
    output: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> tuple[dict[str, Any], Comparison]:
    """Train a run that starts from weights, then the same from scratch, and compare them.

    Both learn from the same clips with the same options, but for `without_start`. The one from
    scratch lies in the folder `scratch` of the other.

    Args:
        config: With a start. With `resume` the configuration in the folder counts instead.
        output: The run's folder.
        resume: Keep what is finished and go on with what was stopped.
        force: Replace a run that is there.
        devices: Where to train; one process.
        report: Hears how it goes.

    Returns:
        What `metrics.json` holds, the comparison under `against_scratch`; and the comparison.

    Raises:
        SkelgraphError: As `train` does; ConfigError for several processes, which would start
            anew for the second run.
    """
    report = report or Reporter()
    devices = _alone(devices or Devices())
    folder = Path(output)
    metrics = _finished(folder) if resume else None
    if metrics is None:
        given: dict[str, Any] = {"devices": devices, "report": report}
        metrics = train(config, folder, resume=resume, force=force, **given)
    scratch = folder / SCRATCH
    if _finished(scratch) is None:
        report.message("from scratch, to compare with:")
        begun = scratch.exists()
        plain = without_start(read_config(folder))
        train(plain, scratch, resume=begun, devices=devices, report=report)
    comparison = compare_runs([scratch], [folder])
    metrics = {**metrics, KEY: comparison.to_dict()}
    write_json(folder / METRICS, metrics)
    return metrics, comparison


def without_start(config: RunConfig) -> RunConfig:
    """Configure the same run from scratch.

    A-links that are not carried over are trained first, and where the learning rate is the one
    for weights that were learned before, it is the one for fresh weights.
    """
    training, usual = config.training, TrainOptions()
    links = training.link_epochs or usual.link_epochs
    lr = usual.lr if training.lr == FINETUNE_LR else training.lr
    return replace(config, start=None, training=replace(training, link_epochs=links, lr=lr))


def _alone(devices: Devices) -> Devices:
    """Take one process: several would start anew for the second run."""
    if devices.count == "auto":
        devices = replace(devices, count=1)
    devices = count_devices(devices)
    if processes_of(devices) > 1:
        raise ConfigError(
            f"devices: expected one to compare with a run from scratch, got {devices.count} on "
            f"{devices.nodes} node(s). Train on one, or without --compare-scratch."
        )
    return devices


def _finished(run: Path) -> dict[str, Any] | None:
    path = run / METRICS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
