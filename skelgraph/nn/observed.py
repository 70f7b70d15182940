"""Bodies as the observed frames alone show them: nothing in them depends on another frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from skelgraph.graphs import Layout
from skelgraph.nn.bodies import Bodies
from skelgraph.nn.sightings import sightings


class ObservedBodies(nn.Module):
    """Fill and centre bodies anew from the joints seen in the observed frames.

    Clips are prepared as a whole: their gaps are filled and their centre is found with the help
    of frames that a forecast must not know. Here every joint that was not seen is placed again.
    Between two sightings it moves in a straight line, before the first and after the last it
    holds its place, and one never seen stands as in the neutral pose about the body. Then the
    clip's mean centre becomes the origin. In the causal form a joint holds its last place until
    it is seen again, and the origin is the centre in the first frame.

    Args:
        layout: Skeleton.
        num_coords: Coordinates of a joint, all of them places.
        causal: Whether no frame may depend on a later one.
    """

    neutral: Tensor

    def __init__(self, layout: Layout, *, num_coords: int, causal: bool) -> None:
        super().__init__()
        self.centre = list(layout.centre)
        self.causal = causal
        poses = np.stack([layout.neutral_of(body)[:, :num_coords] for body in range(2)])
        poses = poses - poses[:, self.centre].mean(axis=1, keepdims=True)
        neutral = torch.tensor(poses, dtype=torch.float32).transpose(1, 2)  # (2, C, V)
        self.register_buffer("neutral", neutral, persistent=False)

    def forward(self, bodies: Bodies) -> tuple[Bodies, Tensor]:
        """Place the joints anew.

        Args:
            bodies: Present bodies; their positions count only where they are visible.

        Returns:
            The bodies about their new origin, and that origin, shape (P, C, 1, 1).
        """
        positions = self._filled(bodies)
        middle = positions[..., self.centre].mean(3)  # (P, C, T)
        origin = bodies.mean(self._origin(middle, bodies.frames))[bodies.clip]
        origin = origin[:, :, None, None]
        return replace(bodies, positions=positions - origin), origin

    def _filled(self, bodies: Bodies) -> Tensor:
        before, after = sightings(bodies.visible)
        frames = bodies.visible.shape[1]
        never = (before < 0) & (after == frames)
        if self.causal:
            never, after = before < 0, before
        lower = torch.where(before >= 0, before, after)
        upper = torch.where(after < frames, after, before)
        lower, upper = lower.clamp(0, frames - 1), upper.clamp(0, frames - 1)
        steps = torch.arange(frames, device=lower.device)[:, None]
        share = (steps - lower).clamp(min=0) / (upper - lower).clamp(min=1)
        first, last = at_frames(bodies.positions, lower), at_frames(bodies.positions, upper)
        moved = torch.lerp(first, last, share.to(first.dtype)[:, None])
        return torch.where(never[:, None], self._neutral_places(bodies), moved)

    def _neutral_places(self, bodies: Bodies) -> Tensor:
        """The neutral pose about each body's centre as far as it is known, (P, C, 1 or T, V)."""
        slot = bodies.slot.clamp(max=1)
        offsets = self.neutral.to(bodies.positions.dtype)[slot][:, :, None]  # (P, C, 1, V)
        seen = bodies.visible[:, None]
        total = ((bodies.positions - offsets) * seen).sum(3, keepdim=True)  # (P, C, T, 1)
        count = seen.sum(3, keepdim=True)
        if self.causal:
            total, count = total.cumsum(2), count.cumsum(2)
        else:
            total, count = total.sum(2, keepdim=True), count.sum(2, keepdim=True)
        return total / count.clamp(min=1) + offsets

    def _origin(self, middle: Tensor, frames: Tensor | None) -> Tensor:
        """A body's share in the clip's origin, from its centre in each frame: (P, C)."""
        if self.causal:
            return middle[:, :, 0]
        if frames is None:
            return middle.mean(2)
        valid = frames[:, None].to(middle.dtype)
        return (middle * valid).sum(2) / valid.sum(2).clamp(min=1)


def at_frames(positions: Tensor, frame: Tensor) -> Tensor:
    """Take each joint from a frame of its own: (P, C, T, V) and (P, T', V) to (P, C, T', V)."""
    return positions.gather(2, frame[:, None].expand(-1, positions.shape[1], -1, -1))
