"""What a method for few labels is; each lies in a file of its own in `methods/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.data.dataset import Batch
from skelgraph.nn.precision import full_precision
from skelgraph.training.learner import Learner
from skelgraph.training.semi.passes import logits_of

WEAK, WEAK_AGAIN, STRONG = "weak", "weak_again", "strong"


@dataclass(frozen=True)
class Setting:
    """What a method is told before training.

    Args:
        num_classes: Classes.
        num_unlabelled: Unlabelled windows; `Batch.index` of a view counts them from 0.
        steps: Optimiser steps of a cycle.
        label_counts: Given labels of each class, shape (classes,).
        label_smoothing: Probability spread over the classes in the loss of given labels.
        device: Where the tensors of a step are.
    """

    num_classes: int
    num_unlabelled: int
    steps: int
    label_counts: Tensor
    label_smoothing: float = 0.0
    device: torch.device = torch.device("cpu")


@dataclass(frozen=True, eq=False)
class StepBatch:
    """The clips of one step.

    Args:
        labelled: Labelled clips in a weak view, with their labels.
        views: Views of the same unlabelled clips by name, out of `weak`, `weak_again` (another
            draw) and `strong`, as the method asks for in `views`. Their labels are -1: the
            truth never reaches a method. `index` is the place among the unlabelled windows.
    """

    labelled: Batch
    views: Mapping[str, Batch] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Selection:
    """What a method makes of predictions for unlabelled clips.

    Args:
        labels: Class that each clip is taught as, int64 (N,).
        weights: How much it counts, 0 for a clip that is left out, (N,).
    """

    labels: Tensor
    weights: Tensor


@dataclass(frozen=True, eq=False)
class CyclePlan:
    """What a cycle trains on.

    Args:
        labels: Pseudo-label of each unlabelled window, -1 for none, int64 (U,).
        restart: Weights to begin with: `no`, those of the cycle before; `start`, those of the
            first cycle with a fresh classifier; `scratch`, fresh ones.
    """

    labels: Tensor
    restart: str = "no"


@dataclass(frozen=True, eq=False)
class StepLosses:
    """What a step minimises.

    Args:
        losses: A scalar for each learner, in their order.
        terms: What the history shows, scalars by name without gradient.
    """

    losses: tuple[Tensor, ...]
    terms: dict[str, Tensor]


class Method:
    """Supervised training on the given labels; the base of all methods.

    A method is a pure rule: it has no files, no data and no model of its own. Its state (a
    threshold's moving average, counts of classes) is what `state_dict` returns, and a run that
    was killed goes on from there.

    Args:
        options: The method's own dataclass.
        setting: What is known before training.

    Attributes:
        views: Views of the unlabelled clips that a step needs; none: no unlabelled batch.
        second_model: `quarter` for another model of a quarter of the width, with fresh weights;
            `same` for one of the same size, whose weights at the start are other ones unless both
            begin with the supervised model; empty for none. It is `learners[1]`.
        evaluated: Number of the learner whose averaged weights are the result.
    """

    views: ClassVar[tuple[str, ...]] = ()
    second_model: ClassVar[str] = ""
    evaluated: ClassVar[int] = 0

    def __init__(self, options: Any, setting: Setting) -> None:
        self.options, self.setting = options, setting

    @property
    def num_cycles(self) -> int:
        """Trainings one after another; between them unlabelled clips may get labels."""
        return 1

    def plan(self, cycle: int, probabilities: Tensor | None) -> CyclePlan:
        """Say what a cycle trains on.

        Args:
            cycle: From 0. The first has the given labels only.
            probabilities: The model's after the cycle before, calibrated, of all unlabelled
                windows in their order, shape (U, classes); None for cycle 0.
        """
        return CyclePlan(torch.full((self.setting.num_unlabelled,), -1))

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        """Compute what each learner minimises at a step.

        Args:
            learners: One, or two with `second_model`.
            batch: Its clips.
            share: Share of the cycle's steps that are done, in [0, 1).
        """
        (given,), extra = logits_of(learners[0], batch.labelled)
        loss = self.supervised(given, batch.labelled)
        return StepLosses((loss + extra,), {"supervised": loss.detach()})

    def step(
        self, learners: Sequence[Learner], batch: StepBatch, *, share: float
    ) -> dict[str, Tensor]:
        """Move the learners once; returns terms for the history.

        The averaged weights are moved by the loop, after this.
        """
        result = self.losses(learners, batch, share=share)
        for learner, loss in zip(learners, result.losses, strict=True):
            learner.step(loss)
        return result.terms

    def select(self, probabilities: Tensor) -> Selection:
        """Apply the rule, as it stands, to predictions; changes no state.

        The history of pseudo-labels is made from it. Supervised training takes none.

        Args:
            probabilities: Shape (N, classes).
        """
        return Selection(probabilities.argmax(1), torch.zeros(len(probabilities)))

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values that `load_state_dict` restores."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state."""

    def supervised(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy of given labels; scalar."""
        return functional.cross_entropy(
            full_precision(logits), batch.label, label_smoothing=self.setting.label_smoothing
        )
