"""Integrated gradients from the neutral pose."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.explain.question import CHUNK, ExplainOptions, Question, log_odds
from skelgraph.explain.replacing import neutral_batch


def integrated_gradients(question: Question, options: ExplainOptions) -> Tensor:
    """Share of each joint and frame in the log-odds that the pose adds, shape (N, M, T, V).

    The path goes straight from the neutral pose, moved with the body, to the clip; the clip's
    A-links hold all along it, so that their part is that of the joints they carry. What was seen
    stays what was seen. Values sum to the difference of the log-odds at both ends.

    Source:
        Sundararajan et al. 2017, arXiv:1703.01365; the integral by the midpoint rule.
    """
    values, _ = with_completeness(question, options)
    return values


def with_completeness(question: Question, options: ExplainOptions) -> tuple[Tensor, Tensor]:
    """Integrated gradients, and what they should sum to, shape (N,)."""
    batch = question.batch
    start = neutral_batch(batch, layout=question.layout, num_spatial=question.num_spatial)
    way = batch.positions - start.positions
    total = torch.zeros_like(way)
    many = max(CHUNK // max(len(batch), 1), 1)
    for steps in torch.arange(options.steps, device=way.device).split(many):
        shares = (steps + 0.5) / options.steps
        points = start.positions + shares.view(-1, 1, 1, 1, 1, 1).to(way) * way
        total += _gradients(question, points).sum(0)
    values = (total / options.steps * way).sum(1).permute(0, 3, 1, 2)
    ends = torch.stack([start.positions, batch.positions])
    low, high = _scores(question, ends).detach()
    return values, high - low


def _gradients(question: Question, points: Tensor) -> Tensor:
    """Gradient of the log-odds at S variants of the clips, (S, N, C, T, V, M)."""
    points = points.detach().requires_grad_()
    score = _scores(question, points).sum()
    if not score.requires_grad:
        return torch.zeros_like(points)
    return torch.autograd.grad(score, points)[0]


def _scores(question: Question, points: Tensor) -> Tensor:
    """Log-odds of S variants of the clips under the clips' own A-links, (S, N)."""
    count = len(points)
    batch = repeated(question.batch, points)
    given: dict[str, object] = {}
    find = getattr(question.model, "find_links", None)
    if find is not None:
        own = question.batch
        with torch.no_grad():
            links = find(own.positions, own.visible, own.frames)
        given = {} if links is None else {"links": links.repeat(count)}
    with torch.enable_grad():
        output = question.model(batch.positions, batch.visible, batch.frames, **given)
        return log_odds(output.logits, question.target.repeat(count)).unflatten(0, (count, -1))


def repeated(batch: Batch, points: Tensor) -> Batch:
    """A batch whose clips follow one another once a variant of their positions."""
    count = len(points)
    rows = torch.arange(len(batch), device=points.device).repeat(count)
    return replace(batch.select(rows), positions=points.flatten(0, 1))
