"""Shapley values of body parts, by sampled orders."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.explain.groups import Groups, part_groups
from skelgraph.explain.occlusion import over_joints, scores_without
from skelgraph.explain.question import CHUNK, ExplainOptions, Question


def shapley_parts(question: Question, options: ExplainOptions) -> Tensor:
    """Mean gain of log-odds as a part joins those before it, shared by its joints, (N, M, V).

    Parts join in random orders, each also taken backwards. A clip's values sum to its log-odds
    less those of the clip without any part, whatever the number of orders.

    Source:
        Castro et al. 2009, doi:10.1016/j.cor.2008.04.004; backwards too: Mitchell et al. 2022,
        arXiv:2104.12199.
    """
    groups = part_groups(question.batch, question.layout)
    return over_joints(shapley_values(question, groups, options), groups)


def shapley_values(question: Question, groups: Groups, options: ExplainOptions) -> Tensor:
    """Shapley value of each group, shape (G, N); 0 where a clip has nothing of it."""
    count, clips = groups.exists.shape
    values = torch.zeros(count, clips, device=groups.exists.device)
    for order in orders(count, options, device=values.device):
        known = _scores_as_groups_join(question, groups, order, options)
        values[order] += known[1:] - known[:-1]
    return values / options.samples


def orders(count: int, options: ExplainOptions, *, device: torch.device) -> list[Tensor]:
    """Draw orders of the groups, each followed by itself backwards."""
    generator = torch.Generator().manual_seed(options.seed)
    drawn = [torch.randperm(count, generator=generator) for _ in range(options.samples // 2)]
    return [way.to(device) for order in drawn for way in (order, order.flip(0))]


def _scores_as_groups_join(
    question: Question, groups: Groups, order: Tensor, options: ExplainOptions
) -> Tensor:
    """Log-odds without any group, then with one more each time, shape (G + 1, N)."""
    count, clips = groups.exists.shape
    place = torch.empty_like(order)
    place[order] = torch.arange(count, device=order.device)
    joined, clip = torch.meshgrid(
        torch.arange(count + 1, device=order.device),
        torch.arange(clips, device=order.device),
        indexing="ij",
    )
    scores = []
    for some in torch.arange(joined.numel(), device=order.device).split(CHUNK):
        lacking = place >= joined.flatten()[some, None]  # (K, G)
        rows = clip.flatten()[some]
        removed = groups.union(lacking, rows)
        scores.append(scores_without(question, rows, removed, options))
    return torch.cat(scores).view(count + 1, clips)
