"""Passes of a learner over several batches at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.data.joining import join_batches
from skelgraph.nn.precision import full_precision
from skelgraph.training.learner import Learner


def logits_of(learner: Learner, *batches: Batch) -> tuple[list[Tensor], Tensor]:
    """Run all batches through the model in one pass, with gradient.

    One pass, so that the statistics of normalisation are those of all clips, as Sohn et al. 2020
    (arXiv:2001.07685) have it.

    Returns:
        Logits of each batch, (N, classes), and the model's own auxiliary loss (that of the
        A-links and the prediction head, weighted), a scalar.
    """
    joined = join_batches(batches)
    output = learner.model(joined.positions, joined.visible, joined.frames, returns=("losses",))
    extra = output.logits.new_zeros(())
    for name, term in output.losses.items():
        extra = extra + term * learner.auxiliary_weight(name)
    parts = output.logits.split([len(batch) for batch in batches])
    return [full_precision(part) for part in parts], extra


@torch.no_grad()
def predict(learner: Learner, *batches: Batch, averaged: bool = False) -> list[Tensor]:
    """Predict without gradient, in evaluation: no noise, no dropout, stored statistics.

    Args:
        learner: Left as it was.
        batches: In one pass.
        averaged: With the averaged weights in place of the latest.

    Returns:
        Logits of each batch, (N, classes).
    """
    joined = join_batches(batches)
    with _evaluating(learner, averaged=averaged):
        output = learner.model(joined.positions, joined.visible, joined.frames)
    return [full_precision(p) for p in output.logits.split([len(batch) for batch in batches])]


@contextmanager
def _evaluating(learner: Learner, *, averaged: bool) -> Iterator[None]:
    modes = [(module, module.training) for module in learner.bare.modules()]
    learner.model.eval()
    try:
        if averaged:
            with learner.average.lent_to(learner.bare):
                yield
        else:
            yield
    finally:
        for module, training in modes:
            module.training = training
