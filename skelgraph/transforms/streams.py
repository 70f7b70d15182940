"""Joint, bone and motion streams of a batch of bodies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skelgraph.errors import ConfigError, unknown_name

STREAMS = ("joint", "bone", "joint_motion", "bone_motion")


def check_streams(streams: Sequence[str]) -> None:
    """Raise ConfigError unless there is a stream and each is known and named once."""
    for name in streams:
        if name not in STREAMS:
            raise ConfigError(unknown_name("stream", name, STREAMS))
    if not streams or len(set(streams)) != len(streams):
        raise ConfigError(
            f"streams: expected one or more different names, got {list(streams)}. "
            f"Choose from {', '.join(STREAMS)}."
        )


def compute_streams(positions: Tensor, parents: Tensor, streams: Sequence[str]) -> Tensor:
    """Derive streams from positions and put them side by side as channels.

    A bone is the joint minus its parent; a motion is the frame minus the one before it, zero in
    the first, so that no frame depends on a later one.

    Args:
        positions: Coordinates, shape (P, C, T, V).
        parents: Parent of each joint, the root its own, int64, shape (V,).
        streams: Names out of `STREAMS`.

    Returns:
        Shape (P, C * len(streams), T, V), streams in the order given.

    Source:
        Shi et al. 2019 (2s-AGCN, arXiv:1805.07694) for bones; their motion takes the frame
        after minus the frame.
    """
    bones = positions - positions[..., parents] if any("bone" in s for s in streams) else None
    parts = []
    for name in streams:
        values = positions if bones is None or name.startswith("joint") else bones
        parts.append(motion(values) if name.endswith("motion") else values)
    return torch.cat(parts, dim=1)


def motion(values: Tensor) -> Tensor:
    """Difference to the frame before, zero in the first: same shape, (P, C, T, V)."""
    return torch.diff(values, dim=2, prepend=values[:, :, :1])


def stream_validity(visible: Tensor, parents: Tensor, streams: Sequence[str]) -> Tensor:
    """Say which values of `compute_streams` were measured: both ends of a difference were seen.

    A bone's ends are the joint and its parent, a motion's the frame and the one before it. The
    zero of the root's bone, and that of the first frame's motion, count as the joint does.

    Args:
        visible: Joints seen, bool, shape (P, T, V).
        parents: Parent of each joint, the root its own, int64, shape (V,).
        streams: Names out of `STREAMS`.

    Returns:
        Bool, shape (P, len(streams), T, V).
    """
    bones = visible & visible[..., parents]
    parts = []
    for name in streams:
        valid = bones if name.startswith("bone") else visible
        if name.endswith("motion"):
            valid = valid & torch.cat((valid[:, :1], valid[:, :-1]), dim=1)
        parts.append(valid)
    return torch.stack(parts, dim=1)
