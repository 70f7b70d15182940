"""The batches of a step: labelled clips, and views of unlabelled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.data.windows import Windows
from skelgraph.graphs import Layout
from skelgraph.training.config import DataOptions
from skelgraph.training.semi.dealing import deal
from skelgraph.training.semi.method import STRONG, WEAK, WEAK_AGAIN, StepBatch
from skelgraph.transforms.augment import augment
from skelgraph.transforms.options import AugmentOptions


@dataclass(frozen=True, eq=False)
class Views:
    """Makes the batches of the steps of one training.

    Args:
        clips: Labelled and unlabelled windows.
        unlabelled: Places of the unlabelled windows in `clips`, (U,).
        layout: Skeleton of the clips.
        data: How windows are sampled.
        weak: Augmentation of labelled clips and of weak views.
        strong: That of strong views.
        batch_size: Labelled clips of a step.
        ratio: Unlabelled clips of a step for each labelled one.
        seed: Fixes which clips a step takes.
    """

    clips: ClipSet
    unlabelled: np.ndarray
    layout: Layout
    data: DataOptions
    weak: AugmentOptions
    strong: AugmentOptions
    batch_size: int
    ratio: int
    seed: int

    def step_batch(
        self,
        labels: np.ndarray,
        wanted: Sequence[str],
        *,
        step: int,
        generator: torch.Generator,
    ) -> StepBatch:
        """Make the batches of a step, on the CPU.

        Args:
            labels: Class that each window of `clips` is taught as, -1 for none, (W,).
            wanted: Names of the views of unlabelled clips.
            step: Number of the step.
            generator: Source of chance of sampling and augmentation.
        """
        taught = np.flatnonzero(labels >= 0)
        chosen = taught[deal(len(taught), self.batch_size, step=step, seed=self.seed)]
        labelled = self._view(chosen, self.weak, generator, labels[chosen])
        if not wanted:
            return StepBatch(labelled)
        size = self.batch_size * self.ratio
        places = deal(len(self.unlabelled), size, step=step, seed=self.seed + 1)
        return StepBatch(labelled, self._views(places, wanted, generator))

    def hidden(self) -> ClipSet | None:
        """The unlabelled windows in their order; None where there is none."""
        if not len(self.unlabelled):
            return None
        whole, places = self.clips.windows, self.unlabelled
        return self.clips.with_windows(
            Windows(whole.row[places], whole.start[places], whole.length[places])
        )

    def any_batch(self, *, step: int, generator: torch.Generator) -> Batch:
        """Windows out of all, without labels, for what needs none."""
        chosen = deal(len(self.clips), self.batch_size, step=step, seed=self.seed + 2)
        return self._view(chosen, self.weak, generator, np.full(len(chosen), -1))

    def _views(
        self, places: np.ndarray, wanted: Sequence[str], generator: torch.Generator
    ) -> Mapping[str, Batch]:
        options = {WEAK: self.weak, WEAK_AGAIN: self.weak, STRONG: self.strong}
        chosen, hidden = self.unlabelled[places], np.full(len(places), -1)
        views = {name: self._view(chosen, options[name], generator, hidden) for name in wanted}
        index = torch.from_numpy(places)
        return {name: replace(view, index=index) for name, view in views.items()}

    def _view(
        self,
        chosen: np.ndarray,
        options: AugmentOptions,
        generator: torch.Generator,
        labels: np.ndarray,
    ) -> Batch:
        data = self.data
        batch = self.clips.batch(
            chosen,
            num_frames=data.num_frames or None,
            generator=generator,
            centre=data.centre,
            crop=data.crop,
        )
        # Before the augmentation: what it does to a class must not tell the truth.
        batch = replace(batch, label=_as_tensor(labels))
        return augment(
            batch,
            self.layout,
            options=options,
            generator=generator,
            num_spatial=self.clips.num_spatial,
            symmetry=self.clips.symmetry,
        )


def to_device(batch: StepBatch, device: torch.device, dtype: torch.dtype) -> StepBatch:
    """Move a step's batches, and cast positions."""
    return StepBatch(
        _moved(batch.labelled, device, dtype),
        {name: _moved(view, device, dtype) for name, view in batch.views.items()},
    )


def _moved(batch: Batch, device: torch.device, dtype: torch.dtype) -> Batch:
    batch = batch.to(device)
    return replace(batch, positions=batch.positions.to(dtype))


def _as_tensor(labels: np.ndarray) -> Tensor:
    return torch.as_tensor(labels, dtype=torch.int64)
