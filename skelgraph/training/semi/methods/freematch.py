"""Thresholds that follow the model's own confidence, and a term that keeps classes apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.training.semi.method import Selection, Setting
from skelgraph.training.semi.methods.checking import AMOUNT, DECAY, check_options
from skelgraph.training.semi.methods.matching import Matched, Matching

SMALLEST = 1e-12


@dataclass(frozen=True)
class FreeMatchOptions:
    """How fast the thresholds follow, and how much the terms count.

    Args:
        decay: Weight of the old averages at each step.
        weight: Weight of the unlabelled loss.
        fairness: Weight of the fairness term.

    Raises:
        ConfigError: If a value is out of range.
    """

    decay: float = 0.999
    weight: float = 1.0
    fairness: float = 0.01

    def __post_init__(self) -> None:
        check_options("freematch", self, decay=DECAY, weight=AMOUNT, fairness=AMOUNT)


class FreeMatch(Matching):
    """FixMatch's loss with thresholds that adapt, plus `fairness` times the fairness term.

    Source:
        Wang et al. 2023, arXiv:2205.07246, equations 5 to 12. Confidences equal to a threshold
        pass, as in the released code.
    """

    def __init__(self, options: FreeMatchOptions, setting: Setting) -> None:
        self.means = AdaptiveThresholds(
            decay=options.decay, num_classes=setting.num_classes, device=setting.device
        )
        super().__init__(options, setting, rule=self.means)

    def further(self, matched: Matched) -> dict[str, tuple[float, Tensor]]:
        fairness = fairness_loss(
            matched.strong,
            matched.selection.weights,
            mean_probabilities=self.means.mean_probabilities,
            mean_labels=self.means.mean_labels,
        )
        return {"fairness": (self.options.fairness, fairness)}


class AdaptiveThresholds:
    """A global threshold, the moving mean confidence, scaled for each class.

    The threshold of class c is the global one times p(c) / max p, with p the moving mean of the
    predicted probabilities. All averages start at 1 / classes.

    Args:
        decay: Weight of the old averages at each step.
        num_classes: Classes.
        device: Where the tensors are.

    Attributes:
        confidence: The global threshold, a scalar.
        mean_probabilities: p, (classes,).
        mean_labels: Moving mean of the share that each class has of the likeliest classes,
            (classes,).
    """

    def __init__(
        self, *, decay: float, num_classes: int, device: torch.device | str = "cpu"
    ) -> None:
        self.decay = decay
        even = torch.full((num_classes,), 1 / num_classes, device=device)
        self.confidence = even.mean()
        self.mean_probabilities, self.mean_labels = even, even.clone()

    def judge(self, probabilities: Tensor, index: Tensor) -> Selection:
        """Learn from the batch, then select by what was learned."""
        found = (
            (self.confidence, probabilities.amax(1).mean()),
            (self.mean_probabilities, probabilities.mean(0)),
            (self.mean_labels, _shares(probabilities).mean(0)),
        )
        for average, value in found:
            average.lerp_(value.to(average), 1 - self.decay)
        return self.select(probabilities)

    def select(self, probabilities: Tensor) -> Selection:
        confidence, labels = probabilities.max(1)
        taken = confidence >= self.thresholds().to(probabilities)[labels]
        return Selection(labels, taken.to(probabilities.dtype))

    def thresholds(self) -> Tensor:
        """Return the threshold of each class, (classes,)."""
        return self.confidence * self.mean_probabilities / self.mean_probabilities.max()

    def threshold(self) -> Tensor:
        return self.thresholds().mean()

    def state_dict(self) -> dict[str, Any]:
        return {
            "confidence": self.confidence,
            "mean_probabilities": self.mean_probabilities,
            "mean_labels": self.mean_labels,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, value in self.state_dict().items():
            value.copy_(state[name])


def fairness_loss(
    logits: Tensor, taken: Tensor, *, mean_probabilities: Tensor, mean_labels: Tensor
) -> Tensor:
    """Push the mean prediction for strong views away from the classes that rule already.

    sum over c of a(c) log b(c), where a is mean_probabilities / mean_labels and b the same
    quotient of the strong views that were taken (mean probability, share of the likeliest class),
    both divided by their sums.

    Args:
        logits: Of the strong views, (N, classes).
        taken: 1 for clips that were taken, else 0, (N,).
        mean_probabilities: Moving mean of the probabilities of weak views, (classes,).
        mean_labels: Moving mean of the shares of their likeliest classes, (classes,).

    Returns:
        A scalar; 0 where no clip was taken.

    Source:
        Wang et al. 2023, arXiv:2205.07246, equations 9 to 12. Classes that no strong view is
        predicted as have b = 0: they are left out of the sum, where the released code adds a
        constant for each; the gradient is the same.
    """
    probabilities = logits.softmax(1)
    count = taken.sum().clamp(min=1)
    mean = (probabilities * taken[:, None]).sum(0) / count
    share = (_shares(probabilities) * taken[:, None]).sum(0) / count
    wanted = _normalised_ratio(mean_probabilities.to(mean), mean_labels.to(mean))
    found = _normalised_ratio(mean, share)
    return (wanted * torch.where(share > 0, found, 1.0).clamp(min=SMALLEST).log()).sum()


def _shares(probabilities: Tensor) -> Tensor:
    """One at the likeliest class, (N, classes)."""
    classes = probabilities.shape[1]
    return functional.one_hot(probabilities.argmax(1), classes).to(probabilities.dtype)


def _normalised_ratio(above: Tensor, below: Tensor) -> Tensor:
    """Quotient divided by its sum; 0 where the divisor is."""
    ratio = torch.where(below > 0, above / below.clamp(min=SMALLEST), 0.0)
    return ratio / ratio.sum().clamp(min=SMALLEST)
