"""FixMatch with a threshold for each class: lower where the model has learned less."""

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
class FlexMatchOptions:
    """How sure a prediction must be, and how much it counts.

    Args:
        threshold: Least probability of the likeliest class, for a class that is learned best.
        weight: Weight of the unlabelled loss.

    Raises:
        ConfigError: If a value is out of range.
    """

    threshold: float = 0.95
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_options("flexmatch", self, threshold=PROBABILITY, weight=AMOUNT)


class FlexMatch(Matching):
    """FixMatch's loss, with thresholds by class that follow what was learned.

    Source:
        Zhang et al. 2021, arXiv:2110.08263, equations 5 to 12 and algorithm 1. Confidences equal
        to a threshold pass, as in the released code; the paper has them fail.
    """

    def __init__(self, options: FlexMatchOptions, setting: Setting) -> None:
        rule = LearnedCounts(
            options.threshold,
            num_classes=setting.num_classes,
            num_unlabelled=setting.num_unlabelled,
            device=setting.device,
        )
        super().__init__(options, setting, rule=rule)


class LearnedCounts:
    """Thresholds tau b / (2 - b), b the share that a class has of the clips learned.

    A clip is learned as the class of its last prediction of at least tau. With s(c) clips learned
    as class c, and n not learned yet, b(c) = s(c) / max(max s, n). All thresholds are 0 until the
    first clip is learned.

    Args:
        threshold: tau.
        num_classes: Classes.
        num_unlabelled: Clips.
        device: Where the tensors are.
    """

    def __init__(
        self,
        threshold: float,
        *,
        num_classes: int,
        num_unlabelled: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.tau, self.num_classes = threshold, num_classes
        self.learned = torch.full((num_unlabelled,), -1, device=device)

    def judge(self, probabilities: Tensor, index: Tensor) -> Selection:
        """Select by what was learned before this batch, then learn from it."""
        selection = self.select(probabilities)
        self._learn(probabilities.amax(1), selection.labels, index)
        return selection

    def select(self, probabilities: Tensor) -> Selection:
        confidence, labels = probabilities.max(1)
        taken = confidence >= self.thresholds().to(probabilities)[labels]
        return Selection(labels, taken.to(probabilities.dtype))

    def thresholds(self) -> Tensor:
        """Return the threshold of each class, (classes,)."""
        counts = self.learned.new_zeros(self.num_classes + 1)
        counts.scatter_add_(0, self.learned + 1, torch.ones_like(self.learned))
        # The place before the classes counts the clips that are not learned: it is part of the
        # maximum. Without any clip it is 0, and so are all thresholds.
        share = counts[1:] / counts.max().clamp(min=1)
        return self.tau * share / (2 - share)

    def threshold(self) -> Tensor:
        return self.thresholds().mean()

    def _learn(self, confidence: Tensor, labels: Tensor, index: Tensor) -> None:
        """Note the sure ones; of a clip that comes twice in a batch, the surest view."""
        best = torch.zeros_like(self.learned, dtype=confidence.dtype)
        best.scatter_reduce_(0, index, confidence, "amax")
        sure = (confidence >= self.tau) & (confidence == best[index])
        # Maxima, since an assignment to one place from several would depend on the device.
        new = torch.full_like(self.learned, -1)
        new.scatter_reduce_(0, index, torch.where(sure, labels, -1), "amax")
        self.learned.copy_(torch.where(new >= 0, new, self.learned))

    def state_dict(self) -> dict[str, Any]:
        return {"learned": self.learned}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.learned.copy_(state["learned"])
