"""Every clip counts, by how far its confidence lies below the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from skelgraph.training.semi.method import Selection, Setting
from skelgraph.training.semi.methods.checking import AMOUNT, DECAY, POSITIVE, check_options
from skelgraph.training.semi.methods.matching import Matching

SMALLEST = 1e-12


@dataclass(frozen=True)
class SoftMatchOptions:
    """Width of the bell under which clips count, and how fast it moves.

    Args:
        decay: Weight of the old averages at each step.
        weight: Weight of the unlabelled loss.
        width: Standard deviations of the confidence to one of the bell.
        align: Weigh by predictions that are made uniform over the classes; labels stay those of
            the plain ones. For classes of which there are about as many clips.

    Raises:
        ConfigError: If a value is out of range.
    """

    decay: float = 0.999
    weight: float = 1.0
    width: float = 2.0
    align: bool = True

    def __post_init__(self) -> None:
        check_options("softmatch", self, decay=DECAY, weight=AMOUNT, width=POSITIVE)


class SoftMatch(Matching):
    """FixMatch's loss, each clip weighed by a truncated Gaussian of its confidence.

    Source:
        Chen et al. 2023, arXiv:2301.10921, equations 6 to 10. The bell is as narrow as in the
        released code: its variance is that of the confidences divided by width^2 = 4.
    """

    def __init__(self, options: SoftMatchOptions, setting: Setting) -> None:
        rule = TruncatedGaussian(
            decay=options.decay,
            width=options.width,
            align=options.align,
            num_classes=setting.num_classes,
            device=setting.device,
        )
        super().__init__(options, setting, rule=rule)


class TruncatedGaussian:
    """Weights exp(-min(p - mean, 0)^2 / (2 variance / width^2)).

    Mean and variance are moving averages of those of the confidence in a batch; they start at
    1 / classes and 1, so that at first every clip has weight 1.

    Args:
        decay: Weight of the old averages at each step.
        width: Standard deviations of the confidence to one of the bell.
        align: Take the confidence of predictions that are divided by their moving mean, and
            divided by their sum.
        num_classes: Classes.
        device: Where the tensors are.
    """

    def __init__(
        self,
        *,
        decay: float,
        width: float,
        align: bool,
        num_classes: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.decay, self.width, self.align = decay, width, align
        self.mean_probabilities = torch.full((num_classes,), 1 / num_classes, device=device)
        self.mean = self.mean_probabilities.mean()
        self.variance = torch.ones_like(self.mean)

    def judge(self, probabilities: Tensor, index: Tensor) -> Selection:
        """Learn from the batch, then select by what was learned."""
        self._follow(self.mean_probabilities, probabilities.mean(0))
        confidence = self._confidence(probabilities)
        deviation = (confidence - confidence.mean()).square().sum()
        self._follow(self.mean, confidence.mean())
        self._follow(self.variance, deviation / max(len(confidence) - 1, 1))
        return self.select(probabilities)

    def select(self, probabilities: Tensor) -> Selection:
        below = (self._confidence(probabilities) - self.mean.to(probabilities)).clamp(max=0)
        bell = 2 * self.variance.to(probabilities).clamp(min=SMALLEST) / self.width**2
        return Selection(probabilities.argmax(1), (-below.square() / bell).exp())

    def threshold(self) -> Tensor:
        """Return the mean confidence, from which on a clip counts fully; scalar."""
        return self.mean

    def state_dict(self) -> dict[str, Any]:
        return {
            "mean": self.mean,
            "variance": self.variance,
            "mean_probabilities": self.mean_probabilities,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, value in self.state_dict().items():
            value.copy_(state[name])

    def _confidence(self, probabilities: Tensor) -> Tensor:
        """Probability of the likeliest class, after alignment, (N,)."""
        if not self.align:
            return probabilities.amax(1)
        even = probabilities / self.mean_probabilities.to(probabilities).clamp(min=SMALLEST)
        return (even / even.sum(1, keepdim=True)).amax(1)

    def _follow(self, average: Tensor, value: Tensor) -> None:
        average.lerp_(value.to(average), 1 - self.decay)
