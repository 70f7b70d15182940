"""What is removed at once: joints, parts, or time spans, of each body."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout


@dataclass(frozen=True, eq=False)
class Groups:
    """G groups of joints and frames of N clips.

    Args:
        joints: Which joints, bool, shape (G, V, M).
        frames: Which frames, bool, shape (G, N, T).
        exists: Whether a clip has anything of the group, bool, shape (G, N).
    """

    joints: Tensor
    frames: Tensor
    exists: Tensor

    def __len__(self) -> int:
        return len(self.joints)

    def mask(self, group: Tensor, clip: Tensor) -> Tensor:
        """What belongs to pairs of a group and a clip, bool, (K,) each to (K, T, V, M)."""
        return self.joints[group][:, None] & self.frames[group, clip][:, :, None, None]

    def union(self, members: Tensor, clip: Tensor) -> Tensor:
        """What belongs to any of several groups in a clip.

        Args:
            members: Which groups, bool, shape (K, G).
            clip: Which clip, shape (K,).

        Returns:
            Bool, shape (K, T, V, M).
        """
        frames = self.frames[:, clip]  # (G, K, T)
        chosen, joints = members.float(), self.joints.float()
        if bool((frames == frames[:1]).all()):
            mask = torch.einsum("kg,gvm->kvm", chosen, joints)[:, None]
            return (mask > 0) & frames[0][:, :, None, None]
        return torch.einsum("kg,gkt,gvm->ktvm", chosen, frames.float(), joints) > 0


def joint_groups(batch: Batch, layout: Layout) -> Groups:
    """One group a joint of each body slot, over all frames."""
    bodies, joints = batch.visible.shape[3], layout.num_joints
    each = torch.eye(joints * bodies, dtype=torch.bool).view(-1, joints, bodies)
    return _over_all_frames(batch, each)


def part_groups(batch: Batch, layout: Layout) -> Groups:
    """One group a body part of each body slot; joints outside every part are one together."""
    members = part_members(layout)
    bodies = batch.visible.shape[3]
    each = torch.zeros(bodies, len(members), layout.num_joints, bodies, dtype=torch.bool)
    for body in range(bodies):
        each[body, :, :, body] = members
    return _over_all_frames(batch, each.flatten(0, 1))


def part_members(layout: Layout) -> Tensor:
    """Joints of each part, and of the rest if there is one, bool, shape (parts, V)."""
    groups = [list(part) for part in layout.parts.values()]
    rest = sorted(set(range(layout.num_joints)) - {joint for part in groups for joint in part})
    groups = [*groups, rest] if rest else groups
    members = torch.zeros(len(groups), layout.num_joints, dtype=torch.bool)
    for row, part in enumerate(groups):
        members[row, part] = True
    return members


def span_groups(batch: Batch, layout: Layout, *, spans: int) -> Groups:
    """One group a time span, equal shares of each clip's valid frames, with all joints."""
    length = batch.frames.sum(1, keepdim=True)  # valid frames come first
    step = torch.arange(batch.frames.shape[1], device=batch.frames.device)
    place = torch.where(batch.frames, step * spans // length.clamp(min=1), -1)
    frames = place == torch.arange(spans, device=place.device)[:, None, None]
    bodies = batch.visible.shape[3]
    joints = torch.ones(spans, layout.num_joints, bodies, dtype=torch.bool, device=place.device)
    return Groups(joints, frames, frames.any(2) & batch.bodies.any(1))


def _over_all_frames(batch: Batch, joints: Tensor) -> Groups:
    joints = joints.to(batch.visible.device)
    frames = batch.frames.expand(len(joints), -1, -1)
    bodies = joints.any(1)  # (G, M)
    return Groups(joints, frames, (bodies[:, None] & batch.bodies).any(2))
