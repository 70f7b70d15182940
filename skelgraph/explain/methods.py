"""The table of methods, and one way to ask any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.explain.attention import gated_attention, rolled_out_attention, tower_attention
from skelgraph.explain.baselines import motion_energy, random_map
from skelgraph.explain.cam import class_activation
from skelgraph.explain.grad_cam import grad_cam
from skelgraph.explain.integrated_gradients import integrated_gradients
from skelgraph.explain.occlusion import (
    occlude_joints,
    occlude_parts,
    occlude_spans,
    weigh_joints,
)
from skelgraph.explain.question import ExplainOptions, Question
from skelgraph.explain.shapley import shapley_parts


@dataclass(frozen=True)
class Method:
    """How importance is found.

    Args:
        ask: Takes a question and options, gives values (N, M, T, V) or (N, M, V).
        title: What it is, for tables and figures.
        finds: What its values tell apart: "joints and frames", "joints", "parts" or "frames".
        judged: Whether it asks the model at all.
    """

    ask: Callable[[Question, ExplainOptions], Tensor]
    title: str
    finds: str = "joints and frames"
    judged: bool = True


METHODS: dict[str, Method] = {
    "attention": Method(tower_attention, "joint tower's attention"),
    "attention_rollout": Method(rolled_out_attention, "attention, rolled out"),
    "attention_gated": Method(gated_attention, "both towers' attention, gated"),
    "cam": Method(class_activation, "class activation"),
    "grad_cam": Method(grad_cam, "Grad-CAM"),
    "integrated_gradients": Method(integrated_gradients, "integrated gradients"),
    "occlusion": Method(occlude_joints, "occlusion of joints", "joints"),
    "occlusion_change": Method(weigh_joints, "occlusion of joints, either way", "joints"),
    "occlusion_parts": Method(occlude_parts, "occlusion of parts", "parts"),
    "occlusion_spans": Method(occlude_spans, "occlusion of time spans", "frames"),
    "shapley": Method(shapley_parts, "Shapley values of parts", "parts"),
    "random": Method(random_map, "chance", judged=False),
    "motion_energy": Method(motion_energy, "energy of motion", judged=False),
}
DEFAULT_METHOD = "occlusion"  # elected by the table in docs/explain.md


def find_method(name: str) -> Method:
    """Look a method up.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in METHODS:
        raise ConfigError(unknown_name("method", name, METHODS))
    return METHODS[name]


def explain_batch(
    question: Question, *, method: str = DEFAULT_METHOD, options: ExplainOptions | None = None
) -> Tensor:
    """Ask a method about a batch of clips.

    Args:
        question: Model, clips and classes.
        method: A key of `METHODS`.
        options: Its options.

    Returns:
        Importance of each joint, shape (N, M, V), or of each joint and frame, (N, M, T, V); zero
        for absent bodies and in padding.

    Raises:
        ConfigError: If the method is unknown or the model has not what it needs.
    """
    values = find_method(method).ask(question, options or ExplainOptions()).detach()
    present = question.present.permute(0, 3, 1, 2)  # (N, M, T, V)
    return values * (present if values.dim() == 4 else present.any(2))


def joint_values(values: Tensor) -> Tensor:
    """Importance of each joint over the whole clip, (N, M, T, V) or (N, M, V) to (N, M, V)."""
    return values.sum(2) if values.dim() == 4 else values
