"""What the two towers of the gated head attend to."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.errors import ConfigError
from skelgraph.explain.features import Seen, look_at_head, over_input_frames
from skelgraph.explain.question import ExplainOptions, Question


def tower_attention(question: Question, options: ExplainOptions) -> Tensor:
    """Weight of each joint in the joint tower's pooling, spread over frames, (N, M, T, V).

    A body's values sum to 1. They do not depend on the class asked about.
    """
    del options
    batch = question.batch
    with torch.no_grad():
        output = question.model(
            batch.positions, batch.visible, batch.frames, returns=("joint_frame_weights",)
        )
    if output.body_joint_frame_weights is None:
        raise ConfigError(_needs("with a tower over joints, whose tokens are pooled"))
    return output.body_joint_frame_weights


def rolled_out_attention(question: Question, options: ExplainOptions) -> Tensor:
    """Attention of all layers of the joint tower followed back to its input, (N, M, T, V).

    In each layer half of a token comes from itself, past the attention, and half by the mean of
    the heads; the product over layers, weighed by the pooling, is what each input token gives.
    Where a joint's frames come in is as in `tower_attention`.

    Source:
        Abnar and Zuidema 2020, arXiv:2005.00928; pooled by attention in place of a class token.
    """
    del options
    seen = _towers(question, "joint_attention")
    weights = seen.parts["joint_weights"]
    rolled = follow_back(weights, seen.parts["joint_attention"])
    by_frame = seen.parts["joint_frame_weights"]
    share = by_frame / by_frame.sum(1, keepdim=True).clamp(min=1e-12)
    return over_input_frames(share * rolled[:, None], seen, question)


def follow_back(weights: Tensor, attention: Tensor) -> Tensor:
    """Follow the weights of output tokens back to input tokens.

    Args:
        weights: Weight of each output token, rows sum to 1, shape (P, S).
        attention: Shape (P, layers, heads, S, S).

    Returns:
        Rows sum to 1, shape (P, S).
    """
    for layer in reversed(attention.mean(2).unbind(1)):
        weights = 0.5 * weights + 0.5 * (weights[:, None] @ layer)[:, 0]
    return weights


def gated_attention(question: Question, options: ExplainOptions) -> Tensor:
    """Attention of both towers, weighed by the gate, shape (N, M, T, V); a body's sum is 1.

    The step tower's token of a frame is the mean of the joints seen about it, so each has an
    even share of the frame's weight.
    """
    del options
    seen = _towers(question, "step_attention")
    visible = seen.given.visible.to(seen.given.features.dtype)
    even = visible / visible.sum(2, keepdim=True).clamp(min=1)
    steps = seen.parts["step_weights"][..., None] * even
    gate = seen.parts["gate"][seen.given.bodies.clip][:, :, None, None]
    both = gate[:, 0] * steps + gate[:, 1] * seen.parts["joint_frame_weights"]
    return over_input_frames(both, seen, question)


def _towers(question: Question, wanted: str) -> Seen:
    with torch.no_grad():
        seen = look_at_head(question, returns=(wanted, "joint_frame_weights"))
    if "joint_weights" not in seen.parts:
        raise ConfigError(_needs("with the gated head"))
    return seen


def _needs(what: str) -> str:
    return (
        f"method: expected a model {what}, got another. Train with --head gated, or take occlusion."
    )
