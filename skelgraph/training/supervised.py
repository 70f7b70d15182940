"""Supervised training of one run, from its configuration to its folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from skelgraph import __version__
from skelgraph.data.clip import num_spatial
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError, StoreError
from skelgraph.evaluation.metrics import fit_temperature
from skelgraph.graphs import Layout, load_layout, map_joints
from skelgraph.models import build_model, resolve_config
from skelgraph.nn.recompute import set_recompute
from skelgraph.training.clips import (
    PARTS,
    Parts,
    cut_parts,
    open_source,
    split_store,
)
from skelgraph.training.config import ModelOptions, RunConfig, check
from skelgraph.training.devices import Devices, choose_precision, make_fabric, processes_ended
from skelgraph.training.forecast_scores import score_forecasts
from skelgraph.training.forecasting import forecast_clips
from skelgraph.training.inference import predict_logits
from skelgraph.training.link_gap import argmax_links_scores
from skelgraph.training.loop import Loop, Progress, has_links
from skelgraph.training.memory import keep_freed_memory
from skelgraph.training.progress import Reporter
from skelgraph.training.results import clip_names, prediction_rows, score_part
from skelgraph.training.run import (
    CHECKPOINTS,
    METRICS,
    PREDICTIONS,
    SPLIT,
    WEIGHTS,
    check_resumable,
    claimed,
    read_config,
    write_config,
    write_history,
    write_json,
    write_rows,
)
from skelgraph.training.transfer.beginning import Beginning, begin, resolve_start
from skelgraph.training.weights import Recogniser, save_recogniser

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
    keep_freed_memory()
    folder = Path(output)
    if resume:
        check_resumable(folder)
        config = read_config(folder)
    check(config)
    if force and not resume:
        _check_data_stays(config, folder)
        _check_start_stays(config, folder)
    layout = resolve_layout(config)
    config = resolve_start(_resolve_precision(config, devices), layout)
    fabric = make_fabric(devices, config.training.precision, all_learn=True)
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
    _check_batches(config, fabric)
    report = report if fabric.is_global_zero else Reporter()
    if config.store is not None:
        _describe(Store.open(config.store), layout, config, report)
    config = _resolve_preset(config, fabric)
    job = _Job(config, layout, folder, fabric, report)
    if config.store is not None:
        # Before anything is removed or written: a store that does not fit changes nothing.
        job.prepare()
    _alone_first(fabric, lambda: job.claim(force=force, resume=resume))
    if config.store is None and not fabric.is_global_zero:
        job.prepare()
    return job.run(resume=resume)


def _alone_first(fabric: Fabric, work: Callable[[], None]) -> None:
    """Let the first process do some work while the others wait; its failure ends them all.

    Raises:
        Exception: What the work raised, in the first process.
        SystemExit: In the others, without a word.
    """
    failure: Exception | None = None
    if fabric.is_global_zero:
        try:
            work()
        except Exception as error:  # a full disk as well: the others must not wait for ever
            failure = error
    failed = fabric.broadcast(failure is not None)
    if failure is not None:
        raise failure
    if failed:
        raise SystemExit(1)


def _check_data_stays(config: RunConfig, folder: Path) -> None:
    """Refuse to replace a run that holds the data to train on."""
    if config.store is not None and Path(config.store).resolve().is_relative_to(folder.resolve()):
        raise RunError(
            f"{folder}: expected a run to replace that does not hold the data, got the data at "
            f"{config.store}. Give another --output, or move the data out of it."
        )


def _check_start_stays(config: RunConfig, folder: Path) -> None:
    """Refuse to replace a run that holds the weights to start from."""
    start = None if config.start is None else Path(config.start.source)
    if start is not None and start.resolve().is_relative_to(folder.resolve()):
        raise RunError(
            f"{folder}: expected a run to replace that does not hold the weights to start from, "
            f"got those at {start}. Give another --output."
        )


class _Job:
    """One training run after its options are known to fit."""

    def __init__(
        self, config: RunConfig, layout: Layout, folder: Path, fabric: Fabric, report: Reporter
    ) -> None:
        self.config, self.layout, self.folder = config, layout, folder
        self.fabric, self.report = fabric, report
        self.precision = choose_precision(config.training.precision, fabric.device.type)
        self.started = time.perf_counter()
        self.beginning: Beginning | None = None

    def claim(self, *, force: bool, resume: bool) -> None:
        """Make the folder; of simulated clips it is known only then whether the options fit."""
        with claimed(self.folder, force=force, resume=resume):
            write_config(self.folder, self.config)
            if self.config.store is None:
                self.report.message(
                    "no --data given: training on SIMULATED clips of layout "
                    f"'{self.layout.name}'; the scores say nothing about recordings of people"
                )
                self.prepare()

    def prepare(self) -> None:
        """Read and split the clips and make the model, which shows whether they fit."""
        torch.manual_seed(self.config.training.seed)
        self.store, self.parts = self._data()
        self.recogniser = self._recogniser(self.store)

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
        return self._write_end(self.recogniser, self.parts, progress, logits)

    def _data(self) -> tuple[Store, Parts]:
        store = open_source(self.config, self.layout, self.folder)
        split = split_store(store, self.config.protocol)
        parts = cut_parts(store, split, layout=self.layout, data=self.config.data)
        for line in describe_split(store, split, parts):
            self.report.message(line)
        return store, parts

    def _write_split(self, store: Store, parts: Parts) -> None:
        names = store.clips.name
        rows = [(names[row], part) for part in PARTS for row in sorted(getattr(parts.split, part))]
        write_rows(self.folder / SPLIT, ("clip", "split"), rows)

    def _recogniser(self, store: Store) -> Recogniser:
        coords = int(store.keypoints.shape[-1])
        options = self.config.model
        if options.overrides.get("forecast") and num_spatial(store.axes) < coords:
            raise ConfigError(
                f"{store.path}: expected places alone as coordinates for a prediction head, got a "
                "confidence as the third. Convert without it, or train without --forecast."
            )
        model, resolved = self._build(num_classes=len(store.class_names), num_coords=coords)
        origin = self._begin(model, store)
        self.report.message(
            f"model {options.name}, preset {options.preset}: "
            f"{sum(p.numel() for p in model.parameters()):,} parameters, "
            f"{self.fabric.device}, {self.precision}, {self.fabric.world_size} process(es)"
        )
        return Recogniser(
            model=model,
            layout=self.layout,
            class_names=tuple(store.class_names),
            data=self.config.data,
            num_coords=coords,
            temperature=1.0,
            model_config={"name": options.name, "config": resolved},
            provenance={
                "skelgraph": __version__,
                "torch": torch.__version__,
                "seed": self.config.training.seed,
                "data": "simulated" if self.config.store is None else Path(store.path).name,
                "protocol": self.config.protocol.protocol,
                **origin,
            },
            num_spatial=num_spatial(store.axes),
        )

    def _begin(self, model: nn.Module, store: Store) -> dict[str, Any]:
        """Put in the weights to start from; what provenance says of them."""
        if self.config.start is None:
            return {}
        self.beginning = begin(
            model,
            self.layout,
            self.config.start,
            class_names=store.class_names,
            num_spatial=num_spatial(store.axes),
            training=self.config.training,
        )
        self.report.message(self.beginning.describe())
        return {"start": self.beginning.origin()}

    def _build(self, *, num_classes: int, num_coords: int) -> tuple[nn.Module, dict[str, Any]]:
        """Make the model, and resolve its configuration."""
        options = self.config.model
        wanted = options.overrides.get("num_coords", num_coords)
        if wanted != num_coords:
            raise ConfigError(
                f"num_coords: expected {num_coords}, as many as the store has, got {wanted}. Leave "
                "it out."
            )
        resolved = resolve_config(
            options.name, options.preset, overrides={**options.overrides, "num_coords": num_coords}
        )
        model = build_model(options.name, self.layout, num_classes=num_classes, config=resolved)
        training = self.config.training
        if training.recompute and not set_recompute(model):
            raise ConfigError(
                f"recompute: expected a model that can, got '{options.name}'. Leave --recompute "
                "out."
            )
        if training.freeze_links and not has_links(model):
            raise ConfigError(
                f"freeze_links: expected a model with A-links, got '{options.name}' without. Leave "
                "--freeze-links out."
            )
        return model, resolved

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

    def _write_end(
        self, recogniser: Recogniser, parts: Parts, progress: Progress, logits: dict[str, Tensor]
    ) -> dict[str, Any]:
        recogniser.temperature = fit_temperature(logits["val"], torch.as_tensor(parts.val.labels))
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
        rows = []
        for part in PARTS:
            clips = getattr(parts, part)
            metrics[part] = score_part(probabilities[part], clips)
            if part != "train":
                metrics[part] |= self._forecast_scores(recogniser, getattr(parts.split, part))
            names = clip_names(self.store, clips)
            rows += prediction_rows(
                probabilities[part], names, recogniser.class_names, labels=clips.labels, part=part
            )
        metrics["val"] |= argmax_links_scores(recogniser.model, parts.val, self.config.data)
        header = ("clip", "split", "label", "predicted", *recogniser.class_names)
        write_history(self.folder, progress.history)
        write_rows(self.folder / PREDICTIONS, header, rows)
        save_recogniser(self.folder / WEIGHTS, recogniser)
        write_json(self.folder / METRICS, metrics)
        return metrics

    def _forecast_scores(self, recogniser: Recogniser, rows: np.ndarray) -> dict[str, Any]:
        """Errors of the prediction head under their key; nothing for a model without one."""
        if not getattr(recogniser.model.config, "forecast", 0):
            return {}
        try:
            forecasts = forecast_clips(recogniser, self.store, rows, hide=True)
        except StoreError as error:
            self.report.message(f"forecast not scored: {error}")
            return {}
        return {"forecast": score_forecasts(forecasts)}


def resolve_layout(config: RunConfig) -> Layout:
    """Load the layout by name or file; one that only the store knows comes from there."""
    if config.store is not None:
        own = Store.open(config.store).layout
        if config.layout in ("", own.name):
            return own
    return load_layout(config.layout)


def describe_split(store: Store, split: Any, parts: Parts) -> list[str]:
    """Say how many clips and subjects each part has."""
    subjects = store.clips.subject
    lines = []
    for part in PARTS:
        rows = getattr(split, part)
        people = sorted({int(value) for value in subjects[rows]})
        known = [str(person) for person in people if person >= 0]
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        windows = len(getattr(parts, part))
        extra = f" in {windows} windows" if windows != len(rows) else ""
        who = f"{len(known)} subject(s): {shown}" if known else "subjects unknown"
        lines.append(f"{part}: {len(rows)} clips{extra}, {who}")
    for what, why in (("unlabelled", "no label"), ("left_out", "in no part of the split")):
        count = split.details.get(what, 0)
        if count:
            lines.append(f"left out: {count} clips, {why}")
    return lines


def _describe(store: Store, layout: Layout, config: RunConfig, report: Reporter) -> None:
    text = map_joints(store.layout, layout, slot=config.data.slot).describe()
    if text:
        report.message(text)


def _check_batches(config: RunConfig, fabric: Fabric) -> None:
    """Refuse batches that leave a process without clips."""
    least = fabric.world_size
    if config.training.batch_size < least:
        raise ConfigError(
            f"batch_size: expected at least {least}, one a process, got "
            f"{config.training.batch_size}. Give a larger one, or fewer --devices."
        )


def _resolve_precision(config: RunConfig, devices: Devices) -> RunConfig:
    """Settle what `auto` means here, so that a run resumed elsewhere goes on in it."""
    precision = choose_precision(config.training.precision, devices.accelerator)
    return replace(config, training=replace(config.training, precision=precision))


def _resolve_preset(config: RunConfig, fabric: Fabric) -> RunConfig:
    """Settle what `auto` means on this device, so that config.yaml says it."""
    if config.model.preset not in ("auto", None):
        return config
    preset = "small" if fabric.device.type == "cpu" else "paper"
    model: ModelOptions = replace(config.model, preset=preset)
    return replace(config, model=model)
