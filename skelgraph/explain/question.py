"""What is asked: why does this model give these clips these classes?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from skelgraph.data.dataset import Batch
from skelgraph.errors import ConfigError, unknown_name
from skelgraph.explain.replacing import REPLACEMENTS
from skelgraph.graphs import Layout
from skelgraph.nn.precision import full_precision

CHUNK = 128  # variants of clips that go through a model at once


@dataclass(frozen=True)
class ExplainOptions:
    """How the methods that have a choice work.

    Args:
        replacement: What stands where joints are removed, a name in `replacing.REPLACEMENTS`.
        hide: Whether the model is told that removed joints were not seen.
        steps: Points on the path of integrated gradients.
        samples: Orders in which parts are added for Shapley values, half of them reversed.
        spans: Time spans into which a clip is cut.
        seed: Source of what is left to chance.
    """

    replacement: str = "interpolation"
    hide: bool = True
    steps: int = 32
    samples: int = 8
    spans: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.replacement not in REPLACEMENTS:
            raise ConfigError(unknown_name("replacement", self.replacement, REPLACEMENTS))
        for name, least in (("steps", 1), ("samples", 2), ("spans", 1), ("seed", 0)):
            got = getattr(self, name)
            if got < least:
                raise ConfigError(f"{name}: expected {least} or more, got {got}. Give more.")
        if self.samples % 2:
            raise ConfigError(
                f"samples: expected an even number, got {self.samples}. Each order is also taken "
                "backwards."
            )


@dataclass(frozen=True, eq=False)
class Question:
    """Why does a model give N clips these classes?

    Args:
        model: In evaluation mode, takes (positions, visible, frames).
        layout: Skeleton of the clips.
        batch: The clips.
        target: Class asked about, int64, shape (N,).
        num_spatial: Channels that are places; further ones are left as they are.
    """

    model: nn.Module
    layout: Layout
    batch: Batch
    target: Tensor
    num_spatial: int = 3

    @property
    def present(self) -> Tensor:
        """Joints that a body has, in valid frames, bool, shape (N, T, V, M)."""
        bodies = self.batch.bodies[:, None, None]
        joints = torch.ones_like(self.batch.visible)
        return joints & bodies & self.batch.frames[:, :, None, None]

    def select(self, rows: Tensor) -> Question:
        """Ask about some of the clips, in the order given, repeated where repeated."""
        return replace(self, batch=self.batch.select(rows), target=self.target[rows])


def log_odds(logits: Tensor, target: Tensor) -> Tensor:
    """Log-odds of a class against all others, shape (N,).

    Unlike a probability they do not saturate, and unlike a logit they do not count what is added
    to all classes.

    Args:
        logits: Shape (N, classes), at least two.
        target: Class of each row, int64, shape (N,).

    Raises:
        ConfigError: If there is one class only.

    Example:
        >>> log_odds(torch.tensor([[2.0, 0.0]]), torch.tensor([0])).tolist()
        [2.0]
    """
    if logits.shape[1] < 2:
        raise ConfigError(
            f"classes: expected two or more to explain one, got {logits.shape[1]}. Train on more."
        )
    scores = full_precision(logits)
    own = scores.gather(1, target[:, None])
    others = scores.scatter(1, target[:, None], float("-inf"))
    return own[:, 0] - others.logsumexp(1)


@torch.no_grad()
def class_logits(model: nn.Module, batch: Batch) -> Tensor:
    """Logits of a batch in pieces that fit into memory, (N, classes)."""
    parts = [
        model(piece.positions, piece.visible, piece.frames).logits
        for piece in (
            batch.select(rows)
            for rows in torch.arange(len(batch), device=batch.label.device).split(CHUNK)
        )
    ]
    return full_precision(torch.cat(parts))
