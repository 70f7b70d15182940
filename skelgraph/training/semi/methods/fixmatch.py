"""Confident predictions for weak views teach strong views; one fixed threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from skelgraph.training.semi.method import Selection, Setting
from skelgraph.training.semi.methods.checking import AMOUNT, PROBABILITY, check_options
from skelgraph.training.semi.methods.matching import Matching


@dataclass(frozen=True)
class FixMatchOptions:
    """How sure a prediction must be, and how much it counts.

    Args:
        threshold: Least probability of the likeliest class.
        weight: Weight of the unlabelled loss.

    Raises:
        ConfigError: If a value is out of range.
    """

    threshold: float = 0.95
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_options("fixmatch", self, threshold=PROBABILITY, weight=AMOUNT)


class FixMatch(Matching):
    """Minimise L_given + weight * mean(1[max p(weak) >= threshold] CE(argmax, p(strong))).

    Source:
        Sohn et al. 2020, arXiv:2001.07685, equations 3 and 4. There the weak views run in the
        same pass as the rest, in training; here apart and in evaluation.
    """

    def __init__(self, options: FixMatchOptions, setting: Setting) -> None:
        rule = FixedThreshold(options.threshold, device=setting.device)
        super().__init__(options, setting, rule=rule)


class FixedThreshold:
    """Take predictions of at least one confidence; learns nothing.

    Args:
        threshold: That confidence.
        device: Where the tensors are.

    Example:
        >>> rule = FixedThreshold(0.75)
        >>> rule.select(torch.tensor([[0.25, 0.75], [0.5, 0.5]])).weights.tolist()
        [1.0, 0.0]
    """

    def __init__(self, threshold: float, *, device: torch.device | str = "cpu") -> None:
        self.least = torch.tensor(threshold, device=device)

    def judge(self, probabilities: Tensor, index: Tensor) -> Selection:
        return self.select(probabilities)

    def select(self, probabilities: Tensor) -> Selection:
        confidence, labels = probabilities.max(1)
        taken = confidence >= self.least.to(probabilities)
        return Selection(labels, taken.to(probabilities.dtype))

    def threshold(self) -> Tensor:
        return self.least

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore nothing."""
