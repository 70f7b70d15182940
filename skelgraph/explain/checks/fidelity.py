"""Fidelity: does the answer change without the joints that matter, and stay with them alone?"""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.explain.checks.curves import logits_of_variants
from skelgraph.explain.groups import Groups
from skelgraph.explain.question import ExplainOptions, Question

SHARES = (0.1, 0.2, 0.3)


def fidelity(
    question: Question, groups: Groups, order: Tensor, options: ExplainOptions
) -> tuple[Tensor, Tensor]:
    """Whether the model's own answer is lost without the first groups, and with them alone.

    Args:
        question: Its targets are the model's own answers for the whole clips.
        groups: What is taken away at once.
        order: Rank of each group in each clip, shape (G, N).
        options: How what is taken away is replaced.

    Returns:
        For each of `SHARES` of a clip's groups and each clip 1 where the answer changes, float,
        shape (shares, N): without them (the mean is fidelity+, larger is better), and with
        nothing else (fidelity-, smaller is better).

    Source:
        Yuan et al. 2022, section 6.2, arXiv:2012.15445, in terms of answers.
    """
    count = groups.exists.sum(0)
    shares = torch.tensor(SHARES, device=count.device)
    # Rounded up, but not because 0.1 has no end in binary.
    first = (shares[:, None] * count - 1e-6).ceil().long()
    chosen = order[None] < first[:, None]
    changed = []
    for removed in (chosen, ~chosen):
        answers = logits_of_variants(question, groups, removed, options).argmax(-1)
        changed.append((answers != question.target).float())
    return changed[0], changed[1]
