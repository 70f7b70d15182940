"""Actional-structural graph convolution in dense form."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from skelgraph.nn.precision import full_precision

CACHE_BYTES = 4 << 20
NARROW = 16  # channels; a CPU takes longer for float32 matrices with fewer columns than with these


class ActStructConv(nn.Module):
    """Mix each joint's features with those of linked joints, frame by frame.

    y = sum_k (mask_k * S_k)^T x W_k + a_weight * sum_l A_l^T x W_l with the fixed S-links S,
    a learned mask over each, and the A-links A of the clip.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        s_links: Fixed links, S[k, u, v] weighs what u sends to v, shape (K, V, V).
        num_a_links: Link types of the A-links given to `forward`; 0: none are used.
        a_weight: Lambda of the paper.
        free_links: Links between any two joints that are learned for the layer and are the same
            for all clips.

    Source:
        Li et al. 2019, section 3.3, arXiv:1904.12659, lambda 0.5. The release multiplies its
        A-links by 0.1 before lambda; that factor is an option of `ALinks`, not of this layer.
        Free links are not AS-GCN's; they are the global graph of Shi et al. 2019, arXiv:1805.07694.
        No bias: batch normalisation follows wherever this is used. The release has one.
    """

    s_links: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        s_links: Tensor,
        num_a_links: int = 0,
        a_weight: float = 0.5,
        free_links: int = 0,
    ) -> None:
        super().__init__()
        self.num_a_links = num_a_links
        self.a_weight = a_weight
        self.register_buffer("s_links", s_links.clone(), persistent=False)
        self.s_mask = nn.Parameter(torch.ones_like(s_links))
        joints = s_links.shape[-1]
        self.free: nn.Parameter | None = None
        if free_links:
            self.free = nn.Parameter(torch.randn(free_links, joints, joints) / joints)
        num_links = len(s_links) + free_links + num_a_links
        self.weight = nn.Parameter(torch.empty(num_links, in_channels, out_channels))
        bound = 1 / math.sqrt(num_links * in_channels)
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(
        self, x: Tensor, a_links: Tensor | None = None, senders: Tensor | None = None
    ) -> Tensor:
        """Aggregate over links and mix channels.

        Args:
            x: Features, shape (P, C, T, V).
            a_links: A-links of each body, A[p, b, k, u, v] from u to v, shape (P, B, K, V, V):
                B is 1 (one set a clip) or T (one set a frame). None only if num_a_links is 0.
            senders: Joints that may send, bool, shape (P, 1, V) or (P, T, V). None: all.

        Returns:
            Features, shape (P, C_out, T, V), channels last in memory.
        """
        rows = x.permute(0, 2, 3, 1)  # (P, T, V, C)
        if senders is not None:
            rows = rows * senders[..., None]
        mix = aggregate_first if x.shape[1] <= self.weight.shape[2] else mix_first
        return mix(rows, self._receive(a_links), self.weight).permute(0, 3, 1, 2)

    def _receive(self, a_links: Tensor | None) -> Tensor:
        """All links as [v, k, u], shape (B_p, B_t, V, K, V) with 1 or P and 1 or T in front."""
        parts = [(self.s_mask * self.s_links)[None, None]]
        if self.free is not None:
            parts.append(self.free[None, None])
        if self.num_a_links and a_links is not None:
            parts = [part.expand(*a_links.shape[:2], -1, -1, -1) for part in parts]
            parts.append((self.a_weight * a_links).to(self.s_mask.dtype))
        return torch.cat(parts, dim=2).permute(0, 1, 4, 2, 3)


def aggregate_first(rows: Tensor, receive: Tensor, weight: Tensor) -> Tensor:
    """Aggregate over links, then mix all links' channels in one matrix product.

    The cheaper order where channels do not shrink.

    Args:
        rows: Features, shape (P, T, V, C).
        receive: Links, [..., v, k, u] from u to v, shape (1 or P, 1 or T, V, K, V).
        weight: Shape (K, C, C_out).

    Returns:
        Features, shape (P, T, V, C_out).
    """
    autocast = torch.is_autocast_enabled(rows.device.type)
    missing = NARROW - rows.shape[3]
    if missing > 0 and rows.device.type == "cpu" and rows.dtype == torch.float32 and not autocast:
        rows = functional.pad(rows, (0, missing))
        weight = functional.pad(weight, (0, 0, 0, missing))
    receive = receive.flatten(2, 3)  # the result's rows are then one joint's K * C values
    flat = weight.flatten(0, 1)
    if not torch.is_grad_enabled():
        return _gather(rows, receive) @ flat
    if autocast:
        dtype = torch.get_autocast_dtype(rows.device.type)
        rows, receive, flat = rows.to(dtype), receive.to(dtype), flat.to(dtype)
    out: Tensor = _Aggregate.apply(rows, receive, flat)
    return out


def _gather(rows: Tensor, receive: Tensor) -> Tensor:
    """What each joint receives over all links: (P, T, V, C) to (P, T, V, K * C)."""
    num_links = receive.shape[2] // max(rows.shape[2], 1)
    return (receive @ rows).view(*rows.shape[:3], num_links * rows.shape[3])


class _Aggregate(torch.autograd.Function):
    """Aggregate and mix, some bodies at a time; what was gathered is not kept.

    It is K times as large as the features: kept for the way back it would be most of the memory
    of a training step, and computing it again costs a fraction of the mixing. A few bodies at a
    time stay in the processor's cache, and small blocks do not tear holes into the heap.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, receive: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(rows, receive, weight)
        out = rows.new_empty((*rows.shape[:3], weight.shape[1]))
        for some in _pieces(rows, receive):
            gathered = _gather(rows[some], _of(receive, some))
            torch.mm(gathered.flatten(0, 2), weight, out=out[some].flatten(0, 2))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows, receive, weight = ctx.saved_tensors
        grad = grad.contiguous()
        by_rows, by_receive = torch.empty_like(rows), torch.zeros_like(receive)
        by_weight = weight.new_zeros(weight.shape[::-1], dtype=full_precision(weight).dtype)
        for some in _pieces(rows, receive):
            links, flat = _of(receive, some), grad[some].flatten(0, 2)
            # The transposed product is the faster one of the two on a CPU.
            by_weight += flat.t() @ _gather(rows[some], links).flatten(0, 2)
            by_gathered = (flat @ weight.t()).view(*rows[some].shape[:2], -1, rows.shape[3])
            torch.matmul(links.transpose(2, 3), by_gathered, out=by_rows[some])
            by_links = by_gathered @ rows[some].transpose(2, 3)  # (P, T, V * K, V)
            _of(by_receive, some).add_(by_links.sum_to_size(links.shape))
        return by_rows, by_receive, by_weight.t().to(weight.dtype)


def _pieces(rows: Tensor, receive: Tensor) -> Iterator[slice]:
    """Bodies to treat at once: all on a GPU, on a CPU what fits its cache."""
    count, frames, _, channels = rows.shape
    body = frames * receive.shape[2] * channels * rows.element_size()
    step = count if rows.device.type != "cpu" else max(1, CACHE_BYTES // max(body, 1))
    for first in range(0, count, max(step, 1)):
        yield slice(first, first + step)


def _of(links: Tensor, some: slice) -> Tensor:
    """The links of some bodies; those of all are the same for each."""
    return links if links.shape[0] == 1 else links[some]


def mix_first(rows: Tensor, receive: Tensor, weight: Tensor) -> Tensor:
    """Mix channels for each link, then aggregate: same result and shapes as `aggregate_first`.

    The cheaper order where channels shrink.
    """
    num_links, channels, out = weight.shape
    mixed = rows @ weight.permute(1, 0, 2).reshape(channels, num_links * out)
    mixed = mixed.view(*rows.shape[:2], rows.shape[2] * num_links, out)
    return receive.transpose(3, 4).flatten(3, 4) @ mixed  # (.., v, u * K) @ (.., u * K, C_out)
