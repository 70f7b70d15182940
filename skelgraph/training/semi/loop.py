"""One training with few labels: cycles of epochs of steps, and a checkpoint after each epoch.

All chance of an epoch comes from (seed, cycle, epoch), so that a run that was killed and resumed
goes through the same numbers as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import ClipSet
from skelgraph.errors import RunError
from skelgraph.training.checkpoint import LAST, load_checkpoint, save_checkpoint
from skelgraph.training.config import RunConfig
from skelgraph.training.inference import predict_logits
from skelgraph.training.learner import Learner
from skelgraph.training.loop import epoch_seed
from skelgraph.training.schedule import lr_factor
from skelgraph.training.semi.method import CyclePlan, Method, StepBatch
from skelgraph.training.semi.views import Views, to_device

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from skelgraph.training.progress import Reporter

EPOCHS_A_CYCLE = 100_000


@dataclass
class FewProgress:
    """Where a training stands; all of it is in the checkpoint.

    Args:
        cycle: Number of the cycle, from 0.
        epoch: Epochs of the cycle that are done.
        restart: What the cycle's learners were made from, see `CyclePlan`.
        labels: Class that each unlabelled window is taught as in this cycle, -1 for none, (U,).
        history: A row an epoch.
        held: Logits of the held-out windows at the end of each cycle, (H, classes) each.
        records: Probabilities of the unlabelled windows when they were recorded, with the
            cycle, the epoch, labels and weights by the method's rule.
    """

    cycle: int = 0
    epoch: int = 0
    restart: str = "start"
    labels: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))
    history: list[dict[str, Any]] = field(default_factory=list)
    held: list[Tensor] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class FewData:
    """Clips of one training.

    Args:
        views: Makes the batches.
        given: Given label of each window of `views.clips`, -1 where none is, (W,).
        held: Windows that are only scored, at the end of each cycle; None: none.
    """

    views: Views
    given: np.ndarray
    held: ClipSet | None = None


class FewLoop:
    """Train with one method on labelled and unlabelled clips.

    Args:
        method: What happens in a step and between cycles.
        data: The clips.
        config: Everything else; its epochs are those of a cycle.
        make: Gives the learners a cycle begins with, from `scratch` or `start`.
        temperature: Divides logits before a cycle's labels are chosen.
        folder: Where checkpoints go; the weights after each cycle too.
        fabric: Lightning's devices and precision.
        report: Hears of every epoch.
        record: Whether to record what the method makes of the unlabelled windows.
    """

    def __init__(
        self,
        method: Method,
        data: FewData,
        *,
        config: RunConfig,
        make: Callable[[str, int], Sequence[Learner]],
        temperature: float,
        folder: Path,
        fabric: Fabric,
        report: Reporter,
        record: bool,
    ) -> None:
        assert config.few is not None
        self.method, self.data, self.config, self.few = method, data, config, config.few
        self.make, self.temperature, self.folder = make, temperature, folder
        self.fabric, self.report = fabric, report
        self.steps = method.setting.steps
        self.epochs = self.steps // self.few.epoch_steps
        self.recorded = _points(self.epochs, self.few.points) if record else frozenset()
        self.progress = FewProgress()
        self.learners: Sequence[Learner] = ()
        self.clips = data.views.clips
        self.hidden = data.views.hidden()

    def run(self, *, num_cycles: int, taught: bool = False) -> FewProgress:
        """Train to the end of a number of cycles; go on from a checkpoint where there is one.

        Args:
            num_cycles: How many.
            taught: `make` begins with the weights of the supervised training, which then is the
                first of several cycles.
        """
        if (self.folder / LAST).is_file():
            self._restore()
        elif taught and self.method.num_cycles > 1:
            self._adopt()
        while self.progress.cycle < num_cycles:
            if self.progress.epoch == 0:
                self._begin_cycle()
            while self.progress.epoch < self.epochs:
                self._epoch()
            self._end_cycle()
        return self.progress

    def epochs_done(self, *, taught: bool = False) -> int:
        """Epochs that a checkpoint holds, of all cycles; `taught` as of `run`."""
        if not (self.folder / LAST).is_file():
            return self.epochs if taught and self.method.num_cycles > 1 else 0
        progress = load_checkpoint(self.folder)["progress"]
        return int(progress["cycle"]) * self.epochs + int(progress["epoch"])

    def make_batch(self, step: int) -> StepBatch:
        """Make the batches of a step of the first cycle, on the CPU; nothing is kept."""
        generator = torch.Generator().manual_seed(step)
        return self.data.views.step_batch(
            self.data.given, self.method.views, step=step, generator=generator
        )

    def try_step(self, step: int) -> None:
        """Take a step of the first cycle with learners that no training will use."""
        if not self.learners:
            self._begin_cycle()
        self._step(step, torch.Generator().manual_seed(step))

    @property
    def evaluated(self) -> Learner:
        """The learner whose averaged weights are the result."""
        return self.learners[self.method.evaluated]

    def _begin_cycle(self) -> None:
        cycle = self.progress.cycle
        probabilities = None
        if cycle > 0 and self.hidden is not None:
            probabilities = self._probabilities(self.temperature)
        plan = self.method.plan(cycle, probabilities)
        self.progress.labels = plan.labels
        self.progress.restart = "start" if cycle == 0 or plan.restart == "no" else plan.restart
        self.learners = self._restarted(plan, cycle)

    def _adopt(self) -> None:
        """Take the supervised training as the first cycle: it would be the same again."""
        self.progress.labels = self.method.plan(0, None).labels
        self.learners = self.make("start", 0)
        self.progress.epoch = self.epochs
        if self.recorded and self.hidden is not None:
            self._record()
        self._end_cycle()

    def _restarted(self, plan: CyclePlan, cycle: int) -> Sequence[Learner]:
        """Learners with new optimisers, and the weights that the plan asks for."""
        if cycle == 0 or plan.restart != "no":
            return self.make(self.progress.restart, cycle)
        learners = self.make("start", cycle)
        for new, old in zip(learners, self.learners, strict=True):
            new.bare.load_state_dict(old.average.shadow)
            new.average.restart(new.bare)
        return learners

    def _epoch(self) -> None:
        progress = self.progress
        seed = epoch_seed(
            self.config.training.seed, progress.cycle * EPOCHS_A_CYCLE + progress.epoch
        )
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        started = time.perf_counter()
        sums: dict[str, Tensor] = {}
        first = progress.epoch * self.few.epoch_steps
        for step in range(first, first + self.few.epoch_steps):
            for name, term in self._step(step, generator).items():
                sums[name] = sums.get(name, torch.zeros_like(term)) + term
            self.report.step()
        self._demand_finite()
        progress.epoch += 1
        row = {
            "cycle": progress.cycle,
            "epoch": progress.epoch,
            **{name: float(total) / self.few.epoch_steps for name, total in sums.items()},
            "seconds": time.perf_counter() - started,
        }
        progress.history.append(row)
        if progress.epoch in self.recorded and self.hidden is not None:
            self._record()
        self._save()
        self.report.epoch({**row, "epoch": progress.cycle * self.epochs + progress.epoch})

    def _step(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        training = self.config.training
        share = step / self.steps
        for learner in self.learners:
            learner.set_training()
            learner.set_lr(training.lr * lr_factor(training, step, self.steps), share=share)
        batch = self.data.views.step_batch(
            self._labels(), self.method.views, step=step, generator=generator
        )
        learner = self.learners[0]
        batch = to_device(batch, self.fabric.device, learner.dtype)
        terms = self.method.step(self.learners, batch, share=share)
        for learner in self.learners:
            learner.average.update(learner.bare)
        return terms

    def _labels(self) -> np.ndarray:
        """Class that each window is taught as: the given label, else the cycle's."""
        labels = self.data.given.copy()
        labels[self.data.views.unlabelled] = self.progress.labels.numpy()
        return labels

    def _probabilities(self, temperature: float) -> Tensor:
        assert self.hidden is not None
        return (self._averaged_logits(self.hidden) / temperature).softmax(1)

    def _averaged_logits(self, clips: ClipSet) -> Tensor:
        learner = self.evaluated
        with learner.average.lent_to(learner.bare):
            return predict_logits(learner.model, clips, self.config.data, fabric=self.fabric)

    def _record(self) -> None:
        """Keep what the method makes of the unlabelled windows now.

        A method without views of them teaches the cycle's labels and no others.
        """
        probabilities = self._probabilities(1.0)
        selection = self.method.select(probabilities.to(self.fabric.device))
        taught = self.progress.labels >= 0
        labels = torch.where(taught, self.progress.labels, selection.labels.cpu())
        chosen = selection.weights.cpu().float() * bool(self.method.views)
        weights = torch.where(taught, 1.0, chosen)
        self.progress.records.append(
            {
                "cycle": self.progress.cycle,
                "epoch": self.progress.epoch,
                "labels": labels,
                "confidences": probabilities.gather(1, labels[:, None])[:, 0],
                "weights": weights,
            }
        )

    def _end_cycle(self) -> None:
        progress = self.progress
        if self.data.held is not None:
            progress.held.append(self._averaged_logits(self.data.held))
        shadow = {k: v.cpu().clone() for k, v in self.evaluated.average.shadow.items()}
        save_checkpoint(cycle_folder(self.folder, progress.cycle), {"weights": shadow})
        progress.cycle, progress.epoch = progress.cycle + 1, 0
        self._save()

    def _demand_finite(self) -> None:
        for learner in self.learners:
            if all(bool(value.isfinite().all()) for value in learner.bare.parameters()):
                continue
            raise RunError(
                f"training, cycle {self.progress.cycle}, epoch {self.progress.epoch + 1}: expected "
                "finite weights, got some that are not. Train again with a lower --lr, or with "
                "--precision 32-true."
            )

    def _save(self) -> None:
        save_checkpoint(
            self.folder,
            {
                "progress": vars(self.progress),
                "method": self.method.state_dict(),
                "learners": [learner.state_dict() for learner in self.learners],
            },
        )

    def _restore(self) -> None:
        state = load_checkpoint(self.folder)
        self.progress = FewProgress(**state["progress"])
        self.method.load_state_dict(state["method"])
        # What moves, and how fast, depends on the cycle they are of: at its end the next is due.
        cycle = self.progress.cycle - (self.progress.epoch == 0)
        self.learners = self.make(self.progress.restart, cycle)
        for learner, kept in zip(self.learners, state["learners"], strict=True):
            learner.load_state_dict(kept)


def cycle_folder(folder: Path, cycle: int) -> Path:
    """Where the weights after a cycle lie."""
    return folder / f"cycle{cycle}"


def has_cycle(folder: Path, cycle: int) -> bool:
    """Whether the weights after a cycle were written; a kill can leave a folder without them."""
    return (cycle_folder(folder, cycle) / LAST).is_file()


def load_cycle(folder: Path, cycle: int) -> Mapping[str, Tensor]:
    """Read the averaged weights after a cycle."""
    weights: Mapping[str, Tensor] = load_checkpoint(cycle_folder(folder, cycle))["weights"]
    return weights


def _points(epochs: int, count: int) -> frozenset[int]:
    """Numbers of the epochs after which to record, evenly spread, the last among them.

    Example:
        >>> sorted(_points(10, 3))
        [3, 7, 10]
    """
    return frozenset(round(epochs * (i + 1) / count) for i in range(count)) - {0}
