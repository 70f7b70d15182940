"""Compute only bodies that are there, and put them together again a clip."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skelgraph.errors import LayoutError


@dataclass
class Bodies:
    """The bodies present in a batch, one a row.

    Args:
        positions: Coordinates, shape (P, C, T, V).
        visible: Joints seen in valid frames, bool, shape (P, T, V).
        frames: Valid frames, bool, shape (P, T); None if all are.
        clip: Clip of each row, shape (P,).
        slot: Body slot of each row, shape (P,).
        shape: Clips and slots of the batch, (N, M).
    """

    positions: Tensor
    visible: Tensor
    frames: Tensor | None
    clip: Tensor
    slot: Tensor
    shape: tuple[int, int]

    def mean(self, values: Tensor) -> Tensor:
        """Mean over each clip's bodies: (P, ...) to (N, ...), zero for a clip without any."""
        total = values.new_zeros((self.shape[0], *values.shape[1:]))
        total = total.index_add(0, self.clip, values)
        count = torch.bincount(self.clip, minlength=self.shape[0]).clamp(min=1)
        return total / count.view(-1, *[1] * (values.dim() - 1)).to(values.dtype)

    def scatter(self, values: Tensor) -> Tensor:
        """Put each body into its slot: (P, ...) to (N, M, ...), zero where no body is."""
        full = values.new_zeros((*self.shape, *values.shape[1:]))
        return full.index_put((self.clip, self.slot), values)


def gather_bodies(positions: Tensor, visible: Tensor, frames: Tensor) -> Bodies:
    """Pick the bodies of which any joint is seen in any valid frame.

    Args:
        positions: Coordinates, shape (N, C, T, V, M).
        visible: Joints seen, bool, shape (N, T, V, M).
        frames: Valid frames, bool, shape (N, T).

    Returns:
        The present bodies, clips first, then slots.
    """
    seen = visible & frames[:, :, None, None]
    clip, slot = seen.any(2).any(1).nonzero(as_tuple=True)
    return Bodies(
        positions=positions.permute(0, 4, 1, 2, 3)[clip, slot],
        visible=seen.permute(0, 3, 1, 2)[clip, slot],
        frames=None if bool(frames.all()) else frames[clip],
        clip=clip,
        slot=slot,
        shape=(positions.shape[0], positions.shape[4]),
    )


class BodyCombination(nn.Module):
    """Put the features of a clip's bodies together.

    People are unordered: their mean, so that swapped slots change nothing. Hands are ordered:
    each slot has a learned embedding and its own weights, and an absent slot adds nothing.

    Args:
        width: Features of a body and of the result.
        num_slots: Slots of ordered bodies; None: unordered.
    """

    def __init__(self, width: int, *, num_slots: int | None) -> None:
        super().__init__()
        self.num_slots = num_slots
        if num_slots is not None:
            self.embedding = nn.Parameter(torch.randn(num_slots, width) * 0.02)
            self.mix = nn.Linear(num_slots * width, width)

    def check(self, bodies: Bodies) -> None:
        """Raise LayoutError if a body stands in a slot that has no embedding."""
        if self.num_slots is None or bodies.shape[1] <= self.num_slots:
            return
        highest = int(bodies.slot.max()) if len(bodies.slot) else 0
        if highest >= self.num_slots:
            raise LayoutError(
                f"body slots: expected at most {self.num_slots} for this layout, got a body in "
                f"slot {highest}. Keep the first {self.num_slots} slots."
            )

    def embed(self, bodies: Bodies) -> Tensor | None:
        """Embedding of each row's slot, shape (P, width); None for unordered bodies."""
        return None if self.num_slots is None else self.embedding[bodies.slot]

    def forward(self, values: Tensor, bodies: Bodies) -> Tensor:
        """Combine a clip's bodies: (P, width) to (N, width)."""
        if self.num_slots is None:
            return bodies.mean(values)
        slots = values.new_zeros((bodies.shape[0], self.num_slots, values.shape[1]))
        slots = slots.index_put((bodies.clip, bodies.slot), values)
        return self.mix(slots.flatten(1))
