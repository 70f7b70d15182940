"""The training loop: epochs, validation, early stopping, and a checkpoint after each epoch.

All chance of an epoch comes from (seed, epoch), so that a run that was killed and resumed goes
through the same numbers as one that was not. Which clips make a batch and how they are augmented
is drawn for the whole batch, of which each process takes its share: both are the same with any
number of processes. Dropout and the noise of the A-links are drawn in each process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.data.batching import group_lengths
from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.errors import RunError
from skelgraph.evaluation.metrics import score
from skelgraph.nn.precision import full_precision
from skelgraph.nn.processes import mean_count, num_processes, sum_processes
from skelgraph.training.checkpoint import LAST, load_checkpoint, save_checkpoint
from skelgraph.training.config import RunConfig
from skelgraph.training.inference import predict_logits
from skelgraph.training.learner import Learner, Tuning
from skelgraph.training.schedule import lr_factor
from skelgraph.transforms.augment import augment

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from skelgraph.graphs import Layout
    from skelgraph.training.progress import Reporter


@dataclass
class Progress:
    """Where a run stands; all of it is in the checkpoint.

    Args:
        epoch: Epochs done, those of the A-links included.
        best: Validation of the best epoch: (top1, -cross-entropy), compared in this order.
        best_epoch: That epoch's number, from 1.
        kept_epoch: The epoch whose weights the run keeps, from 1.
        history: A row an epoch.
        weights: Those weights.
    """

    epoch: int = 0
    best: tuple[float, float] = (-1.0, float("-inf"))
    best_epoch: int = 0
    kept_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)

    def stale(self) -> int:
        """Count the epochs since the best one."""
        return self.epoch - self.best_epoch


class Loop:
    """Train one model on one set of clips.

    Args:
        model: Takes (positions, visible, frames) and returns an `Output`.
        train: Clips to learn from.
        val: Clips to choose the epoch by.
        config: Everything else.
        layout: Skeleton of the clips.
        fabric: Lightning's devices, precision and processes.
        folder: Where checkpoints go.
        report: Hears of every epoch.
        tuning: Which weights move, and how fast. None: all alike.
    """

    def __init__(
        self,
        model: nn.Module,
        train: ClipSet,
        val: ClipSet,
        *,
        config: RunConfig,
        layout: Layout,
        fabric: Fabric,
        folder: Path,
        report: Reporter,
        tuning: Tuning | None = None,
    ) -> None:
        self.config, self.layout, self.fabric = config, layout, fabric
        self.train, self.val, self.folder, self.report = train, val, folder, report
        options = config.training
        self.link_epochs = options.link_epochs if has_links(model) else 0
        self.freeze_links = options.freeze_links
        if self.freeze_links:
            # Before Lightning wraps the model, which else waits for gradients that never come.
            model.aim.requires_grad_(False)
        self.learner = Learner(model, options=options, fabric=fabric, tuning=tuning)
        self.model, self.bare = self.learner.model, self.learner.bare
        self.returns = ("losses",) if self._has_losses() else ()
        self.total_epochs = self.link_epochs + options.epochs
        self.steps = math.ceil(len(train) / options.batch_size)
        self.class_weights: Tensor | None = None
        if options.class_weights:
            weights = weigh_classes(train.labels, self.bare.num_classes)
            self.class_weights = weights.to(fabric.device)
        self.progress = Progress()

    def run(self, *, resume: bool) -> Progress:
        """Train to the end and leave the chosen weights in the model.

        Args:
            resume: Go on from the folder's last checkpoint; with none, from the start.
        """
        if resume and (self.folder / LAST).is_file():
            self._restore()
        self.report.start(self.total_epochs, self.steps, done=self.progress.epoch)
        try:
            while self.progress.epoch < self.total_epochs and not self._stopped_early():
                self._epoch()
        finally:  # a bar that was left would keep the terminal's cursor
            self.report.finish(self.progress)
        self.bare.load_state_dict(self.progress.weights)
        return self.progress

    def _has_losses(self) -> bool:
        """Whether the model has losses of its own that anything can be learned from."""
        if getattr(self.bare, "forecaster", None) is not None or self.freeze_links:
            return True
        return any(parameter.requires_grad for parameter in self.learner.links)

    def _stopped_early(self) -> bool:
        patience = self.config.training.patience
        in_main = self.progress.epoch > self.link_epochs
        return bool(patience) and in_main and self.progress.stale() >= patience

    def _epoch(self) -> None:
        epoch = self.progress.epoch
        seed = epoch_seed(self.config.training.seed, epoch)
        torch.manual_seed(seed + self.fabric.global_rank)
        generator = torch.Generator().manual_seed(seed)
        started = time.perf_counter()
        if epoch < self.link_epochs:
            row = {"stage": "links", **self._link_pass(epoch, generator)}
        else:
            row = {"stage": "main", **self._main_pass(epoch, generator), **self._validate()}
        self._demand_finite(epoch)
        row = {"epoch": epoch + 1, **row, "seconds": time.perf_counter() - started}
        self.progress.epoch += 1
        self.progress.history.append(row)
        if row["stage"] == "main":
            self._keep(row)
        self._save()
        self.report.epoch(row)

    def _demand_finite(self, epoch: int) -> None:
        """Stop a run that cannot recover; the weights are the same in every process."""
        if all(bool(parameter.isfinite().all()) for parameter in self.bare.parameters()):
            return
        raise RunError(
            f"training, epoch {epoch + 1}: expected finite weights, got some that are not. Train "
            "again with a lower --lr, or with --precision 32-true."
        )

    def _link_pass(self, epoch: int, generator: torch.Generator) -> dict[str, float]:
        losses = Losses()
        self.learner.set_lr(self.config.training.link_lr)
        for batch in self._batches(generator):
            # Past Lightning's wrapper, which would wait for gradients of the whole model.
            terms = self.bare.warm_up_losses(batch.positions, batch.visible, batch.frames)
            total = sum(terms.values())
            self.learner.step(total, alone=self.learner.links)
            losses.add({"train_loss": total, **terms}, mean_size(batch))
            self.report.step()
        return {**losses.mean(), "lr": self.config.training.link_lr}

    def _main_pass(self, epoch: int, generator: torch.Generator) -> dict[str, float]:
        losses, options = Losses(), self.config.training
        first, total = (epoch - self.link_epochs) * self.steps, options.epochs * self.steps
        if self.freeze_links and epoch == self.link_epochs:
            self.learner.average.restart(self.bare)
        losses_so_far = [row["val_nll"] for row in self.progress.history if "val_nll" in row]
        lr = 0.0
        for number, batch in enumerate(self._batches(generator)):
            step = first + number
            lr = options.lr * lr_factor(options, step, total, val_losses=losses_so_far)
            self.learner.set_lr(lr, share=step / total)
            size = mean_size(batch)
            terms = self._loss_terms(batch, size)
            self.learner.step(terms["train_loss"])
            self.learner.average.update(self.bare)
            losses.add(terms, size)
            self.report.step()
        return {**losses.mean(), "lr": lr}

    def _loss_terms(self, batch: Batch, size: Tensor) -> dict[str, Tensor]:
        """This process's parts of the losses; their mean over the processes is the batch's."""
        options, weights = self.config.training, self.class_weights
        output = self.model(batch.positions, batch.visible, batch.frames, returns=self.returns)
        classes = functional.cross_entropy(
            full_precision(output.logits),
            batch.label,
            weight=weights,
            label_smoothing=options.label_smoothing,
            reduction="sum",
        ) / (size if weights is None else mean_count(weights[batch.label].sum()))
        total = classes
        for name, term in output.losses.items():
            total = total + term * self.learner.auxiliary_weight(name)
        correct = (output.logits.argmax(1) == batch.label).sum() / size
        return {"train_loss": total, "train_ce": classes, "train_top1": correct, **output.losses}

    def _batches(self, generator: torch.Generator) -> Iterator[Batch]:
        """Yield this process's share of each training batch, augmented, on its device."""
        self._set_training()
        rank, world = self.fabric.global_rank, self.fabric.world_size
        for chosen in self._deal(generator):
            batch = self.train.batch(chosen, generator=generator, **self._sampling())
            batch = augment(
                batch,
                self.layout,
                options=self.config.augment,
                generator=generator,
                num_spatial=self.train.num_spatial,
                symmetry=self.train.symmetry,
            )
            if world > 1:
                batch = batch.select(torch.arange(rank, len(chosen), world))
            batch = batch.to(self.fabric.device)
            yield replace(batch, positions=batch.positions.to(self.learner.dtype))

    def _deal(self, generator: torch.Generator) -> Sequence[Tensor]:
        """Deal the clips into batches; where clips keep their lengths, of like lengths."""
        if self.config.data.num_frames == 0:
            return group_lengths(self.train.windows.length, self.steps, generator=generator)
        return torch.randperm(len(self.train), generator=generator).tensor_split(self.steps)

    def _set_training(self) -> None:
        """Put the model into training, but for A-links that are frozen in the main passes."""
        self.learner.set_training()
        if self.freeze_links:
            learns = self.progress.epoch < self.link_epochs
            self.bare.aim.train(learns).requires_grad_(learns)

    def _sampling(self) -> dict[str, Any]:
        data = self.config.data
        return {"num_frames": data.num_frames or None, "centre": data.centre, "crop": data.crop}

    def _validate(self) -> dict[str, float]:
        with self.learner.average.lent_to(self.bare):
            logits = predict_logits(self.model, self.val, self.config.data, fabric=self.fabric)
        labels = torch.as_tensor(self.val.labels)
        result = score(logits.softmax(1), labels)
        return {f"val_{name}": result[name] for name in ("nll", "top1", "macro_f1")}

    def _keep(self, row: Mapping[str, Any]) -> None:
        value = (row["val_top1"], -row["val_nll"])
        better = value > self.progress.best
        if better:
            self.progress.best, self.progress.best_epoch = value, self.progress.epoch
        if better or self.config.training.select == "last":
            self.progress.kept_epoch = self.progress.epoch
            shadow = self.learner.average.shadow
            self.progress.weights = {k: v.cpu().clone() for k, v in shadow.items()}

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            state = {"progress": vars(self.progress), **self.learner.state_dict()}
            save_checkpoint(self.folder, state)
        self.fabric.barrier()

    def _restore(self) -> None:
        state = load_checkpoint(self.folder)
        self.learner.load_state_dict(state)
        progress = state["progress"]
        progress["best"] = tuple(progress["best"])
        self.progress = Progress(**progress)


class Losses:
    """Mean of loss terms over clips, kept as tensors so that no step waits for a device."""

    def __init__(self) -> None:
        self.clips: Tensor | float = 0.0
        self.sums: dict[str, Tensor] = {}

    def add(self, terms: Mapping[str, Tensor], size: Tensor) -> None:
        """Add a batch.

        Args:
            terms: This process's parts, whose mean over the processes is the batch's.
            size: Clips a process, the same in each.
        """
        self.clips = self.clips + size
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(size)) + term.detach() * size

    def mean(self) -> dict[str, float]:
        """Return the mean of each term over the clips of all processes."""
        return {
            name: float(sum_processes(total / self.clips)) / num_processes()
            for name, total in self.sums.items()
        }


def mean_size(batch: Batch) -> Tensor:
    """Clips of the whole batch a process, from one process's share."""
    return mean_count(torch.full((), len(batch), device=batch.label.device))


def epoch_seed(seed: int, epoch: int) -> int:
    """Derive the seed of an epoch, in 0..2**31, from the run's.

    Example:
        >>> epoch_seed(0, 1) != epoch_seed(1, 0)
        True
    """
    state = np.random.SeedSequence([seed, epoch]).generate_state(1)
    return int(state[0]) % 2**31


def has_links(model: nn.Module) -> bool:
    """Tell whether the model has an A-link module of its own to train."""
    return getattr(model, "aim", None) is not None


def weigh_classes(labels: np.ndarray, num_classes: int) -> Tensor:
    """Weigh classes by 1 / frequency, mean 1 over the clips.

    Example:
        >>> weigh_classes(np.array([0, 0, 0, 1]), 2).tolist()
        [0.6666666865348816, 2.0]
    """
    counts = np.bincount(labels, minlength=num_classes)
    weights = len(labels) / (np.count_nonzero(counts) * counts.clip(1))
    return torch.as_tensor(weights, dtype=torch.float32)
