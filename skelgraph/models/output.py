"""What a model says about a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from skelgraph.nn.bodies import Bodies


@dataclass
class Encoded:
    """What the blocks of a model make of a batch, before its head.

    Args:
        features: Shape (P, C', T', V).
        bodies: The P bodies they are of.
        stride: Input frames between two frames of the features.
        losses: As those of `Output`, where asked for.
    """

    features: Tensor
    bodies: Bodies
    stride: int
    losses: dict[str, Tensor] = field(default_factory=dict)


@dataclass
class Output:
    """What a model says about a batch of N clips with M body slots.

    Fields that were not asked for, or that the model does not have, are None.

    Args:
        logits: Shape (N, classes).
        features: What the classifier sees, shape (N, D).
        gate: Weight of the step and of the joint tower, rows sum to 1, shape (N, 2).
        joint_weights: Weight of each joint in the joint tower's pooling, mean over a clip's
            bodies, rows sum to 1, shape (N, V).
        body_joint_weights: The same a body, zero for absent bodies, shape (N, M, V).
        step_weights: Weight of each strided frame in the step tower's pooling, (N, T').
        a_links: Probability of each link type, the ghost first, from u to v, shape
            (N, M, K, V, V); of a causal model those of the last block.
        step_attention: Mean over bodies, shape (N, layers, heads, T', T').
        joint_attention: Mean over bodies, shape (N, layers, heads, V, V).
        joint_frame_weights: Each joint's weight spread over the input frames, mean over bodies,
            sums to 1, shape (N, T, V).
        body_joint_frame_weights: The same a body, shape (N, M, T, V).
        channel_weights: Weight of each channel in the channel tower's pooling, mean over a
            clip's bodies, rows sum to 1, shape (N, channels).
        channel_attention: Mean over bodies, shape (N, layers, heads, channels, channels).
        forecast: Coordinates of the frames that follow, shape (N, C, F, V, M).
        losses: Auxiliary terms by name, scalars: 'aim_nll', 'aim_kl', 'forecast'. Of several
            processes that train together each has a part; their mean is the batch's term.
    """

    logits: Tensor
    features: Tensor
    gate: Tensor | None = None
    joint_weights: Tensor | None = None
    body_joint_weights: Tensor | None = None
    step_weights: Tensor | None = None
    a_links: Tensor | None = None
    step_attention: Tensor | None = None
    joint_attention: Tensor | None = None
    joint_frame_weights: Tensor | None = None
    body_joint_frame_weights: Tensor | None = None
    channel_weights: Tensor | None = None
    channel_attention: Tensor | None = None
    forecast: Tensor | None = None
    losses: dict[str, Tensor] = field(default_factory=dict)
