"""Means and attention over tokens, some of which are not there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelgraph.nn.precision import full_precision


def masked_mean(values: Tensor, mask: Tensor | None, *, dim: int) -> Tensor:
    """Mean over one axis of the values whose mask is True; zero if none is.

    Args:
        values: Any shape.
        mask: Bool, broadcastable to values. None: all.
        dim: Axis to average and drop.
    """
    if mask is None:
        return values.mean(dim)
    weight = mask.to(values.dtype)
    return (values * weight).sum(dim) / weight.sum(dim).clamp(min=1)


class AttentionPool(nn.Module):
    """Average tokens by learned weights that are probabilities over tokens.

    Args:
        width: Features of a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1, bias=False)  # a softmax ignores what all scores share

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pool tokens.

        Args:
            tokens: Shape (P, S, width).
            mask: Tokens that count, bool, shape (P, S), at least one a row. None: all.

        Returns:
            Pooled features, shape (P, width), and the weights, shape (P, S), rows sum to 1.
        """
        weights = torch.softmax(self._scores(tokens, mask), dim=-1)
        return (weights.to(tokens.dtype)[:, None] @ tokens)[:, 0], weights

    def _scores(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        scores = full_precision(self.score(tokens).squeeze(-1))
        return scores if mask is None else scores.masked_fill(~mask, float("-inf"))


def at_least_one(mask: Tensor) -> Tensor:
    """Open every token of a row whose mask is False throughout: bool, shape (P, S)."""
    return mask | ~mask.any(-1, keepdim=True)
