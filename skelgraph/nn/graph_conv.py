"""Actional-structural graph convolution in dense form."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


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
        links = self._links(a_links)
        mix = aggregate_first if x.shape[1] <= self.weight.shape[2] else mix_first
        return mix(rows, links, self.weight).permute(0, 3, 1, 2)

    def _links(self, a_links: Tensor | None) -> Tensor:
        """All links, shape (B_p, B_t, K, V, V) with 1 or P and 1 or T in front."""
        fixed = self.s_mask * self.s_links
        if self.free is not None:
            fixed = torch.cat((fixed, self.free))
        fixed = fixed[None, None]
        if not self.num_a_links or a_links is None:
            return fixed
        fixed = fixed.expand(*a_links.shape[:2], -1, -1, -1)
        return torch.cat((fixed, (self.a_weight * a_links).to(fixed.dtype)), dim=2)


def aggregate_first(rows: Tensor, links: Tensor, weight: Tensor) -> Tensor:
    """Aggregate over links, then mix all links' channels in one matrix product.

    The cheaper order where channels do not shrink.

    Args:
        rows: Features, shape (P, T, V, C).
        links: Shape (1 or P, 1 or T, K, V, V), [..., u, v] from u to v.
        weight: Shape (K, C, C_out).

    Returns:
        Features, shape (P, T, V, C_out).
    """
    num_links, channels, out = weight.shape
    joints = rows.shape[2]
    # (.., K, u, v) to (.., v * K, u): the result's rows are then one joint's K * C values.
    receive = links.permute(0, 1, 4, 2, 3).flatten(2, 3)
    gathered = receive @ rows  # (P, T, V * K, C)
    gathered = gathered.view(*rows.shape[:2], joints, num_links * channels)
    return gathered @ weight.view(num_links * channels, out)


def mix_first(rows: Tensor, links: Tensor, weight: Tensor) -> Tensor:
    """Mix channels for each link, then aggregate: same result and shapes as `aggregate_first`.

    The cheaper order where channels shrink.
    """
    num_links, channels, out = weight.shape
    mixed = rows @ weight.permute(1, 0, 2).reshape(channels, num_links * out)
    mixed = mixed.view(*rows.shape[:2], rows.shape[2] * num_links, out)
    receive = links.permute(0, 1, 4, 3, 2).flatten(3, 4)  # (.., v, u * K)
    return receive @ mixed
