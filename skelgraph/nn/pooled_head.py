"""The recognition head of the paper: a mean and a linear layer."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn

from skelgraph.nn.bodies import BodyCombination
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.gated_head import HeadInput
from skelgraph.nn.pooling import at_least_one, masked_mean


class PooledHead(nn.Module):
    """Classify by the mean over valid frames, joints seen in the clip, and bodies.

    Args:
        channels: Features of the backbone.
        num_classes: Classes.
        num_slots: Slots of ordered bodies, which are combined slot by slot; None: mean.
        dropout: Share dropped before the classifier.

    Source:
        Li et al. 2019, section 3.5, arXiv:1904.12659.
    """

    def __init__(
        self, channels: int, *, num_classes: int, num_slots: int | None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.num_features = channels
        self.bodies = BodyCombination(channels, num_slots=num_slots)
        self.dropout = Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, given: HeadInput, *, returns: Collection[str] = ()) -> dict[str, Tensor]:
        """Classify clips: logits (N, classes) and features (N, channels)."""
        self.bodies.check(given.bodies)
        seen = at_least_one(given.visible.any(1))
        values = masked_mean(given.features, seen[:, None, None], dim=3)
        frames = None if given.frames is None else given.frames[:, None]
        values = masked_mean(values, frames, dim=2)
        slots = self.bodies.embed(given.bodies)
        values = values if slots is None else values + slots
        features = self.bodies(values, given.bodies)
        return {"logits": self.classifier(self.dropout(features)), "features": features}
