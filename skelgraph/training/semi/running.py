"""A run with few labels, from its configuration to its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skelgraph.errors import ConfigError
from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices
from skelgraph.training.memory import prepare_memory
from skelgraph.training.progress import Reporter
from skelgraph.training.run import claimed, write_config
from skelgraph.training.same_store import check_same_store, note_store
from skelgraph.training.semi.checking import check_few
from skelgraph.training.semi.ending import write_end
from skelgraph.training.semi.job import FewJob
from skelgraph.training.starting import (
    asked_config,
    check_sources_stay,
    resolve_layout,
    start_devices,
)
from skelgraph.training.transfer.beginning import resolve_start


def train_few(
    config: RunConfig,
    output: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> dict[str, Any]:
    """Train with few labels and write the run's folder.

    Args:
        config: What to train; its `few` and `store` are set. With `resume` the configuration in
            the folder counts instead.
        output: The run's folder.
        resume: Go on with a run that was stopped; it ends with the weights that it would have
            had.
        force: Replace a run that is there.
        devices: Where to train; one process.
        report: Hears how it goes.

    Returns:
        What `metrics.json` holds.

    Raises:
        SkelgraphError: If an option, the store or the folder does not fit.
    """
    report = report or Reporter()
    prepare_memory()
    folder = Path(output)
    config = asked_config(config, folder, resume=resume, made_by=("pseudo-label",))
    check_few(config)
    if force and not resume:
        check_sources_stay(config, folder)
    config, fabric = start_devices(config, devices or Devices(count=1), all_learn=True)
    if fabric.world_size > 1:
        raise ConfigError(
            f"devices: expected one for training with few labels, got {fabric.world_size}. Give "
            "--devices 1."
        )
    layout = resolve_layout(config)
    config = resolve_start(config, layout)
    # Before anything is removed or written: what does not fit changes nothing.
    job = FewJob(config, layout, folder, fabric, report)
    if resume:
        job.check_split()  # labels that are not given may change
        check_same_store(folder, job.store, parts=("coordinates", "confidence", "clips"))
    with claimed(folder, force=force, resume=resume):
        if not resume:
            note_store(folder, job.store)
        write_config(folder, config)
        job.write_split()
    return write_end(job, job.run())
