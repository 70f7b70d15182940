"""What stands in a clip where joints are taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.data.size import neutral_coordinates
from skelgraph.graphs import Layout
from skelgraph.nn.sightings import sightings

REPLACEMENTS = ("interpolation", "neutral")


def remove_joints(
    batch: Batch,
    removed: Tensor,
    *,
    layout: Layout,
    how: str = "interpolation",
    hide: bool = False,
    num_spatial: int = 3,
) -> Batch:
    """Return a copy of a batch without what some joints do.

    Replaced joints move with the body: with what the joints that stay show of it in each frame,
    as far as the neutral pose tells. Where none stays, its place is interpolated over time, and
    a body that is removed altogether stands at its mean place.

    Args:
        batch: Positions (N, C, T, V, M); it stays as it is.
        removed: Joints to replace, bool, shape (N, T, V, M).
        layout: Gives the neutral pose.
        how: 'neutral': a removed joint stands as in the neutral pose; 'interpolation': it goes,
            relative to the body, straight from where it was last to where it is next, and stays
            at its mean place where it is removed from the whole clip.
        hide: Mark removed joints as not seen; a body that is removed altogether stays seen, since
            its absence is something else.
        num_spatial: Channels that are places; further ones stay.
    """
    count, _, _, _, bodies = batch.positions.shape
    gone = removed & batch.frames[:, :, None, None]
    rows = _Rows(batch, gone, layout, num_spatial)
    filled = rows.neutral if how == "neutral" else rows.interpolated()
    filled = rows.place() + filled
    spatial = filled.unflatten(0, (count, bodies)).permute(0, 2, 3, 4, 1)
    positions = batch.positions.clone()
    positions[:, :num_spatial] = torch.where(gone[:, None], spatial, positions[:, :num_spatial])
    visible = batch.visible
    if hide:
        stays = (visible & ~gone).flatten(1, 2).any(1)[:, None, None]
        visible = visible & ~(gone & stays)
    return replace(batch, positions=positions, visible=visible)


class _Rows:
    """The bodies of a batch, one a row, P = N * M, and what of them stays."""

    def __init__(self, batch: Batch, gone: Tensor, layout: Layout, num_spatial: int) -> None:
        bodies = batch.positions.shape[-1]
        poses = neutral_poses(layout, bodies=bodies, channels=num_spatial).to(batch.positions)
        places = batch.positions[:, :num_spatial]
        self.positions = places.permute(0, 4, 1, 2, 3).flatten(0, 1)  # (P, C, T, V)
        self.neutral = poses.repeat(len(batch), 1, 1)[:, :, None]  # (P, C, 1, V)
        valid = batch.frames[:, :, None, None].expand_as(batch.visible)
        self.valid = valid.permute(0, 3, 1, 2).flatten(0, 1)
        self.gone = gone.permute(0, 3, 1, 2).flatten(0, 1)
        self.seen = batch.visible.permute(0, 3, 1, 2).flatten(0, 1)

    def place(self) -> Tensor:
        """Where the body is in each frame by the joints that stay, (P, C, T, 1)."""
        place, known = self._traced(self.seen & ~self.gone)
        mean, _ = self._traced(self.seen & self.valid)
        mean = masked_average(mean, self.valid[..., :1], dim=2)  # (P, C, 1, 1)
        return torch.where(known.any(1)[:, None, None], _bridged(place, known), mean)

    def interpolated(self) -> Tensor:
        """Each joint about its body, straight over the frames in which it is removed."""
        about = self.positions - self._whole()
        stays = self.valid & ~self.gone
        lines = _bridged(about, stays)
        mean = masked_average(about, self.valid, dim=2)
        return torch.where(stays.any(1)[:, None, None], lines, mean)

    def _whole(self) -> Tensor:
        place, known = self._traced(self.seen & self.valid)
        return _bridged(place, known)

    def _traced(self, stays: Tensor) -> tuple[Tensor, Tensor]:
        """Mean of joints less their neutral places, (P, C, T, 1), and where there is any."""
        offsets = self.positions - self.neutral
        return masked_average(offsets, stays, dim=3), stays.any(2, keepdim=True)


def neutral_poses(layout: Layout, *, bodies: int, channels: int) -> Tensor:
    """Neutral pose of each body slot about its centre, shape (M, C, V)."""
    poses = neutral_coordinates(layout, bodies=bodies, channels=channels)
    poses = poses - poses[:, list(layout.centre)].mean(axis=1, keepdims=True)
    return torch.as_tensor(np.ascontiguousarray(poses.swapaxes(1, 2)))


def neutral_batch(batch: Batch, *, layout: Layout, num_spatial: int = 3) -> Batch:
    """Return a copy in which every body holds the neutral pose and goes where it went."""
    rows = _Rows(batch, torch.zeros_like(batch.visible), layout, num_spatial)
    spatial = rows.place() + rows.neutral
    spatial = spatial.unflatten(0, (len(batch), -1)).permute(0, 2, 3, 4, 1)
    positions = batch.positions.clone()
    present = (batch.frames[:, :, None] & batch.bodies[:, None])[:, None, :, None]
    positions[:, :num_spatial] = torch.where(present, spatial, positions[:, :num_spatial])
    return replace(batch, positions=positions)


def masked_average(values: Tensor, mask: Tensor, *, dim: int) -> Tensor:
    """Mean of (P, C, T, V) over an axis where (P, T, V) is True, kept as length 1."""
    weight = mask[:, None].to(values.dtype)
    return (values * weight).sum(dim, keepdim=True) / weight.sum(dim, keepdim=True).clamp(min=1)


def _bridged(values: Tensor, known: Tensor) -> Tensor:
    """Go straight between known frames of (P, C, T, V), hold the nearest beyond them."""
    before, after = sightings(known)
    size = known.shape[1]
    lower = torch.where(before >= 0, before, after).clamp(0, size - 1)
    upper = torch.where(after < size, after, before).clamp(0, size - 1)
    steps = torch.arange(size, device=known.device)[:, None]
    share = (steps - lower).clamp(min=0) / (upper - lower).clamp(min=1)
    first, last = (
        values.gather(2, frame[:, None].expand(-1, values.shape[1], -1, -1))
        for frame in (lower, upper)
    )
    return torch.lerp(first, last, share.to(values.dtype)[:, None])
