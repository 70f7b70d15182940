"""Class activation maps on joints and frames."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.explain.features import Seen, look_at_head, over_input_frames
from skelgraph.explain.question import ExplainOptions, Question, log_odds


def class_activation(question: Question, options: ExplainOptions) -> Tensor:
    """Features times their own gradient, summed over channels, shape (N, M, T, V).

    Of a head that averages features and is linear it is CAM itself: each joint and frame's part
    in the class's score, the bias aside. Other heads are taken as linear about the clip.

    Source:
        Zhou et al. 2016, arXiv:1512.04150; as gradient times feature Draelos and Carin 2020,
        arXiv:2011.08891. Of log-odds in place of a logit, and with its sign.
    """
    del options
    seen = look_at_head(question, gradient=True)
    gradient = head_gradient(seen, question)
    return over_input_frames((gradient * seen.given.features.detach()).sum(1), seen, question)


def head_gradient(seen: Seen, question: Question) -> Tensor:
    """Gradient of the target's log-odds by the features that the head was given, (P, C, T', V)."""
    score = log_odds(seen.logits, question.target).sum()
    if not score.requires_grad:  # no body in any clip
        return torch.zeros_like(seen.given.features)
    return torch.autograd.grad(score, seen.given.features)[0]
