"""Occlusion: how much less sure is the model without a joint, a part, a time span?"""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.explain.groups import Groups, joint_groups, part_groups, span_groups
from skelgraph.explain.question import CHUNK, ExplainOptions, Question, log_odds
from skelgraph.explain.replacing import remove_joints
from skelgraph.nn.precision import full_precision


def occlude_joints(question: Question, options: ExplainOptions) -> Tensor:
    """Importance of each joint: the log-odds lost without it, shape (N, M, V)."""
    groups = joint_groups(question.batch, question.layout)
    lost = loss_without(question, groups, options)  # (G, N)
    bodies = question.batch.visible.shape[3]
    return lost.T.unflatten(1, (question.layout.num_joints, bodies)).transpose(1, 2)


def weigh_joints(question: Question, options: ExplainOptions) -> Tensor:
    """How far the log-odds move without a joint, whichever way, shape (N, M, V).

    A model may give a class wherever the others show no sign of theirs. Then nothing speaks for
    it, and what would have shown another class matters all the same.
    """
    return occlude_joints(question, options).abs()


def occlude_parts(question: Question, options: ExplainOptions) -> Tensor:
    """Log-odds lost without a body part, shared evenly by its joints, shape (N, M, V)."""
    groups = part_groups(question.batch, question.layout)
    return over_joints(loss_without(question, groups, options), groups)


def occlude_spans(question: Question, options: ExplainOptions) -> Tensor:
    """Log-odds lost without a time span, shared evenly by its frames and joints, (N, M, T, V)."""
    groups = span_groups(question.batch, question.layout, spans=options.spans)
    lost = loss_without(question, groups, options)
    present = question.present
    spread = torch.einsum("gn,gnt->nt", lost, groups.frames.to(lost.dtype))[..., None, None]
    cells = torch.einsum("gnt,nt->gn", groups.frames.to(lost.dtype), present.sum((2, 3)).to(lost))
    share = torch.einsum("gn,gnt->nt", cells, groups.frames.to(lost.dtype))[..., None, None]
    return (spread / share.clamp(min=1) * present).permute(0, 3, 1, 2)


def loss_without(question: Question, groups: Groups, options: ExplainOptions) -> Tensor:
    """Log-odds lost when each group is removed alone, 0 where a clip has nothing of it, (G, N)."""
    whole = scores_of(question)
    group, clip = groups.exists.nonzero(as_tuple=True)
    lost = whole.new_zeros(groups.exists.shape)
    for some in torch.arange(len(group), device=group.device).split(CHUNK):
        mask = groups.mask(group[some], clip[some])
        without = scores_without(question, clip[some], mask, options)
        lost[group[some], clip[some]] = whole[clip[some]] - without
    return lost


@torch.no_grad()
def scores_of(question: Question) -> Tensor:
    """Log-odds of the target in the clips as they are, shape (N,)."""
    batch = question.batch
    logits = question.model(batch.positions, batch.visible, batch.frames).logits
    return log_odds(logits, question.target)


def scores_without(
    question: Question, clip: Tensor, removed: Tensor, options: ExplainOptions
) -> Tensor:
    """Log-odds of the target in some clips without what is removed, shape (K,).

    Args:
        question: The clips.
        clip: Which clip each variant is of, shape (K,).
        removed: What it lacks, bool, shape (K, T, V, M).
        options: How it is replaced.
    """
    return log_odds(logits_without(question, clip, removed, options), question.target[clip])


@torch.no_grad()
def logits_without(
    question: Question, clip: Tensor, removed: Tensor, options: ExplainOptions
) -> Tensor:
    """Logits of some clips without what is removed, (K, classes); see `scores_without`."""
    changed = remove_joints(
        question.batch.select(clip),
        removed,
        layout=question.layout,
        how=options.replacement,
        hide=options.hide,
        num_spatial=question.num_spatial,
    )
    output = question.model(changed.positions, changed.visible, changed.frames)
    return full_precision(output.logits)


def over_joints(values: Tensor, groups: Groups) -> Tensor:
    """Share the value of each group evenly over its joints: (G, N) to (N, M, V)."""
    member = groups.joints.to(values.dtype)
    return torch.einsum("gn,gvm->nmv", values, member / member.sum((1, 2), keepdim=True))
