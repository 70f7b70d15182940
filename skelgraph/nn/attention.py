"""Transformer encoder layers that can say where they look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.precision import full_precision


@dataclass(frozen=True)
class TowerConfig:
    """Sizes of a tower.

    Args:
        width: Features of a token (d_model).
        heads: Attention heads; must divide the width.
        layers: Encoder layers.
        hidden: Features of the feed-forward layer.
        dropout: Share dropped after attention and feed-forward.
    """

    width: int = 64
    heads: int = 4
    layers: int = 2
    hidden: int = 128
    dropout: float = 0.1


class SelfAttention(nn.Module):
    """Multi-head self-attention, fused, or written out where its weights are wanted.

    Args:
        width: Features of a token.
        heads: Heads; each is width / heads wide.

    Raises:
        ConfigError: If the heads do not divide the width.

    Source:
        Vaswani et al. 2017, section 3.2, arXiv:1706.03762.
    """

    def __init__(self, width: int, *, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(
                f"tower heads: expected a divisor of the width {width}, got {heads}. "
                "Choose another number of heads."
            )
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        explicit: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            tokens: Shape (P, S, width).
            mask: Tokens that may be looked at, bool, shape (P, S), one a row at least.
            causal: Whether a token sees only itself and those before it.
            explicit: Write the softmax out and return its weights.

        Returns:
            Tokens, shape (P, S, width), and the weights, shape (P, heads, S, S), or None.
        """
        rows, size, width = tokens.shape
        parts = self.project(tokens).view(rows, size, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        allowed = allowed_pairs(mask, size, causal=causal, device=tokens.device)
        if explicit:
            mixed, weights = explicit_attention(query, key, value, allowed)
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
            weights = None
        return self.out(mixed.transpose(1, 2).reshape(rows, size, width)), weights


def allowed_pairs(
    mask: Tensor | None, size: int, *, causal: bool, device: torch.device
) -> Tensor | None:
    """Which token may look at which: bool, broadcastable to (P, heads, S, S); None: all.

    In the causal form a token may always look at itself, so that no row is empty.
    """
    allowed = None if mask is None else mask[:, None, None, :]
    if not causal:
        return allowed
    past = torch.ones(size, size, dtype=torch.bool, device=device).tril()
    if allowed is None:
        return past
    itself = torch.eye(size, dtype=torch.bool, device=device)
    return (allowed & past) | itself


def explicit_attention(
    query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention written out: mixed values and weights.

    Args:
        query: Shape (P, heads, S, width), as key and value.
        key: See query.
        value: See query.
        allowed: Pairs that may look, bool, broadcastable to (P, heads, S, S).
    """
    scores = full_precision(query @ key.transpose(-1, -2)) / math.sqrt(query.shape[-1])
    if allowed is not None:
        scores = scores.masked_fill(~allowed, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights.to(value.dtype) @ value, weights


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before and added to its input.

    Normalised before (GTN: after): gradients reach the backbone through the plain sums, so
    that the head trains together with it from the first step, without a warm-up of its own.
    Both parts start at zero, so that a new layer is the identity.

    Args:
        config: Sizes.
    """

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = SelfAttention(config.width, heads=config.heads)
        self.feed_norm = nn.LayerNorm(config.width)
        last = nn.Linear(config.hidden, config.width)
        self.feed = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            nn.GELU(),
            Dropout(config.dropout),
            last,
        )
        self.dropout = Dropout(config.dropout)
        for layer in (self.attention.out, last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        explicit: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Encode: arguments and results as `SelfAttention.forward`."""
        mixed, weights = self.attention(
            self.attention_norm(tokens), mask, causal=causal, explicit=explicit
        )
        tokens = tokens + self.dropout(mixed)
        return tokens + self.dropout(self.feed(self.feed_norm(tokens))), weights


class Encoder(nn.Module):
    """A stack of encoder layers with a last normalisation.

    Args:
        config: Sizes.
        causal: Whether a token sees only itself and those before it.
    """

    def __init__(self, config: TowerConfig, *, causal: bool = False) -> None:
        super().__init__()
        self.causal = causal
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(
        self, tokens: Tensor, mask: Tensor | None = None, *, explicit: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Encode tokens.

        Args:
            tokens: Shape (P, S, width).
            mask: Tokens that count, bool, shape (P, S), one a row at least. None: all.
            explicit: Return the attention of every layer.

        Returns:
            Tokens, shape (P, S, width), and attention, shape (P, layers, heads, S, S), or None.
        """
        attention = []
        for layer in self.layers:
            tokens, weights = layer(tokens, mask, causal=self.causal, explicit=explicit)
            attention.append(weights)
        stacked = torch.stack(attention, dim=1) if explicit and attention else None
        return self.norm(tokens), stacked


def sinusoidal_positions(
    size: int,
    width: int,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Sines and cosines of geometrically spaced wavelengths, shape (size, width).

    Source:
        Vaswani et al. 2017, section 3.5, arXiv:1706.03762.

    Example:
        >>> sinusoidal_positions(1, 4).tolist()
        [[0.0, 1.0, 0.0, 1.0]]
    """
    steps = torch.arange(size, device=device, dtype=dtype)[:, None]
    pairs = torch.arange(0, width, 2, device=device, dtype=dtype)
    angles = steps * torch.exp(pairs * (-math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]
