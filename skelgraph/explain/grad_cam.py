"""Grad-CAM on joints and frames."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from skelgraph.explain.cam import head_gradient
from skelgraph.explain.features import look_at_head, over_input_frames
from skelgraph.explain.question import ExplainOptions, Question


def grad_cam(question: Question, options: ExplainOptions) -> Tensor:
    """Channels weighed by their mean gradient, negative sums set to 0, shape (N, M, T, V).

    Source:
        Selvaraju et al. 2017, section 3, arXiv:1610.02391; the mean goes over a body's valid
        frames and joints, and the score is the class's log-odds.
    """
    del options
    seen = look_at_head(question, gradient=True)
    gradient, features = head_gradient(seen, question), seen.given.features.detach()
    if seen.given.frames is not None:
        valid = seen.given.frames[:, None, :, None].to(gradient.dtype)
        joints = gradient.shape[3]
        weights = (gradient * valid).sum((2, 3)) / (valid.sum((2, 3)) * joints).clamp(min=1)
        features = features * valid
    else:
        weights = gradient.mean((2, 3))
    maps = functional.relu((weights[:, :, None, None] * features).sum(1))
    return over_input_frames(maps, seen, question)
