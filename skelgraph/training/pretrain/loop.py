"""The loop of training without labels: epochs, and a checkpoint after each.

All chance of an epoch comes from (seed, epoch), so that a run that was killed and resumed goes
through the same numbers as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from skelgraph.data.batching import group_lengths
from skelgraph.data.dataset import ClipSet
from skelgraph.errors import RunError
from skelgraph.training.checkpoint import LAST, load_checkpoint, save_checkpoint
from skelgraph.training.config import RunConfig
from skelgraph.training.learner import Learner
from skelgraph.training.loop import Losses, epoch_seed, has_links
from skelgraph.training.pretrain.objective import Draw, Objective
from skelgraph.training.schedule import lr_factor

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from skelgraph.graphs import Layout
    from skelgraph.training.progress import Reporter

MEASURED = 0x5EED  # the same views and masks at every measurement


@dataclass
class PretrainProgress:
    """Where a training stands; all of it is in the checkpoint.

    Args:
        epoch: Epochs done, those of the A-links included.
        history: A row an epoch.
    """

    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class PretrainLoop:
    """Train an objective on clips without labels.

    Args:
        objective: The model, and what is asked of it.
        train: Clips to learn from.
        val: Clips to measure the objective on. None: nothing is measured.
        config: Everything else.
        layout: Skeleton of the clips.
        fabric: Lightning's devices and precision.
        folder: Where checkpoints go.
        report: Hears of every epoch.
    """

    def __init__(
        self,
        objective: Objective,
        train: ClipSet,
        val: ClipSet | None,
        *,
        config: RunConfig,
        layout: Layout,
        fabric: Fabric,
        folder: Path,
        report: Reporter,
    ) -> None:
        self.objective, self.train, self.val = objective, train, val
        self.config, self.layout, self.fabric = config, layout, fabric
        self.folder, self.report = folder, report
        options = config.training
        self.link_epochs = options.link_epochs if has_links(objective.model) else 0
        self.total_epochs = self.link_epochs + options.epochs
        self.steps = ceil(len(train) / options.batch_size)
        self.learner = Learner(objective, options=options, fabric=fabric)
        self.progress = PretrainProgress()

    def run(self, *, resume: bool) -> PretrainProgress:
        """Train to the end and leave the averaged weights in the objective.

        Args:
            resume: Go on from the folder's last checkpoint; with none, from the start.
        """
        if resume and (self.folder / LAST).is_file():
            self._restore()
        self.report.start(self.total_epochs, self.steps, done=self.progress.epoch)
        try:
            while self.progress.epoch < self.total_epochs:
                self._epoch()
        finally:  # a bar that was left would keep the terminal's cursor
            self.report.finish(self.progress)
        self.objective.load_state_dict(self.learner.average.shadow)
        return self.progress

    def measure(self, clips: ClipSet) -> dict[str, float]:
        """Measure the objective with the weights as they are, in evaluation."""
        losses = Losses()
        generator = torch.Generator().manual_seed(MEASURED)
        self.learner.model.eval()
        # In batches as in training: how hard it is to tell views apart depends on how many.
        steps = ceil(len(clips) / self.config.training.batch_size)
        with torch.no_grad():
            for chosen in torch.randperm(len(clips), generator=generator).tensor_split(steps):
                terms = self.objective.terms(self.learner, self._draw(clips, chosen, generator))
                losses.add(terms, torch.tensor(float(len(chosen)), device=self.fabric.device))
        return losses.mean()

    def _epoch(self) -> None:
        epoch = self.progress.epoch
        seed = epoch_seed(self.config.training.seed, epoch)
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        started = time.perf_counter()
        self.learner.set_training()
        if epoch < self.link_epochs:
            row: dict[str, Any] = {"stage": "links", **self._link_pass(generator)}
        else:
            row = {"stage": "main", **self._main_pass(epoch, generator), **self._validate()}
        self._demand_finite(epoch)
        row = {"epoch": epoch + 1, **row, "seconds": time.perf_counter() - started}
        self.progress.epoch += 1
        self.progress.history.append(row)
        state = {"progress": vars(self.progress), **self.learner.state_dict()}
        save_checkpoint(self.folder, state)
        self.report.epoch(row)

    def _link_pass(self, generator: torch.Generator) -> dict[str, float]:
        losses, lr = Losses(), self.config.training.link_lr
        self.learner.set_lr(lr)
        for draw in self._draws(generator):
            batch = draw.placed(draw.view(self.config.augment, crop=self.config.data.crop))
            # Past Lightning's wrapper, which would wait for gradients of the whole model.
            terms = self.objective.model.warm_up_losses(
                batch.positions, batch.visible, batch.frames
            )
            total = sum(terms.values())
            self.learner.step(total)
            losses.add({"train_loss": total, **terms}, self._size(draw))
            self.report.step()
        return {**losses.mean(), "lr": lr}

    def _main_pass(self, epoch: int, generator: torch.Generator) -> dict[str, float]:
        losses, options = Losses(), self.config.training
        first, total = (epoch - self.link_epochs) * self.steps, options.epochs * self.steps
        so_far = [row["val_loss"] for row in self.progress.history if "val_loss" in row]
        lr = 0.0
        for number, draw in enumerate(self._draws(generator)):
            step = first + number
            lr = options.lr * lr_factor(options, step, total, val_losses=so_far)
            self.learner.set_lr(lr, share=step / total)
            terms = self.objective.terms(self.learner, draw)
            self.learner.step(self._total(terms))
            self.learner.average.update(self.learner.bare)
            losses.add(terms, self._size(draw))
            self.report.step()
        return {**{f"train_{name}": value for name, value in losses.mean().items()}, "lr": lr}

    def _total(self, terms: dict[str, Tensor]) -> Tensor:
        """The objective and, weighed, the A-links' own losses."""
        own = [term for name, term in terms.items() if name.startswith("aim_")]
        return terms["loss"] + self.config.training.link_weight * sum(own)

    def _validate(self) -> dict[str, float]:
        if self.val is None:
            return {}
        with self.learner.average.lent_to(self.learner.bare):
            found = self.measure(self.val)
        return {f"val_{name}": value for name, value in found.items()}

    def _draws(self, generator: torch.Generator) -> Iterator[Draw]:
        for chosen in self._deal(generator):
            yield self._draw(self.train, chosen, generator)

    def _deal(self, generator: torch.Generator) -> list[Tensor]:
        """Deal the clips into batches; where clips keep their lengths, of like lengths."""
        if self.config.data.num_frames == 0:
            return group_lengths(self.train.windows.length, self.steps, generator=generator)
        order = torch.randperm(len(self.train), generator=generator)
        return list(order.tensor_split(self.steps))

    def _draw(self, clips: ClipSet, chosen: Tensor, generator: torch.Generator) -> Draw:
        return Draw(
            clips=clips,
            chosen=chosen,
            layout=self.layout,
            data=self.config.data,
            generator=generator,
            device=self.fabric.device,
            dtype=self.learner.dtype,
        )

    def _size(self, draw: Draw) -> Tensor:
        return torch.tensor(float(len(draw.chosen)), device=self.fabric.device)

    def _demand_finite(self, epoch: int) -> None:
        """Stop a run that cannot recover."""
        if all(bool(parameter.isfinite().all()) for parameter in self.objective.parameters()):
            return
        raise RunError(
            f"training, epoch {epoch + 1}: expected finite weights, got some that are not. Train "
            "again with a lower --lr, or with --precision 32-true."
        )

    def _restore(self) -> None:
        state = load_checkpoint(self.folder)
        self.learner.load_state_dict(state)
        self.progress = PretrainProgress(**state["progress"])
