"""Graph convolution whose links are refined for each clip and channel."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.pooling import masked_mean

LEAST_REDUCED = 8


class TopologyConv(nn.Module):
    """Send each joint's features to all others over links of every channel's own.

    y_c[v] = sum_k sum_u R_kc[u, v] (x W_k)_c[u] with R_kc = A_k + alpha (Q_k W'_k)_c and
    Q_k[u, v] = tanh(x_v P_k - x_u S_k), x there the mean over valid frames, P and S to
    `reduced` channels. A starts at the given links, alpha at 0.

    Args:
        in_channels: Channels in.
        out_channels: Channels out.
        links: What A starts as, A[k, u, v] weighs what u sends to v, shape (K, V, V).
        reduction: Channels in for each reduced one; there are at least 8 of those.

    Source:
        Chen et al. 2021, section 3.2, arXiv:2107.12213; one alpha for all K as in the released
        code. Differs: no bias where it is normalised away or another does the same (x W, and one
        of P and S), and joints may be kept from sending.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, links: Tensor, reduction: int = 8
    ) -> None:
        super().__init__()
        self.reduced = max(in_channels // reduction, LEAST_REDUCED)
        kinds = len(links)
        self.links = nn.Parameter(links.clone())
        self.alpha = nn.Parameter(torch.zeros(1))
        self.receive = nn.Linear(in_channels, kinds * self.reduced)
        self.send = nn.Linear(in_channels, kinds * self.reduced, bias=False)
        self.value = ChannelMix(in_channels, kinds * out_channels)
        self.weight = nn.Parameter(torch.empty(kinds, self.reduced, out_channels))
        self.bias = nn.Parameter(torch.zeros(kinds, out_channels))
        bound = 1 / math.sqrt(self.reduced)
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(
        self, x: Tensor, frames: Tensor | None = None, senders: Tensor | None = None
    ) -> Tensor:
        """Refine the links and aggregate over them.

        Args:
            x: Features, shape (P, C, T, V).
            frames: Valid frames, bool, shape (P, T). None: all.
            senders: Joints that may send, bool, shape (P, 1, V). None: all.

        Returns:
            Features, shape (P, C_out, T, V).
        """
        links = self.refined(x, frames)  # (P, K, C_out, u, v)
        values = self.value(x if senders is None else x * senders[:, None])
        bodies, kinds, channels, joints = links.shape[:4]
        values = values.view(bodies, kinds, channels, x.shape[2], joints)
        # One product over links and senders together, a matrix for each body and channel.
        values = values.permute(0, 2, 3, 1, 4).flatten(3)  # (P, C_out, T, K * u)
        return values @ links.transpose(1, 2).flatten(2, 3)

    def refined(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Links of each body, kind and channel, [u, v] from u to v: (P, K, C_out, V, V)."""
        mask = None if frames is None else frames[:, None, :, None]
        pose = masked_mean(x, mask, dim=2).transpose(1, 2)  # (P, V, C)
        shape = (*pose.shape[:2], len(self.links), self.reduced)
        arrive, leave = self.receive(pose).view(shape), self.send(pose).view(shape)
        pairs = torch.tanh(arrive[:, None] - leave[:, :, None])  # (P, u, v, K, reduced)
        change = pairs.permute(0, 3, 1, 2, 4).flatten(2, 3) @ self.weight  # (P, K, u * v, C_out)
        change = (change + self.bias[:, None]).transpose(2, 3)
        change = change.view(*change.shape[:3], *self.links.shape[1:])
        return self.links[:, None] + self.alpha * change
