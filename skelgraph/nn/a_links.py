"""Actional links: inferred for each body of a clip, then used as a graph."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.nn.aim_decoder import AimDecoder, gaussian_nll
from skelgraph.nn.aim_encoder import AimEncoder, seen_edges, with_diagonal
from skelgraph.nn.pair_likeness import STILL, about_mean, num_likenesses, pair_likeness
from skelgraph.nn.precision import full_precision
from skelgraph.nn.processes import mean_count, num_processes
from skelgraph.nn.resample import equal_places, valid_order

VARIANCE = 5e-4
LINK_CHOICES = ("probabilities", "argmax")


@dataclass(frozen=True)
class AimConfig:
    """Options of A-link inference.

    Args:
        num_types: Link types, the ghost included.
        width: Features of encoder and decoder; the release has 128.
        frames: Length to which a clip's valid frames are resampled.
        dropout: Share dropped in the encoder.
        temperature: Of the Gumbel softmax that draws links in training.
        ghost_prior: Prior probability of the ghost; the other types share the rest.
        choice: Links in evaluation: 'probabilities', or 'argmax' (hard, for comparison).
        scale: Factor on the A-link adjacency; 0.1 in the release, 1 in the paper.
        memory: Whether the decoder's cell sees a joint's own state beside the messages; without
            it, as in the paper, any link helps to predict, whoever sends.
        movement: Whether encoder and decoder see movement about each joint's mean, in units of
            the body's root mean square, in place of metres. The likelihood stays in metres.
        max_lag: Largest lag, in resampled frames, of the likeness of two joints' movements that
            adds to the scores of their links. None: likeness does not, as in the paper.
        loss_bodies: Bodies of a batch that the decoder reconstructs, the rest left out by
            chance; several processes reconstruct an even share each. None: all.
        loss_frames: Length of the piece, placed by chance, that it reconstructs. None: all.
        block: In the causal form, frames for which one set of links holds.
    """

    num_types: int = 3
    width: int = 128
    frames: int = 50
    dropout: float = 0.5
    temperature: float = 0.5
    ghost_prior: float = 0.95
    choice: str = "probabilities"
    scale: float = 1.0
    memory: bool = False
    movement: bool = False
    max_lag: int | None = None
    loss_bodies: int | None = None
    loss_frames: int | None = None
    block: int = 16


@dataclass
class Links:
    """Inferred links, B sets a body (1, or one a block of frames).

    Args:
        logits: Scores, [receiver, sender without itself], shape (P, B, V, V - 1, K).
        chosen: Weight of each type, [type, sender, receiver], shape (P, B, K, V, V): drawn in
            training, probabilities or arg-max in evaluation. A joint has a ghost to itself.
        series: Resampled coordinates, shape (P, B, F, V, C): metres, or movement in `unit`.
        unit: Metres a unit of `series`, shape (P, B); None: it is in metres.
        mask: Resampled joints that were seen, bool, shape (P, B, F, V).
        seen: Joints seen so far, bool, shape (P, B, V); None if all.
    """

    logits: Tensor
    chosen: Tensor
    series: Tensor
    unit: Tensor | None
    mask: Tensor
    seen: Tensor | None

    def repeat(self, times: int) -> Links:
        """Links of all bodies `times` over, one lot after another, without gradient."""
        changed: dict[str, Any] = {
            item.name: value.detach().repeat(times, *[1] * (value.dim() - 1))
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }
        return replace(self, **changed)


class ALinks(nn.Module):
    """Infer A-links from positions and turn them into an adjacency.

    In the causal form the frames are cut into blocks of `config.block`; the links of a block
    are inferred from all frames up to the block's first, resampled anew.

    Args:
        num_coords: Coordinates of a joint.
        config: Options.
        causal: Links from frames so far only.

    Source:
        Li et al. 2019, section 3.2, arXiv:1904.12659. In evaluation the release draws links at
        random as in training; here two evaluations of a clip agree. `movement` and `max_lag` are
        not AS-GCN's.
    """

    def __init__(self, num_coords: int, *, config: AimConfig, causal: bool = False) -> None:
        super().__init__()
        _check(config)
        self.config = config
        self.causal = causal
        self.encoder = AimEncoder(
            config.frames * num_coords,
            config.num_types,
            width=config.width,
            dropout=config.dropout,
            pair_features=0 if config.max_lag is None else num_likenesses(config.max_lag),
        )
        self.decoder = AimDecoder(
            num_coords, config.num_types, width=config.width, memory=config.memory
        )

    def forward(self, positions: Tensor, visible: Tensor, frames: Tensor | None) -> Links:
        """Infer the links of each body.

        Args:
            positions: Coordinates, missing joints filled, shape (P, C, T, V).
            visible: Joints seen in valid frames, bool, shape (P, T, V).
            frames: Valid frames, bool, shape (P, T). None: all.
        """
        series, mask, seen = self._observe(positions, visible, frames)
        unit = None
        if self.config.movement:
            series, unit = in_own_units(series, mask)
        bodies, blocks, _, joints, _ = series.shape
        logits = self._score(series.flatten(0, 1), mask.flatten(0, 1), seen)
        weights = self._choose(full_precision(logits))
        chosen = link_matrix(weights).view(bodies, blocks, self.config.num_types, joints, joints)
        return Links(
            logits.view(bodies, blocks, *logits.shape[1:]), chosen, series, unit, mask, seen
        )

    def adjacency(self, links: Links) -> Tensor:
        """Links of all types but the ghost as normalised matrices, shape (P, B, K - 1, V, V)."""
        seen = None if links.seen is None else links.seen.flatten(0, 1)
        matrix = link_adjacency(links.chosen.flatten(0, 1), seen) * self.config.scale
        return matrix.view(*links.chosen.shape[:2], *matrix.shape[1:])

    def losses(self, links: Links) -> dict[str, Tensor]:
        """Reconstruction and prior losses: 'aim_nll' and 'aim_kl', scalars.

        The likelihood is that of the frames after a piece's first, over the last block's
        frames, scaled to the length of the whole when a piece is used.
        """
        seen = None if links.seen is None else links.seen.flatten(0, 1)
        divergence = link_divergence(
            links.logits.flatten(0, 1), seen, ghost_prior=self.config.ghost_prior
        )
        chosen, series, mask = links.chosen[:, -1], links.series[:, -1], links.mask[:, -1]
        if links.seen is not None:
            chosen = chosen * links.seen[:, -1, None, :, None]
        rows = self._some_bodies(len(series), series.device)
        start, length = self._piece(series.shape[1])
        series, mask = series[rows, start : start + length], mask[rows, start : start + length]
        predicted, target = self.decoder(series, chosen[rows]), series[:, 1:]
        if links.unit is not None:
            unit = links.unit[rows, -1, None, None, None]
            predicted, target = predicted * unit, target * unit
        likelihood = gaussian_nll(predicted, target, mask[:, 1:], variance=VARIANCE)
        factor = (links.series.shape[2] - 1) / (length - 1)
        return {"aim_nll": likelihood * factor, "aim_kl": divergence}

    def probabilities(self, links: Links) -> Tensor:
        """Probability of each link type, [type, sender, receiver], shape (P, B, K, V, V)."""
        weights = torch.softmax(full_precision(links.logits), dim=-1)
        matrix = link_matrix(weights.flatten(0, 1))
        return matrix.view(*links.chosen.shape)

    def _score(self, series: Tensor, mask: Tensor, seen: Tensor | None) -> Tensor:
        """Logits of bodies times blocks: series (P * B, F, V, C), mask (P * B, F, V)."""
        pairs = None
        if self.config.max_lag is not None:
            pairs = pair_likeness(series, mask, max_lag=self.config.max_lag)
        flat = series.transpose(1, 2).flatten(2)
        return self.encoder(flat, None if seen is None else seen.flatten(0, 1), pairs)

    def _observe(
        self, positions: Tensor, visible: Tensor, frames: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Resampled coordinates, their mask, and the joints seen, for each block."""
        values = positions.permute(0, 2, 3, 1)  # (P, T, V, C)
        ends = self._block_ends(values.shape[1], values.device)
        counts = (ends + 1)[None] if frames is None else frames.cumsum(1)[:, ends]
        order = None if frames is None else valid_order(frames)
        places = equal_places(counts.clamp(min=1), size=self.config.frames, order=order)
        seen = visible.any(1, keepdim=True)
        if self.causal:
            seen = visible.to(torch.uint8).cummax(1).values[:, ends].bool()
        every = bool(seen.all())
        return places.interpolate(values), places.both(visible), None if every else seen

    def _block_ends(self, size: int, device: torch.device) -> Tensor:
        """Last frame that each block's links may use, shape (B,)."""
        if not self.causal:
            return torch.tensor([size - 1], device=device)
        return torch.arange(0, size, self.config.block, device=device)

    def _choose(self, logits: Tensor) -> Tensor:
        if self.training:
            return functional.gumbel_softmax(logits, tau=self.config.temperature, hard=True)
        if self.config.choice == "argmax":
            return functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
        return torch.softmax(logits, dim=-1)

    def _sampled(self) -> bool:
        """Whether the loss may be of a part: in training, also of a module that is frozen."""
        return self.training or not self.decoder.from_message.weight.requires_grad

    def _some_bodies(self, bodies: int, device: torch.device) -> Tensor:
        limit = self.config.loss_bodies
        if limit is not None:
            limit = max(limit // num_processes(), 1)
        if not self._sampled() or limit is None or limit >= bodies:
            return torch.arange(bodies, device=device)
        return torch.randperm(bodies, device=device)[:limit]

    def _piece(self, size: int) -> tuple[int, int]:
        limit = self.config.loss_frames
        if not self._sampled() or limit is None or limit >= size:
            return 0, size
        return int(torch.randint(size - limit + 1, ())), limit


def in_own_units(series: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Give movement about each joint's mean, in units of the body's root mean square.

    Args:
        series: Coordinates, shape (P, B, F, V, C).
        mask: Joints seen, bool, shape (P, B, F, V).

    Returns:
        Movement, zero where a joint is not seen, shape as `series`, and the unit, (P, B).
    """
    moved = about_mean(series.flatten(0, 1), mask.flatten(0, 1)).view(series.shape)
    count = mask.sum((2, 3)).clamp(min=1) * series.shape[-1]
    unit = (moved.square().sum((2, 3, 4)) / count).sqrt().clamp(min=STILL)
    return moved / unit[..., None, None, None], unit


def link_matrix(weights: Tensor) -> Tensor:
    """Arrange edge weights as matrices, with a ghost from each joint to itself.

    Args:
        weights: [receiver, sender without itself], shape (P, V, V - 1, K).

    Returns:
        [type, sender, receiver], shape (P, K, V, V).
    """
    matrix = with_diagonal(weights).permute(0, 3, 2, 1)
    ghost = matrix.new_zeros(matrix.shape[1:])
    ghost[0].fill_diagonal_(1)
    return matrix + ghost


def link_adjacency(chosen: Tensor, seen: Tensor | None = None) -> Tensor:
    """Add self-loops to the links of each type and divide by what each joint receives.

    Args:
        chosen: Weight of each type, the ghost first, [type, sender, receiver], (P, K, V, V).
        seen: Joints seen, bool, shape (P, V); the others send nothing. None: all.

    Returns:
        Adjacency of the types but the ghost, each column sums to 1, shape (P, K - 1, V, V).
    """
    links = chosen[:, 1:]
    if seen is not None:
        links = links * seen[:, None, :, None]
    loops = links + torch.eye(links.shape[-1], dtype=links.dtype, device=links.device)
    return loops / loops.sum(2, keepdim=True)


def link_divergence(logits: Tensor, seen: Tensor | None = None, *, ghost_prior: float) -> Tensor:
    """Kullback-Leibler divergence of the link types from their prior.

    Args:
        logits: [receiver, sender without itself], shape (P, V, V - 1, K).
        seen: Joints seen, bool, shape (P, V); only edges between them count. None: all.
        ghost_prior: Prior probability of type 0; the others share the rest evenly.

    Returns:
        Sum over edges and types, divided by bodies x joints (those seen), a scalar.
    """
    num_types = logits.shape[-1]
    log_p = torch.log_softmax(full_precision(logits), dim=-1)
    log_prior = log_p.new_full((num_types,), math.log((1 - ghost_prior) / (num_types - 1)))
    log_prior[0] = math.log(ghost_prior)
    edges = (log_p.exp() * (log_p - log_prior)).sum(-1)
    if seen is None:
        seen = torch.ones(edges.shape[:2], dtype=torch.bool, device=edges.device)
    return (edges * seen_edges(seen)).sum() / mean_count(seen.sum())


def _check(config: AimConfig) -> None:
    if config.choice not in LINK_CHOICES:
        raise ConfigError(unknown_name("link choice", config.choice, LINK_CHOICES))
    bodies, frames = config.loss_bodies, config.loss_frames
    rules = (
        (config.num_types >= 2, "num_types", "the ghost and at least one more", config.num_types),
        (config.frames >= 2, "frames", "2 or more", config.frames),
        (config.temperature > 0, "temperature", "more than 0", config.temperature),
        (0 < config.ghost_prior < 1, "ghost_prior", "between 0 and 1", config.ghost_prior),
        (bodies is None or bodies >= 1, "loss_bodies", "1 or more", bodies),
        (frames is None or frames >= 2, "loss_frames", "2 or more", frames),
        (config.block >= 1, "block", "1 frame or more", config.block),
        (
            config.max_lag is None or 0 <= config.max_lag < config.frames,
            "max_lag",
            f"0 up to {config.frames - 1} frames",
            config.max_lag,
        ),
    )
    for holds, name, rule, got in rules:
        if not holds:
            raise ConfigError(f"A-links, {name}: expected {rule}, got {got}. Change it.")
