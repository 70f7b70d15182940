"""Which A-links a decision rests on."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from skelgraph.errors import ConfigError
from skelgraph.explain.question import Question, log_odds
from skelgraph.nn.bodies import gather_bodies


def link_importance(question: Question) -> Tensor:
    """Importance of each A-link: its weight times the gradient of the log-odds by it.

    That is what the log-odds lose without the link, to first order; the links' normalisation by
    what a joint receives is part of it. Negative links speak against the class.

    Args:
        question: Model, clips and classes; the model has A-links.

    Returns:
        From u to v by type without the ghost, zero for absent bodies, shape (N, M, K - 1, V, V).

    Raises:
        ConfigError: If the model has no A-links.
    """
    batch = question.batch
    given = (batch.positions, batch.visible, batch.frames)
    find = getattr(question.model, "find_links", None)
    with torch.no_grad():
        links = None if find is None else find(*given)
    if links is None:
        raise ConfigError(
            f"A-links: expected a model that has them, got {type(question.model).__name__} "
            "without. Train as_gcn with --a-links."
        )
    bodies = gather_bodies(*given)
    chosen = links.chosen.detach()
    if not len(chosen):
        return bodies.scatter(chosen.sum(1)[:, 1:])
    chosen.requires_grad_()
    output = question.model(*given, links=replace(links, chosen=chosen))
    score = log_odds(output.logits, question.target).sum()
    values = torch.autograd.grad(score, chosen)[0] * chosen.detach()
    return bodies.scatter(values.sum(1)[:, 1:])  # causal models have a set a block of frames
