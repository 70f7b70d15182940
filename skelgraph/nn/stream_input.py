"""From positions to the first block's input: streams, normalised, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.transforms.streams import compute_streams, stream_validity


def embed_streams(
    positions: Tensor,
    visible: Tensor,
    *,
    parents: Tensor,
    streams: Sequence[str],
    norm: MaskedBatchNorm,
) -> Tensor:
    """Normalise each stream of each joint and append the visibility channel.

    The statistics leave out what was not measured. A difference (bone, motion) of which one end
    was filled in is zero after normalisation, so that it adds nothing to the first layer: where
    the end was put at the neutral pose it would say how far the clip is from that pose. The
    joint stream keeps what was filled in, which is near its place by construction.

    Args:
        positions: Coordinates, missing joints filled, shape (P, C, T, V).
        visible: Joints seen, bool, shape (P, T, V).
        parents: Parent of each joint, the root its own, int64, shape (V,).
        streams: Names out of `skelgraph.transforms.streams.STREAMS`.
        norm: Of V x C x len(streams) features, joint by joint.

    Returns:
        Shape (P, C * len(streams) + 1, T, V), channels last in memory.
    """
    x = compute_streams(positions, parents, streams)
    rows, channels, size, joints = x.shape
    valid: Tensor | None = None
    if not bool(visible.all()):
        valid = stream_validity(visible, parents, streams)
        valid = valid.repeat_interleave(positions.shape[1], dim=1)  # (P, C * streams, T, V)
    normed = norm(_flat(x), None if valid is None else _flat(valid))
    x = normed.view(rows, joints, channels, size).permute(0, 2, 3, 1)
    if valid is not None:
        kept = torch.tensor([name == "joint" for name in streams], device=x.device)
        kept = kept.repeat_interleave(positions.shape[1])
        x = x.masked_fill(~(valid | kept[:, None, None]), 0)
    x = torch.cat((x, visible[:, None].to(x.dtype)), dim=1)
    return x.contiguous(memory_format=torch.channels_last)


def _flat(x: Tensor) -> Tensor:
    """Put joints and channels into one axis: (P, C, T, V) to (P, V * C, T)."""
    return x.permute(0, 3, 1, 2).flatten(1, 2)
