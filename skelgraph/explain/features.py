"""What a network hands to its head, and what the head answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from skelgraph.errors import ConfigError
from skelgraph.explain.question import Question
from skelgraph.nn.gated_head import HeadInput


@dataclass
class Seen:
    """What passed between a backbone and its head.

    Args:
        given: What the head was given.
        parts: What it returned, by name, bodies as rows.
        logits: Shape (N, classes).
    """

    given: HeadInput
    parts: dict[str, Tensor]
    logits: Tensor


def look_at_head(
    question: Question, *, returns: Collection[str] = (), gradient: bool = False
) -> Seen:
    """Run a model and keep what its head was given and returned.

    Args:
        question: Model and clips.
        returns: What the head shall return besides.
        gradient: Make the features a leaf, so that the head alone is differentiated.

    Raises:
        ConfigError: If the model has no head over a graph's features.
    """
    kept: dict[str, Any] = {}

    def before(_: nn.Module, arguments: tuple[Any, ...]) -> tuple[HeadInput]:
        given: HeadInput = arguments[0]
        if gradient:
            given = replace(given, features=given.features.detach().requires_grad_())
        kept["given"] = given
        return (given,)

    def after(_: nn.Module, __: tuple[Any, ...], parts: dict[str, Tensor]) -> None:
        kept["parts"] = dict(parts)

    head = head_of(question.model)
    hooks = (head.register_forward_pre_hook(before), head.register_forward_hook(after))
    batch = question.batch
    try:
        with torch.set_grad_enabled(gradient):
            output = question.model(batch.positions, batch.visible, batch.frames, returns=returns)
    finally:
        for hook in hooks:
            hook.remove()
    return Seen(kept["given"], kept["parts"], output.logits)


def head_of(model: nn.Module) -> nn.Module:
    """Return the head of a network over a graph.

    Raises:
        ConfigError: If the model has none.
    """
    head = getattr(model, "head", None)
    if not isinstance(head, nn.Module):
        raise ConfigError(
            "method: expected a model with a graph backbone and a head, got "
            f"{type(model).__name__}. Take integrated_gradients or occlusion, which need neither."
        )
    return head


def over_input_frames(values: Tensor, seen: Seen, question: Question) -> Tensor:
    """Share the value of each strided frame evenly by the input frames that it stands for.

    Args:
        values: Value of each joint and strided frame, of any sign, shape (P, T', V).
        seen: Where the bodies and masks come from.
        question: Model and clips.

    Returns:
        Shape (N, M, T, V), zero for absent bodies and in padding.
    """
    bodies = seen.given.bodies
    config: Any = question.model.config
    stride = prod(config.strides)
    size = bodies.visible.shape[1]
    step = torch.arange(size, device=values.device)
    if getattr(config, "causal", False):
        step = step + stride - 1  # a causal frame stands for those up to it
    place = (step // stride).clamp(max=values.shape[1] - 1)
    spread = values[:, place]
    valid = values.new_ones((len(values), size))
    if bodies.frames is not None:
        valid = bodies.frames.to(values.dtype)
    count = values.new_zeros((len(values), values.shape[1])).index_add(1, place, valid)
    spread = spread / count[:, place].clamp(min=1)[..., None] * valid[..., None]
    return bodies.scatter(spread)
