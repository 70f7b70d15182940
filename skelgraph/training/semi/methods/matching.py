"""Weak views get labels by a rule, strong views of the same clips learn them.

What FixMatch and its successors share; they differ in the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import (
    STRONG,
    WEAK,
    Method,
    Selection,
    Setting,
    StepBatch,
    StepLosses,
)
from skelgraph.training.semi.passes import logits_of, predict


class Rule(Protocol):
    """Which predictions become labels, and how much each counts."""

    def judge(self, probabilities: Tensor, index: Tensor) -> Selection:
        """Learn from the predictions of a step, and select among them.

        Which of the two comes first is the rule's own affair.

        Args:
            probabilities: Of the weak views, shape (N, classes).
            index: Place of each clip among the unlabelled windows, int64 (N,).
        """

    def select(self, probabilities: Tensor) -> Selection:
        """Apply the rule as it stands; learns nothing.

        Args:
            probabilities: Shape (N, classes).
        """

    def threshold(self) -> Tensor:
        """Return the confidence that it asks for, a mean over the classes; scalar."""

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` restores."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what was learned."""


@dataclass(frozen=True, eq=False)
class Matched:
    """What a step of such a method computes before its losses.

    Args:
        given: Logits of the labelled clips, with gradient, (B, classes).
        strong: Logits of the strong views, with gradient, (N, classes).
        extra: The model's own auxiliary loss, a scalar.
        probabilities: Of the weak views, without gradient, (N, classes).
        selection: What the rule made of them.
        terms: For the history: share of the clips taken (their mean weight), mean confidence,
            threshold.
    """

    given: Tensor
    strong: Tensor
    extra: Tensor
    probabilities: Tensor
    selection: Selection
    terms: dict[str, Tensor]


class Matching(Method):
    """Minimise L_given + weight * the loss of strong views with the labels of a rule.

    Args:
        options: Have a `weight`.
        setting: What is known before training.
        rule: Labels the weak views.
    """

    views: ClassVar[tuple[str, ...]] = (WEAK, STRONG)

    def __init__(self, options: Any, setting: Setting, *, rule: Rule) -> None:
        super().__init__(options, setting)
        self.rule = rule

    def losses(self, learners: Sequence[Learner], batch: StepBatch, *, share: float) -> StepLosses:
        matched = match(learners[0], batch, rule=self.rule)
        supervised = self.supervised(matched.given, batch.labelled)
        unlabelled = taught_loss(matched.strong, matched.selection)
        further = self.further(matched)
        terms = {
            "supervised": supervised.detach(),
            "unlabelled": unlabelled.detach(),
            **{name: term.detach() for name, (_, term) in further.items()},
            **matched.terms,
        }
        total = supervised + self.options.weight * unlabelled
        for weight, term in further.values():
            total = total + weight * term
        return StepLosses((total + matched.extra,), terms)

    def further(self, matched: Matched) -> dict[str, tuple[float, Tensor]]:
        """Give weight and value of what is minimised beside; scalars by name."""
        return {}

    def select(self, probabilities: Tensor) -> Selection:
        return self.rule.select(probabilities)

    def state_dict(self) -> dict[str, Any]:
        return self.rule.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rule.load_state_dict(state)


def match(learner: Learner, batch: StepBatch, *, rule: Rule) -> Matched:
    """Label the weak views, then run labelled clips and strong views in one pass."""
    weak = batch.views[WEAK]
    (logits,) = predict(learner, weak)
    probabilities = logits.softmax(1)
    selection = rule.judge(probabilities, weak.index)
    (given, strong), extra = logits_of(learner, batch.labelled, batch.views[STRONG])
    return Matched(
        given=given,
        strong=strong,
        extra=extra,
        probabilities=probabilities,
        selection=selection,
        terms={**shown(probabilities, selection), "threshold": rule.threshold().clone()},
    )


def likeliest(probabilities: Tensor) -> Selection:
    """Take every clip as its likeliest class, with weight 1.

    Args:
        probabilities: Shape (N, classes).
    """
    labels = probabilities.argmax(1)
    return Selection(labels, torch.ones_like(labels, dtype=probabilities.dtype))


def taught_loss(logits: Tensor, selection: Selection) -> Tensor:
    """Cross-entropy with the selected labels, mean over all clips, also those left out; scalar.

    Args:
        logits: Shape (N, classes).
        selection: Labels and weights of the same clips.
    """
    each = functional.cross_entropy(logits, selection.labels, reduction="none")
    return (each * selection.weights).mean()


def shown(probabilities: Tensor, selection: Selection) -> dict[str, Tensor]:
    """Give the terms that every history of pseudo-labels has, scalars."""
    return {
        "taken": selection.weights.mean(),
        "confidence": probabilities.amax(1).mean(),
    }
