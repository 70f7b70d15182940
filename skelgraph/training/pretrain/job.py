"""A run of training without labels, from its configuration to its folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from skelgraph import __version__
from skelgraph.data.clip import num_spatial
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, list_faults, unknown_name
from skelgraph.graphs import Layout, map_joints
from skelgraph.models import build_model
from skelgraph.nn.recompute import set_recompute
from skelgraph.training.clips import clip_set
from skelgraph.training.config import RunConfig
from skelgraph.training.config_checks import check
from skelgraph.training.devices import Devices, count_devices, processes_of
from skelgraph.training.memory import prepare_memory
from skelgraph.training.pretrain.clips import split_seen
from skelgraph.training.pretrain.loop import PretrainLoop
from skelgraph.training.pretrain.methods import METHODS, make_objective
from skelgraph.training.pretrain.objective import Objective
from skelgraph.training.progress import Reporter
from skelgraph.training.resolving import resolve_model
from skelgraph.training.run import (
    CHECKPOINTS,
    METRICS,
    SPLIT,
    WEIGHTS,
    claimed,
    write_config,
    write_history,
    write_json,
    write_rows,
)
from skelgraph.training.same_store import check_same_store, note_store
from skelgraph.training.starting import (
    asked_config,
    check_sources_stay,
    resolve_layout,
    start_devices,
)
from skelgraph.training.weights import PRETRAINED, Recogniser, save_recogniser

if TYPE_CHECKING:
    from lightning_fabric import Fabric

NO_CLASSES = 1  # a head is made and taken off again


def pretrain(
    config: RunConfig,
    output: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    devices: Devices | None = None,
    report: Reporter | None = None,
) -> dict[str, Any]:
    """Train without labels and write the run's folder.

    Args:
        config: What to train; its `pretrain` and `store` are set. With `resume` the
            configuration in the folder counts instead.
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
    config = asked_config(config, folder, resume=resume, made_by=("pretrain",))
    _check(config)
    if force and not resume:
        check_sources_stay(config, folder)
    devices = count_devices(devices or Devices(count=1))
    if processes_of(devices) > 1:
        raise ConfigError(
            f"devices: expected one for training without labels, got {processes_of(devices)}. "
            "Give one."
        )
    config, fabric = start_devices(config, devices)
    # Before anything is removed or written: what does not fit changes nothing.
    job = _Job(config, resolve_layout(config), folder=folder, fabric=fabric, report=report)
    with claimed(folder, force=force, resume=resume):
        (check_same_store if resume else note_store)(folder, job.store)
        write_config(folder, config)
        job.write_split()
    return job.run(resume=resume)


class _Job:
    """One run after its options are known to fit."""

    def __init__(
        self,
        config: RunConfig,
        layout: Layout,
        *,
        folder: Path,
        fabric: Fabric,
        report: Reporter,
    ) -> None:
        assert config.pretrain is not None
        self.config, self.options, self.layout = config, config.pretrain, layout
        self.folder, self.fabric, self.report = folder, fabric, report
        self.started = time.perf_counter()
        self.store = Store.open(str(config.store))
        self.split = split_seen(self.store, config.protocol, all_clips=self.options.all_clips)
        self._describe()
        parts = (("train", self.split.train), ("val", self.split.val))
        self.clips = {
            name: clip_set(
                self.store, rows, layout=layout, data=config.data, testing=name != "train"
            )
            for name, rows in parts
            if len(rows)
        }
        torch.manual_seed(config.training.seed)
        self.objective, self.model_config = self._objective()

    def write_split(self) -> None:
        """Write which clips are seen; the others are not named."""
        names = self.store.clips.name
        parts = (("train", self.split.train), ("val", self.split.val))
        rows = [(names[row], part) for part, chosen in parts for row in chosen]
        write_rows(self.folder / SPLIT, ("clip", "split"), rows)

    def run(self, *, resume: bool) -> dict[str, Any]:
        """Train, measure, and write what is left to write."""
        loop = PretrainLoop(
            self.objective,
            self.clips["train"],
            self.clips.get("val"),
            config=self.config,
            layout=self.layout,
            fabric=self.fabric,
            folder=self.folder / CHECKPOINTS,
            report=self.report,
        )
        progress = loop.run(resume=resume)
        metrics: dict[str, Any] = {
            "method": self.options.method,
            "epochs": progress.epoch,
            "seconds": round(time.perf_counter() - self.started, 1),
        }
        for part, clips in self.clips.items():
            metrics[part] = {"num_clips": len(clips), **loop.measure(clips)}
        write_history(self.folder, progress.history)
        save_recogniser(self.folder / WEIGHTS, self._weights())
        write_json(self.folder / METRICS, metrics)
        return metrics

    def _objective(self) -> tuple[Objective, dict[str, Any]]:
        options = self.config.model
        resolved = resolve_model(options, num_coords=int(self.store.keypoints.shape[-1]))
        if resolved.get("forecast"):
            raise ConfigError(
                "forecast: expected no prediction head in training without labels, got one. Leave "
                "it out here; it is made when the weights are trained on."
            )
        model = build_model(options.name, self.layout, num_classes=NO_CLASSES, config=resolved)
        if self.config.training.recompute and not set_recompute(model):
            raise ConfigError(
                f"recompute: expected a model that can, got '{options.name}'. Leave --recompute "
                "out."
            )
        objective = make_objective(
            model, self.config, layout=self.layout, num_spatial=num_spatial(self.store.axes)
        )
        self.report.message(
            f"model {options.name}, preset {options.preset}, without its head: "
            f"{sum(p.numel() for p in model.parameters()):,} parameters, {self.fabric.device}, "
            f"{self.config.training.precision}"
        )
        return objective, {"name": options.name, "config": resolved}

    def _weights(self) -> Recogniser:
        places = num_spatial(self.store.axes)
        return Recogniser(
            model=self.objective.model.float().eval(),
            layout=self.layout,
            class_names=(),
            data=self.config.data,
            num_coords=int(self.store.keypoints.shape[-1]),
            temperature=1.0,
            model_config=self.model_config,
            provenance={
                "kind": PRETRAINED,
                "method": self.options.method,
                "skelgraph": __version__,
                "torch": torch.__version__,
                "seed": self.config.training.seed,
                "data": Path(self.store.path).name,
                "protocol": "all" if self.options.all_clips else self.config.protocol.protocol,
            },
            num_spatial=places,
        )

    def _describe(self) -> None:
        text = map_joints(self.store.layout, self.layout, slot=self.config.data.slot).describe()
        lines = [text] if text else []
        subject = self.store.clips.subject
        for name, rows in (
            ("learns from", self.split.train),
            ("measured on", self.split.val),
            ("kept out", self.split.kept_out),
        ):
            people = len({int(value) for value in subject[rows]} - {-1})
            who = f"{people} subject(s)" if people else "subjects unknown"
            lines.append(f"{name}: {len(rows)} clips, {who}" if len(rows) else f"{name}: no clips")
        for line in lines:
            self.report.message(line)


def _check(config: RunConfig) -> None:
    """Reject values that no run can have.

    Raises:
        ConfigError: With all faults, one a line.
    """
    options = config.pretrain
    if options is None or config.store is None:
        raise ConfigError(
            "pretrain: expected its options and a store, got a configuration of another kind. "
            "Give the --output of `skelgraph pretrain`, and --data."
        )
    check(config)
    faults = []
    if options.method not in METHODS:
        faults.append(unknown_name("method", options.method, METHODS))
    faults += [
        f"{name}: expected {rule}, got {value}. Give another value."
        for name, value, rule, fits in (
            (
                "mask_share",
                options.mask_share,
                "a share between 0 and 1",
                0 < options.mask_share < 1,
            ),
            ("mask_span", options.mask_span, "1 frame or more", options.mask_span >= 1),
            ("motion_stride", options.motion_stride, "1 or more", options.motion_stride >= 1),
            ("view_crop", options.view_crop, "a share in (0, 1]", 0 < options.view_crop <= 1),
            ("temperature", options.temperature, "more than 0", options.temperature > 0),
            (
                "divergence_weight",
                options.divergence_weight,
                "0 or more",
                options.divergence_weight >= 0,
            ),
        )
        if not fits
    ]
    if faults:
        raise ConfigError(list_faults(faults))
