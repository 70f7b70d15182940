"""The two towers of the gated transformer network over raw series: frames and channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.attention import Encoder, TowerConfig, sinusoidal_positions
from skelgraph.nn.pooling import AttentionPool, at_least_one
from skelgraph.nn.precision import full_precision
from skelgraph.nn.series import Series


@dataclass
class Encoded:
    """What a tower makes of a series.

    Args:
        features: Shape (P, D).
        weights: Weight of each of S tokens in the features, rows sum to 1, shape (P, S); None
            where they are flattened.
        attention: Shape (P, layers, heads, S, S), or None.
    """

    features: Tensor
    weights: Tensor | None
    attention: Tensor | None


class TokenPool(nn.Module):
    """Make one row of features of a tower's tokens: pool them by attention, or flatten them.

    Args:
        width: Features of a token.
        num_tokens: Tokens that are put side by side; 0: they are pooled, as many as there are.
    """

    def __init__(self, width: int, *, num_tokens: int) -> None:
        super().__init__()
        self.num_features = width * (num_tokens or 1)
        self.pool = None if num_tokens else AttentionPool(width)

    def forward(self, tokens: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Features (P, num_features) and each token's weight (P, S); None where flattened."""
        if self.pool is not None:
            pooled, weights = self.pool(tokens, mask)
            return pooled, weights
        if mask is not None:
            tokens = tokens * mask[..., None]
        return tokens.flatten(1), None


class ConvEmbedding(nn.Module):
    """Convolve frames, then mix features: ConvGTN's embedding of the step tower.

    Args:
        num_inputs: Channels of the series.
        width: Features of a token.
        kernel: Frames that a token sees, an odd number.

    Source:
        Sturm et al. 2023. Frames beyond either end count as zero, so that each frame has a
        token; whether the authors pad is not said.
    """

    def __init__(self, num_inputs: int, width: int, *, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(num_inputs, width, kernel, padding=kernel // 2)
        self.mix = nn.Linear(width, width)

    def forward(self, rows: Tensor) -> Tensor:
        """Embed frames: (P, T, C) to (P, T, width); padded frames must be zero."""
        features = self.conv(rows.transpose(1, 2)).transpose(1, 2)
        return functional.leaky_relu(self.mix(features))


class SeriesStepTower(nn.Module):
    """Encoder whose tokens are frames: the values of all channels in each.

    Args:
        num_channels: Channels C.
        config: Sizes.
        num_flags: Channels, the first ones, of which a token also says whether they were seen.
        kernel: Frames of the convolution of the embedding; 0: a linear map of each frame.
        num_frames: Frames that are flattened, all valid; 0: any number, pooled.
    """

    def __init__(
        self,
        num_channels: int,
        *,
        config: TowerConfig,
        num_flags: int = 0,
        kernel: int = 0,
        num_frames: int = 0,
    ) -> None:
        super().__init__()
        self.num_flags = num_flags
        inputs = num_channels + num_flags
        self.embed: nn.Module = nn.Linear(inputs, config.width)
        if kernel:
            self.embed = ConvEmbedding(inputs, config.width, kernel=kernel)
        self.encoder = Encoder(config)
        self.pool = TokenPool(config.width, num_tokens=num_frames)

    def forward(self, series: Series, *, explicit: bool = False) -> Encoded:
        """Encode frames and make one row of features of them."""
        flags = series.seen[:, : self.num_flags].to(series.values.dtype)
        rows = torch.cat((series.values, flags), dim=1).transpose(1, 2)
        embedded = self.embed(rows * series.frames[..., None])
        positions = sinusoidal_positions(*embedded.shape[1:], device=embedded.device)
        mask = None if bool(series.frames.all()) else at_least_one(series.frames)
        tokens = embedded + positions.to(embedded.dtype)
        tokens, attention = self.encoder(tokens, mask, explicit=explicit)
        features, weights = self.pool(tokens, mask)
        return Encoded(features, weights, attention)


class ChannelTower(nn.Module):
    """Encoder whose tokens are channels: the course of each over a fixed number of frames.

    Args:
        num_channels: Channels C. Pooled tokens have a learned embedding each, since a pool
            forgets which is which; flattened ones have none, as in the paper.
        num_frames: Frames F that a token is embedded from.
        config: Sizes.
        flags: Whether a token also says which of its values were seen.
        flatten: Whether tokens are put side by side rather than pooled.
    """

    def __init__(
        self,
        num_channels: int,
        num_frames: int,
        *,
        config: TowerConfig,
        flags: bool = False,
        flatten: bool = False,
    ) -> None:
        super().__init__()
        self.num_frames, self.flags = num_frames, flags
        self.embed = nn.Linear(num_frames * (2 if flags else 1), config.width)
        self.identity: nn.Parameter | None = None
        if not flatten:
            self.identity = nn.Parameter(torch.randn(num_channels, config.width) * 0.02)
        self.encoder = Encoder(config)
        self.pool = TokenPool(config.width, num_tokens=num_channels if flatten else 0)

    def forward(self, series: Series, *, explicit: bool = False) -> Encoded:
        """Encode the channels of a series of F frames; one never seen counts for nothing."""
        courses = series.values
        if self.flags:
            courses = torch.cat((courses, series.seen.to(courses.dtype)), dim=2)
        embedded = self.embed(courses)
        tokens = embedded if self.identity is None else embedded + self.identity
        present = series.seen.any(2)
        mask = None if bool(present.all()) else at_least_one(present)
        tokens, attention = self.encoder(tokens, mask, explicit=explicit)
        features, weights = self.pool(tokens, mask)
        return Encoded(features, weights, attention)

    def frame_weights(self, series: Series, weights: Tensor) -> Tensor:
        """Spread each channel's weight over the frames that its token was made of.

        Without its bias and its flags, a channel's embedding e is the sum of its frames'
        e_f = W_f x_f, so |e|^2 is the sum of <e_f, e>. Frame f's share of the channel's weight
        is its part of that sum, negative parts set to 0; even shares where there is none.

        Args:
            series: What the tower was given, F frames.
            weights: Weight of each channel, shape (P, C).

        Returns:
            Shape (P, F, C); summed over frames they are the weights.
        """
        values = series.values
        matrix = self.embed.weight[:, : self.num_frames].to(values.dtype)
        course = values @ matrix.T  # (P, C, width)
        share = full_precision(values * (course @ matrix)).clamp(min=0).transpose(1, 2)
        total = share.sum(1, keepdim=True)
        share = torch.where(total > 0, share / total.clamp(min=1e-12), 1 / self.num_frames)
        return share * weights[:, None]
