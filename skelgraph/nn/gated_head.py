"""The gated transformer head: a tower over frames, a tower over joints, and a gate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from skelgraph.nn.attention import Encoder, TowerConfig, sinusoidal_positions
from skelgraph.nn.bodies import Bodies, BodyCombination
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.pooling import AttentionPool, at_least_one, masked_mean
from skelgraph.nn.precision import full_precision


@dataclass
class HeadInput:
    """What the backbone hands to a head.

    Args:
        features: Shape (P, C, T', V).
        visible: Joints seen around each strided frame, bool, shape (P, T', V).
        frames: Valid strided frames, bool, shape (P, T'); None: all.
        bodies: The bodies of the batch.
    """

    features: Tensor
    visible: Tensor
    frames: Tensor | None
    bodies: Bodies

    @cached_property
    def complete(self) -> bool:
        """Whether all frames are valid and show every joint: then there is nothing to mask.

        A strided frame that is padding may show joints: in the causal form it stands for valid
        frames before it.
        """
        return self.frames is None and bool(self.visible.all())


@dataclass
class TowerOutput:
    """What a tower makes of a body.

    Args:
        pooled: Shape (P, width).
        weights: Weight of each token in `pooled`, rows sum to 1, shape (P, S).
        tokens: Encoded tokens, shape (P, S, width).
        embedded: Tokens before the encoder and what is added to tell them apart, same shape.
        attention: Shape (P, layers, heads, S, S), or None.
    """

    pooled: Tensor
    weights: Tensor
    tokens: Tensor
    embedded: Tensor
    attention: Tensor | None


class StepTower(nn.Module):
    """Encoder whose tokens are frames: the mean over the joints visible in each.

    Frames in which no joint is visible are left out, unless a body has no others.

    Args:
        channels: Features of the backbone.
        config: Sizes.
        causal: A frame sees only itself and those before it.
    """

    def __init__(self, channels: int, *, config: TowerConfig, causal: bool = False) -> None:
        super().__init__()
        self.embed = nn.Linear(channels, config.width)
        self.encoder = Encoder(config, causal=causal)
        self.pool = AttentionPool(config.width)

    def forward(
        self, given: HeadInput, slots: Tensor | None, *, explicit: bool = False
    ) -> TowerOutput:
        """Encode and pool frames; `slots`, shape (P, width), is added to every token."""
        visible = None if given.complete else given.visible[:, None]
        features = masked_mean(given.features, visible, dim=3)  # (P, C, T')
        embedded = self.embed(features.transpose(1, 2))
        positions = sinusoidal_positions(
            *embedded.shape[1:], device=embedded.device, dtype=full_precision(embedded).dtype
        )
        tokens = embedded + positions.to(embedded.dtype)
        if slots is not None:
            tokens = tokens + slots[:, None]
        mask = None if given.complete else shown_frames(given)
        tokens, attention = self.encoder(tokens, mask, explicit=explicit)
        pooled, weights = self.pool(tokens, mask)
        return TowerOutput(pooled, weights, tokens, embedded, attention)


def shown_frames(given: HeadInput) -> Tensor:
    """Valid frames with a visible joint; of a body without any, its valid frames, else all.

    In the causal form a body can be left without any: one seen only after the last frame that
    a strided frame stands for.

    Returns:
        Bool, shape (P, T'), one a row at least.
    """
    shown = given.visible.any(2)
    if given.frames is None:
        return at_least_one(shown)
    shown = shown & given.frames
    return at_least_one(torch.where(shown.any(1, keepdim=True), shown, given.frames))


class JointTower(nn.Module):
    """Encoder whose tokens are joints: the mean over valid frames of each.

    Args:
        channels: Features of the backbone.
        num_joints: Joints V; each has a learned embedding.
        config: Sizes.
    """

    def __init__(self, channels: int, num_joints: int, *, config: TowerConfig) -> None:
        super().__init__()
        self.embed = nn.Linear(channels, config.width)
        self.identity = nn.Parameter(torch.randn(num_joints, config.width) * 0.02)
        self.encoder = Encoder(config)
        self.pool = AttentionPool(config.width)

    def forward(
        self, given: HeadInput, slots: Tensor | None, *, explicit: bool = False
    ) -> TowerOutput:
        """Encode and pool joints; `slots`, shape (P, width), is added to every token."""
        frames = None if given.frames is None else given.frames[:, None, :, None]
        features = masked_mean(given.features, frames, dim=2)  # (P, C, V)
        embedded = self.embed(features.transpose(1, 2))
        tokens = embedded + self.identity
        if slots is not None:
            tokens = tokens + slots[:, None]
        mask = None if given.complete else at_least_one(given.visible.any(1))
        tokens, attention = self.encoder(tokens, mask, explicit=explicit)
        pooled, weights = self.pool(tokens, mask)
        return TowerOutput(pooled, weights, tokens, embedded, attention)


class Gate(nn.Module):
    """Weigh two towers by a softmax and put them side by side.

    h = W concat(s, j) + b, g = softmax(h), y = concat(g_1 s, g_2 j).

    Args:
        width: Features of the step tower.
        joint_width: Features of the other tower; 0: as many.

    Source:
        Liu et al. 2021, section 3.3, arXiv:2103.14438; on pooled towers in place of flattened
        ones, so that length does not matter, unless a model flattens them.
    """

    def __init__(self, width: int, joint_width: int = 0) -> None:
        super().__init__()
        self.score = nn.Linear(width + (joint_width or width), 2)

    def forward(self, step: Tensor, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Gate towers (N, width) and (N, joint width): side by side, and gate (N, 2), sum 1."""
        scores = self.score(torch.cat((step, joint), dim=-1))
        gate = torch.softmax(full_precision(scores), dim=-1)
        weights = gate.to(step.dtype)
        return torch.cat((step * weights[:, :1], joint * weights[:, 1:]), dim=-1), gate


class GatedHead(nn.Module):
    """Classify by a step tower and a joint tower, gated.

    Args:
        channels: Features of the backbone.
        num_joints: Joints V.
        num_classes: Classes.
        config: Sizes of both towers.
        num_slots: Slots of ordered bodies; None: unordered.
        causal: Frames see only the past in the step tower.
    """

    def __init__(
        self,
        channels: int,
        num_joints: int,
        *,
        num_classes: int,
        config: TowerConfig,
        num_slots: int | None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.num_features = 2 * config.width
        self.step_tower = StepTower(channels, config=config, causal=causal)
        self.joint_tower = JointTower(channels, num_joints, config=config)
        self.step_bodies = BodyCombination(config.width, num_slots=num_slots)
        self.joint_bodies = BodyCombination(config.width, num_slots=num_slots)
        self.gate = Gate(config.width)
        self.dropout = Dropout(config.dropout)
        self.classifier = nn.Linear(self.num_features, num_classes)

    def forward(self, given: HeadInput, *, returns: Collection[str] = ()) -> dict[str, Tensor]:
        """Classify clips.

        Args:
            given: The backbone's features and masks.
            returns: Names of attentions wanted besides.

        Returns:
            logits (N, classes), features (N, 2 * width), gate (N, 2), joint_weights (P, V),
            step_weights (P, T'); on request step_attention and joint_attention (P, layers,
            heads, S, S) and joint_frame_weights (P, T', V), each body's sum 1.
        """
        self.step_bodies.check(given.bodies)
        step = self.step_tower(
            given, self.step_bodies.embed(given.bodies), explicit="step_attention" in returns
        )
        joint = self.joint_tower(
            given, self.joint_bodies.embed(given.bodies), explicit="joint_attention" in returns
        )
        features, gate = self.gate(
            self.step_bodies(step.pooled, given.bodies),
            self.joint_bodies(joint.pooled, given.bodies),
        )
        out = {
            "logits": self.classifier(self.dropout(features)),
            "features": features,
            "gate": gate,
            "joint_weights": joint.weights,
            "step_weights": step.weights,
        }
        for name, tower in (("step_attention", step), ("joint_attention", joint)):
            if tower.attention is not None:
                out[name] = tower.attention
        if "joint_frame_weights" in returns:
            out["joint_frame_weights"] = self.joint_frame_weights(given, joint)
        return out

    def joint_frame_weights(self, given: HeadInput, joint: TowerOutput) -> Tensor:
        """Spread each joint's weight over the frames that its token was made of.

        A joint's embedded token e_v is the mean over valid frames t of e_vt, the same linear
        map of a single frame, so |e_v|^2 is the mean of <e_vt, e_v>. Frame t's share of the
        joint's weight is its part of that sum, negative parts set to 0. It says which frames
        made the token what it is; what the encoder then does with the token is in the joint's
        weight alone.

        Returns:
            Shape (P, T', V); a body's values sum to 1.
        """
        rows = given.features.permute(0, 2, 3, 1)
        single = self.joint_tower.embed(rows)  # (P, T', V, width)
        share = full_precision((single * joint.embedded[:, None]).sum(-1)).clamp(min=0)
        valid = torch.ones_like(share)
        if given.frames is not None:
            valid = valid * given.frames[..., None]
        share = share * valid
        even = valid / valid.sum(1, keepdim=True).clamp(min=1)
        total = share.sum(1, keepdim=True)
        share = torch.where(total > 0, share / total.clamp(min=1e-12), even)
        return share * joint.weights[:, None]
