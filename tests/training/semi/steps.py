"""One small learner, what a method is told, and batches of steps on a test's store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.data.store import Store
from skelgraph.models import build_model, resolve_config
from skelgraph.training.clips import clip_set
from skelgraph.training.config import DataOptions, TrainOptions
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import STRONG, WEAK, WEAK_AGAIN, Method, Setting, StepBatch
from tests.training.clips import CLASSES, TINY

STEPS = 20
LABELLED = 9  # the first clips of the store: three of each class
UNLABELLED = 27
NOISE = {WEAK: 0.0, WEAK_AGAIN: 0.002, STRONG: 0.02}  # metres


def make_setting(**changes: Any) -> Setting:
    """Tell a method of nine labelled clips and 27 without, three classes."""
    counts = torch.full((len(CLASSES),), LABELLED // len(CLASSES))
    setting = Setting(
        num_classes=len(CLASSES), num_unlabelled=UNLABELLED, steps=STEPS, label_counts=counts
    )
    return replace(setting, **changes)


def make_learner(
    store: Store, *, seed: int = 0, overrides: dict[str, Any] | None = None, **training: Any
) -> Learner:
    """Make a tiny AS-GCN with its optimiser, on the CPU, in training.

    The same seed makes the same weights.
    """
    torch.manual_seed(seed)
    resolved = resolve_config("as_gcn", "small", overrides={**TINY, **(overrides or {})})
    model = build_model("as_gcn", store.layout, num_classes=len(CLASSES), config=resolved)
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    options = TrainOptions(**{"lr": 2e-3, **training})
    learner = Learner(model, options=options, fabric=fabric)
    learner.set_training()
    return learner


@cache
def make_clip_set(store: Store) -> ClipSet:
    """Prepare all clips of the store, once."""
    rows = np.arange(len(store.clips.name))
    return clip_set(store, rows, layout=store.layout, data=DataOptions(), testing=False)


def make_batch(store: Store, *, seed: int = 0, labelled: int = 6, unlabelled: int = 8) -> StepBatch:
    """Draw the clips of one step, with all three views.

    Weak views are sampled from the clips at random; a strong one has noise besides. Labels of
    the views are -1.
    """
    clips = make_clip_set(store)
    generator = torch.Generator().manual_seed(seed)
    given = _interleaved(clips, LABELLED)[:LABELLED]
    rest = np.setdiff1d(np.arange(len(clips)), given)
    drawn = torch.randperm(len(given), generator=generator)[:labelled].numpy()
    places = torch.randperm(len(rest), generator=generator)[:unlabelled]
    views = {
        name: replace(
            _view(clips, rest[places.numpy()], noise=noise, generator=generator),
            index=places,
            label=torch.full((unlabelled,), -1),
        )
        for name, noise in NOISE.items()
    }
    return StepBatch(_view(clips, given[drawn], noise=0.0, generator=generator), views)


def take_steps(
    method: Method, learners: list[Learner], store: Store, *, count: int = STEPS
) -> Iterator[dict[str, Tensor]]:
    """Train for some steps as the loop does, each with another batch; yields their terms."""
    for step in range(count):
        share = step / count
        for learner in learners:
            learner.set_lr(learner.options.lr, share=share)
        terms = method.step(learners, make_batch(store, seed=step), share=share)
        for learner in learners:
            learner.average.update(learner.bare)
        yield terms


def gradients_of(learner: Learner, loss: Tensor) -> dict[str, Tensor]:
    """Differentiate a loss by the parameters that it reaches; the learner's own stay unset."""
    named = dict(learner.bare.named_parameters())
    found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    return {name: value for name, value in zip(named, found, strict=True) if value is not None}


def weights_of(learner: Learner) -> dict[str, Tensor]:
    """Copy the learner's weights and statistics."""
    return {name: value.detach().clone() for name, value in learner.bare.state_dict().items()}


def _interleaved(clips: ClipSet, count: int) -> np.ndarray:
    """The first clips of each class, as many of each."""
    labels = clips.labels
    each = count // len(CLASSES)
    return np.concatenate([np.flatnonzero(labels == c)[:each] for c in range(len(CLASSES))])


def _view(clips: ClipSet, places: np.ndarray, *, noise: float, generator: torch.Generator) -> Batch:
    batch = clips.batch(places, num_frames=8, generator=generator, crop=0.9)
    moved = batch.positions + noise * torch.randn(batch.positions.shape, generator=generator)
    return replace(batch, positions=moved)
