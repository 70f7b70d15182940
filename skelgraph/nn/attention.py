"""Transformer encoder layers that can say where they look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.nn.dropout import Dropout
from skelgraph.nn.precision import full_precision

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}


@dataclass(frozen=True)
class TowerConfig:
    """Sizes of a tower.

    Args:
        width: Features of a token (d_model).
        heads: Attention heads; must divide the width unless both sizes of a head are given.
        layers: Encoder layers.
        hidden: Features of the feed-forward layer.
        dropout: Share dropped after attention and feed-forward.
        query_width: Features of a head's queries and keys (q); 0: width / heads.
        value_width: Features of a head's values (v); 0: width / heads.
        norm_first: Whether a part normalises its input, or (as in the GTN paper) the sum of
            its input and its output.
        activation: Of the feed-forward layer, 'gelu' or 'relu'.
    """

    width: int = 64
    heads: int = 4
    layers: int = 2
    hidden: int = 128
    dropout: float = 0.1
    query_width: int = 0
    value_width: int = 0
    norm_first: bool = True
    activation: str = "gelu"


class SelfAttention(nn.Module):
    """Multi-head self-attention, fused, or written out where its weights are wanted.

    Args:
        width: Features of a token.
        heads: Heads.
        query_width: Features of a head's queries and keys; 0: width / heads.
        value_width: Features of a head's values; 0: width / heads.

    Raises:
        ConfigError: If a head would be width / heads wide and the heads do not divide the width.

    Source:
        Vaswani et al. 2017, section 3.2, arXiv:1706.03762.
    """

    def __init__(
        self, width: int, *, heads: int, query_width: int = 0, value_width: int = 0
    ) -> None:
        super().__init__()
        if width % heads and not (query_width and value_width):
            raise ConfigError(
                f"tower heads: expected a divisor of the width {width}, got {heads}. "
                "Choose another number of heads."
            )
        query, value = query_width or width // heads, value_width or width // heads
        self.heads = heads
        self.sizes = [heads * query, heads * query, heads * value]
        self.project = nn.Linear(width, sum(self.sizes))
        self.out = nn.Linear(heads * value, width)

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
        rows, size = tokens.shape[:2]
        query, key, value = (
            part.view(rows, size, self.heads, part.shape[2] // self.heads).transpose(1, 2)
            for part in self.project(tokens).split(self.sizes, dim=-1)
        )
        allowed = allowed_pairs(mask, size, causal=causal, device=tokens.device)
        if explicit:
            mixed, weights = explicit_attention(query, key, value, allowed)
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
            weights = None
        return self.out(mixed.transpose(1, 2).flatten(2)), weights


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
        query: Shape (P, heads, S, query width), as key.
        key: See query.
        value: Shape (P, heads, S, value width).
        allowed: Pairs that may look, bool, broadcastable to (P, heads, S, S).
    """
    scores = full_precision(query @ key.transpose(-1, -2)) / math.sqrt(query.shape[-1])
    if allowed is not None:
        scores = scores.masked_fill(~allowed, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return weights.to(value.dtype) @ value, weights


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each added to its input.

    Normalised before them, gradients reach what lies below through the plain sums, so that a
    head trains together with its backbone from the first step, without a warm-up of its own.
    Both parts start at zero, so that a new layer is the identity; or, normalised after the
    sums, that normalisation.

    Args:
        config: Sizes.

    Raises:
        ConfigError: If the activation is unknown or heads and width do not fit.

    Source:
        Vaswani et al. 2017, section 3.1, arXiv:1706.03762, which normalises after the sums;
        before them: Xiong et al. 2020, arXiv:2002.04745.
    """

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        if config.activation not in ACTIVATIONS:
            raise ConfigError(unknown_name("tower activation", config.activation, ACTIVATIONS))
        self.norm_first = config.norm_first
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = SelfAttention(
            config.width,
            heads=config.heads,
            query_width=config.query_width,
            value_width=config.value_width,
        )
        self.feed_norm = nn.LayerNorm(config.width)
        last = nn.Linear(config.hidden, config.width)
        self.feed = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            ACTIVATIONS[config.activation](),
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
        given = self.attention_norm(tokens) if self.norm_first else tokens
        mixed, weights = self.attention(given, mask, causal=causal, explicit=explicit)
        tokens = tokens + self.dropout(mixed)
        if self.norm_first:
            return tokens + self.dropout(self.feed(self.feed_norm(tokens))), weights
        tokens = self.attention_norm(tokens)
        return self.feed_norm(tokens + self.dropout(self.feed(tokens))), weights


class Encoder(nn.Module):
    """A stack of encoder layers, with a last normalisation where layers do not end with one.

    Args:
        config: Sizes.
        causal: Whether a token sees only itself and those before it.
    """

    def __init__(self, config: TowerConfig, *, causal: bool = False) -> None:
        super().__init__()
        self.causal = causal
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width) if config.norm_first else nn.Identity()

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

    The same tensor each time: not to be changed in place.

    Source:
        Vaswani et al. 2017, section 3.5, arXiv:1706.03762.

    Example:
        >>> sinusoidal_positions(1, 4).tolist()
        [[0.0, 1.0, 0.0, 1.0]]
    """
    if torch.compiler.is_compiling():  # an export's tensors have no values, and must not be kept
        return _positions(size, width, device=device, dtype=dtype)
    return _kept_positions(size, width, device=device, dtype=dtype)


def _positions(size: int, width: int, *, device: torch.device | None, dtype: torch.dtype) -> Tensor:
    steps = torch.arange(size, device=device, dtype=dtype)[:, None]
    pairs = torch.arange(0, width, 2, device=device, dtype=dtype)
    angles = steps * torch.exp(pairs * (-math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]


# Not in inference mode: training may come to use what prediction made first.
_kept_positions = lru_cache(maxsize=32)(torch.inference_mode(False)(_positions))
