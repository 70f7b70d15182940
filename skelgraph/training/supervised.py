"""Supervised training of one run, from its configuration to its folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from skelgraph.data.store import Store
from skelgraph.evaluation.metrics import TEMPERATURE_PRIOR, fit_temperature
from skelgraph.graphs import Layout, map_joints
from skelgraph.training.clips import PARTS, Parts, cut_parts, open_source, split_store
from skelgraph.training.config import RunConfig
from skelgraph.training.config_checks import check
from skelgraph.training.devices import Devices, processes_ended
from skelgraph.training.forecast_lengths import teaching_clips
from skelgraph.training.inference import predict_logits
from skelgraph.training.loop import Loop, Progress
from skelgraph.training.memory import prepare_memory
from skelgraph.training.new_model import make_recogniser
from skelgraph.training.part_scores import score_parts, write_predictions
from skelgraph.training.processes import alone_first, check_batches
from skelgraph.training.progress import Reporter
from skelgraph.training.run import (
    CHECKPOINTS,
    METRICS,
    PREDICTIONS,
    SPLIT,
    WEIGHTS,
    claimed,
    write_config,
    write_history,
    write_json,
    write_rows,
)
from skelgraph.training.same_store import check_same_store, note_store
from skelgraph.training.split_words import describe_split
from skelgraph.training.starting import (
    asked_config,
    check_sources_stay,
    resolve_layout,
    start_devices,
)
from skelgraph.training.transfer.beginning import resolve_start
from skelgraph.training.weights import save_recogniser

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def train(
    config: RunConfig,
    output: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> dict[str, Any]:
    """Train a model and write its run folder.

    Args:
        config: What to train. With `resume` the configuration in the folder counts instead.
        output: The run's folder.
        resume: Go on with a run that was stopped; it ends with the weights that it would have
            had.
        force: Replace a run that is there.
        devices: Where to train.
        report: Hears how it goes.

    Returns:
        What `metrics.json` holds.

    Raises:
        SkelgraphError: If an option, the store or the folder does not fit.
    """
    report = report or Reporter()
    devices = devices or Devices()
    prepare_memory()
    folder = Path(output)
    config = asked_config(config, folder, resume=resume, made_by=("train", "transfer"))
    check(config)
    if force and not resume:
        check_sources_stay(config, folder)
    layout = resolve_layout(config)
    config, fabric = start_devices(resolve_start(config, layout), devices, all_learn=True)
    with processes_ended():
        return _train(config, layout, folder, fabric, report, resume=resume, force=force)


def _train(
    config: RunConfig,
    layout: Layout,
    folder: Path,
    fabric: Fabric,
    report: Reporter,
    *,
    resume: bool,
    force: bool,
) -> dict[str, Any]:
    """Train in each of the processes."""
    check_batches(config, fabric)
    report = report if fabric.is_global_zero else Reporter()
    if config.store is not None:
        _describe(Store.open(config.store), layout, config, report)
    job = _Job(config, layout, folder, fabric, report)
    if config.store is not None:
        # Before anything is removed or written: a store that does not fit changes nothing.
        job.prepare()
    alone_first(fabric, lambda: job.claim(force=force, resume=resume))
    if config.store is None and not fabric.is_global_zero:
        job.prepare()
    return job.run(resume=resume)


class _Job:
    """One training run after its options are known to fit."""

    def __init__(
        self, config: RunConfig, layout: Layout, folder: Path, fabric: Fabric, report: Reporter
    ) -> None:
        self.config, self.layout, self.folder = config, layout, folder
        self.fabric, self.report = fabric, report
        self.started = time.perf_counter()

    def claim(self, *, force: bool, resume: bool) -> None:
        """Make the folder; of simulated clips it is known only then whether the options fit."""
        with claimed(self.folder, force=force, resume=resume):
            if self.config.store is not None:
                (check_same_store if resume else note_store)(self.folder, self.store)
            write_config(self.folder, self.config)
            if self.config.store is None:
                self.report.message(
                    "no --data given: training on SIMULATED clips of layout "
                    f"'{self.layout.name}'; the scores say nothing about recordings of people"
                )
                self.prepare()

    def prepare(self) -> None:
        """Make the model, and read and split the clips, which shows whether they fit."""
        torch.manual_seed(self.config.training.seed)
        self.store = open_source(self.config, self.layout, self.folder)
        # Before the clips are read, which takes long: most options are wrong for any clips.
        self.recogniser, self.beginning = make_recogniser(
            self.config, self.store, layout=self.layout
        )
        self.parts = self._parts()
        self._describe_model()
        frames = getattr(getattr(self.recogniser.model, "config", None), "forecast", 0)
        if frames and (text := teaching_clips(self.parts.train, frames)):
            self.report.message(text)

    def run(self, *, resume: bool) -> dict[str, Any]:
        if self.fabric.is_global_zero:
            self._write_split(self.store, self.parts)
        progress = self._fit(self.recogniser.model, self.parts, resume=resume)
        model, data = self.recogniser.model.float().eval(), self.config.data
        logits = {
            part: predict_logits(model, getattr(self.parts, part), data, fabric=self.fabric)
            for part in PARTS
        }
        if not self.fabric.is_global_zero:
            return {}
        return self._write_end(progress, logits)

    def _parts(self) -> Parts:
        split = split_store(self.store, self.config.protocol)
        parts = cut_parts(self.store, split, layout=self.layout, data=self.config.data)
        for line in describe_split(self.store, split, parts):
            self.report.message(line)
        return parts

    def _write_split(self, store: Store, parts: Parts) -> None:
        names = store.clips.name
        rows = [(names[row], part) for part in PARTS for row in sorted(getattr(parts.split, part))]
        write_rows(self.folder / SPLIT, ("clip", "split"), rows)

    def _fit(self, model: nn.Module, parts: Parts, *, resume: bool) -> Progress:
        loop = Loop(
            model,
            parts.train,
            parts.val,
            config=self.config,
            layout=self.layout,
            fabric=self.fabric,
            folder=self.folder / CHECKPOINTS,
            report=self.report,
            tuning=None if self.beginning is None else self.beginning.tuning,
        )
        return loop.run(resume=resume)

    def _describe_model(self) -> None:
        if self.beginning is not None:
            self.report.message(self.beginning.describe())
        options, parameters = self.config.model, self.recogniser.model.parameters()
        self.report.message(
            f"model {options.name}, preset {options.preset}: "
            f"{sum(p.numel() for p in parameters):,} parameters, {self.fabric.device}, "
            f"{self.config.training.precision}, {self.fabric.world_size} process(es)"
        )

    def _write_end(self, progress: Progress, logits: dict[str, Tensor]) -> dict[str, Any]:
        recogniser, store, parts = self.recogniser, self.store, self.parts
        # Without a prior, validation that is all right would make every answer certain.
        recogniser.temperature = fit_temperature(
            logits["val"], torch.as_tensor(parts.val.labels), prior=TEMPERATURE_PRIOR
        )
        probabilities = {k: (v / recogniser.temperature).softmax(1) for k, v in logits.items()}
        metrics: dict[str, Any] = {
            "classes": list(recogniser.class_names),
            "simulated": self.config.store is None,
            "best_epoch": progress.best_epoch,
            "kept_epoch": progress.kept_epoch,
            "epochs": progress.epoch,
            "seconds": round(time.perf_counter() - self.started, 1),
            "temperature": recogniser.temperature,
        }
        if self.beginning is not None:
            metrics["start"] = self.beginning.to_dict()
        metrics |= score_parts(
            recogniser, probabilities, store=store, parts=parts, report=self.report
        )
        write_history(self.folder, progress.history)
        write_predictions(
            self.folder / PREDICTIONS,
            probabilities,
            class_names=recogniser.class_names,
            store=store,
            parts=parts,
        )
        save_recogniser(self.folder / WEIGHTS, recogniser)
        write_json(self.folder / METRICS, metrics)
        return metrics


def _describe(store: Store, layout: Layout, config: RunConfig, report: Reporter) -> None:
    text = map_joints(store.layout, layout, slot=config.data.slot).describe()
    if text:
        report.message(text)
