"""Deletion and insertion: what the model says as joints go, or come, in a map's order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.explain.groups import Groups
from skelgraph.explain.occlusion import logits_without
from skelgraph.explain.question import CHUNK, ExplainOptions, Question

STEPS = 10  # a curve has one more point


@dataclass(frozen=True, eq=False)
class Curves:
    """Course of a clip's answer as groups are taken away or put back, best first.

    Args:
        deletion: Probability of the target with the first 0, 1/10, ..., all groups taken away,
            shape (N, STEPS + 1).
        insertion: With only those, shape (N, STEPS + 1).

    Deleting in reversed order passes the same variants as inserting, from the other end.
    """

    deletion: Tensor
    insertion: Tensor

    @property
    def deletion_area(self) -> Tensor:
        """Mean height under the deletion curve, smaller is better, shape (N,)."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> Tensor:
        """Mean height under the insertion curve, larger is better, shape (N,)."""
        return area(self.insertion)


def curves(question: Question, groups: Groups, order: Tensor, options: ExplainOptions) -> Curves:
    """Take groups away, and put them back, in an order.

    Args:
        question: Model, clips and classes.
        groups: What goes at once.
        order: Rank of each group in each clip, 0 goes first, as `ranks_of` gives it, (G, N).
        options: How what is taken away is replaced.

    Source:
        Petsiuk et al. 2018, section 4.1, arXiv:1806.07421; with replaced joints in place of
        grey or blurred pixels.
    """
    count = groups.exists.sum(0)  # (N,)
    shares = torch.arange(STEPS + 1, device=count.device) / STEPS
    first = (shares[:, None] * count).round().long()  # (S, N)
    deleted = probabilities_without(question, groups, order[None] < first[:, None], options)
    inserted = probabilities_without(question, groups, order[None] >= first[:, None], options)
    return Curves(deleted.T, inserted.T)


def probabilities_without(
    question: Question, groups: Groups, removed: Tensor, options: ExplainOptions
) -> Tensor:
    """Probability of the target without some groups: bool (S, G, N) to (S, N)."""
    logits = logits_of_variants(question, groups, removed, options)
    target = question.target.expand(logits.shape[:2])[..., None]
    return logits.softmax(-1).gather(-1, target)[..., 0]


def logits_of_variants(
    question: Question, groups: Groups, removed: Tensor, options: ExplainOptions
) -> Tensor:
    """Logits of S variants of each clip: removed groups, bool (S, G, N), to (S, N, classes)."""
    variants, _, clips = removed.shape
    rows = removed.permute(0, 2, 1).flatten(0, 1)  # (S * N, G)
    clip = torch.arange(clips, device=rows.device).repeat(variants)
    parts = [
        logits_without(question, clip[some], groups.union(rows[some], clip[some]), options)
        for some in torch.arange(len(rows), device=rows.device).split(CHUNK)
    ]
    return torch.cat(parts).unflatten(0, (variants, clips))


def ranks_of(values: Tensor, exists: Tensor) -> Tensor:
    """Rank of each group in each clip by falling value, those that do not exist last, (G, N)."""
    low = values.masked_fill(~exists, float("-inf"))
    order = low.argsort(dim=0, descending=True, stable=True)
    ranks = torch.empty_like(order)
    places = torch.arange(len(values), device=values.device)[:, None].expand_as(order)
    return ranks.scatter(0, order, places)


def area(heights: Tensor) -> Tensor:
    """Mean height of curves of evenly spaced points by the trapezoidal rule, (N, P) to (N,)."""
    return (heights[:, 1:] + heights[:, :-1]).mean(1) / 2
