"""From a backbone's features to an output, whatever the backbone."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout
from skelgraph.models.output import Output
from skelgraph.nn.attention import TowerConfig
from skelgraph.nn.bodies import Bodies
from skelgraph.nn.gated_head import GatedHead, HeadInput
from skelgraph.nn.pooled_head import PooledHead
from skelgraph.nn.temporal_conv import frames_between, stride_mask

HEADS = ("gated", "pooled")
RETURNS = (
    "a_links",
    "step_attention",
    "joint_attention",
    "joint_frame_weights",
    "forecast",
    "losses",
)


def check_returns(returns: Collection[str], known: Collection[str] = RETURNS) -> None:
    """Raise ConfigError for a name that a model does not return."""
    for name in returns:
        if name not in known:
            raise ConfigError(unknown_name("returns", name, known))


def check_num_classes(num_classes: int) -> None:
    """Raise ConfigError unless there is a class."""
    if num_classes < 1:
        raise ConfigError(
            f"num_classes: expected at least 1, got {num_classes}. Give labelled clips."
        )


def check_input(positions: Tensor, *, num_coords: int, num_joints: int) -> None:
    """Raise ConfigError unless clips (N, C, T, V, M) are of the model's layout."""
    got = (positions.shape[1], positions.shape[3])
    if got != (num_coords, num_joints):
        raise ConfigError(
            f"positions: expected {num_coords} coordinates of {num_joints} joints, got "
            f"{got[0]} of {got[1]}. Give clips of the layout that the model was made for."
        )


def make_head(
    name: str,
    layout: Layout,
    *,
    channels: int,
    num_classes: int,
    tower: TowerConfig,
    dropout: float,
    causal: bool = False,
) -> nn.Module:
    """Make the head that a name in `HEADS` stands for."""
    slots = layout.max_bodies if layout.instances == "hands" else None
    if name == "pooled":
        return PooledHead(channels, num_classes=num_classes, num_slots=slots, dropout=dropout)
    return GatedHead(
        channels,
        layout.num_joints,
        num_classes=num_classes,
        config=tower,
        num_slots=slots,
        causal=causal,
    )


def recognise(
    head: nn.Module,
    features: Tensor,
    bodies: Bodies,
    *,
    stride: int,
    returns: Collection[str],
    causal: bool = False,
) -> Output:
    """Classify a backbone's features.

    Args:
        head: What `make_head` gave.
        features: Shape (P, C, T', V).
        bodies: The bodies they are of.
        stride: Input frames between two frames of the features.
        returns: Names out of `RETURNS`.
        causal: Whether a strided frame stands for the frames up to it, not for those from it on.
    """
    given = HeadInput(
        features=features,
        visible=frames_between(bodies.visible, stride, causal=causal),
        frames=stride_mask(bodies.frames, stride),
        bodies=bodies,
    )
    parts = head(given, returns=returns)
    out = Output(parts.pop("logits"), parts.pop("features"), gate=parts.pop("gate", None))
    for name in ("step_weights", "step_attention", "joint_attention", "joint_weights"):
        if name in parts:
            setattr(out, name, bodies.mean(parts[name]))
    if "joint_weights" in parts:
        out.body_joint_weights = bodies.scatter(parts["joint_weights"])
    if "joint_frame_weights" in parts:
        spread = spread_frames(parts["joint_frame_weights"], bodies, stride=stride, causal=causal)
        out.joint_frame_weights = bodies.mean(spread)
        out.body_joint_frame_weights = bodies.scatter(spread)
    return out


def spread_frames(weights: Tensor, bodies: Bodies, *, stride: int, causal: bool) -> Tensor:
    """Spread strided frames over the valid input frames they stand for.

    Args:
        weights: A body's values sum to 1, shape (P, T', V).
        bodies: The bodies, T input frames.
        stride: Input frames between two strided frames.
        causal: Whether a strided frame stands for the input frames up to it, and not for those
            from it on.

    Returns:
        Shape (P, T, V), zero in padded frames; each joint keeps its sum over the frames.
    """
    size = bodies.visible.shape[1]
    spread = weights.repeat_interleave(stride, dim=1)
    if causal:
        spread = spread[:, stride - 1 :]
        spread = functional.pad(spread, (0, 0, 0, max(size - spread.shape[1], 0)))
    spread = spread[:, :size]
    if bodies.frames is not None:
        spread = spread * bodies.frames[..., None]
    # A strided frame at the end may stand for fewer input frames than the others.
    return spread * (weights.sum(1) / spread.sum(1).clamp(min=1e-12))[:, None]
