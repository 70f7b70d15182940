"""What a trained model loses when each A-link must be one type instead of a mix of all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from skelgraph.data.dataset import ClipSet
from skelgraph.evaluation.metrics import score
from skelgraph.nn.a_links import ALinks
from skelgraph.training.config import DataOptions
from skelgraph.training.inference import predict_logits

ARGMAX = "argmax"


def argmax_links_scores(model: nn.Module, clips: ClipSet, data: DataOptions) -> dict[str, float]:
    """Score clips with the likeliest type of each A-link in place of the types' probabilities.

    Training draws whole links by chance; evaluation weighs all types by their probabilities.
    A large difference between the two scores says that the model leans on mixtures which it
    never saw in training, or that its links are undecided.

    Args:
        model: A trained model, in evaluation mode.
        clips: Labelled clips.
        data: How they are sampled.

    Returns:
        `argmax_links_top1`, a fraction; nothing for a model without A-links.
    """
    links = getattr(model, "aim", None)
    if not isinstance(links, ALinks):
        return {}
    with chosen_by(links, ARGMAX):
        logits = predict_logits(model, clips, data)
    result = score(logits.softmax(1), torch.as_tensor(clips.labels))
    return {"argmax_links_top1": result["top1"]}


@contextmanager
def chosen_by(links: ALinks, choice: str) -> Iterator[None]:
    """Choose links in another way inside the block."""
    own = links.config
    links.config = replace(own, choice=choice)
    try:
        yield
    finally:
        links.config = own
