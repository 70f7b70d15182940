"""An exponential moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """Average parameters and buffers over the steps, and lend them to the model.

    Args:
        model: Its state at construction is where the average starts.
        decay: Weight of the old average at each step; the first steps use less, so that the
            start is forgotten: min(decay, (1 + step) / (10 + step)). 0 follows the model.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.shadow = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the model's weights; integer buffers are copied.

        A channel's statistics count from the batch that saw it first: nothing is left of the
        numbers that stood there before.
        """
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, value in model.state_dict().items():
            kept = self.shadow[name]
            if kept.is_floating_point():
                kept.lerp_(value, self._share(name, 1 - decay))
            else:
                kept.copy_(value)

    def _share(self, name: str, share: float) -> float | Tensor:
        """Share of the new value: all of it in statistics of channels not seen before."""
        norm, _, what = name.rpartition("running_")
        # Among a norm's buffers its count comes last, so it is still that of the step before.
        seen = self.shadow.get(f"{norm}num_batches") if what in ("mean", "var") else None
        if seen is None:
            return share
        return torch.where(seen == 0, 1.0, share).to(self.shadow[name].dtype)

    def restart(self, model: nn.Module) -> None:
        """Begin again at the model's weights."""
        self.steps = 0
        for name, value in model.state_dict().items():
            self.shadow[name].copy_(value)

    @contextmanager
    def lent_to(self, model: nn.Module) -> Iterator[None]:
        """Give the model the averaged weights inside the block, and its own back after it."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.shadow)
        try:
            yield
        finally:
            model.load_state_dict(own)

    def state_dict(self) -> dict[str, int | dict[str, Tensor]]:
        """Return what `load_state_dict` restores."""
        return {"steps": self.steps, "shadow": self.shadow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the average."""
        self.steps = int(state["steps"])
        for name, value in state["shadow"].items():
            self.shadow[name].copy_(value)
