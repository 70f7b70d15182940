"""The graph and masks of a batch of bodies at every temporal stride."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.nn.temporal_conv import stride_mask


@dataclass
class ClipGraph:
    """What every block of a network is given beside its features.

    Args:
        a_links: A-link adjacency, one set a body or one a block of frames, shape
            (P, B, K, V, V); None: no A-links.
        block: Input frames for which one set of links holds, where B is not 1.
        frames: Valid input frames, bool, shape (P, T); None: all.
        senders: Joints that may send, bool, shape (P, 1, V), or (P, T, V) where it depends on
            the frames so far; None: all.
    """

    a_links: Tensor | None
    block: int
    frames: Tensor | None
    senders: Tensor | None

    def at(self, stride: int, size: int) -> dict[str, Tensor | None]:
        """Keyword arguments of a block whose input has `size` frames, `stride` apart."""
        senders = self.senders
        if senders is not None and senders.shape[1] > 1:
            senders = stride_mask(senders, stride)
        return {
            "a_links": self._links(stride, size),
            "frames": stride_mask(self.frames, stride),
            "senders": senders,
        }

    def _links(self, stride: int, size: int) -> Tensor | None:
        if self.a_links is None or self.a_links.shape[1] == 1:
            return self.a_links
        blocks = torch.arange(size, device=self.a_links.device) * stride // self.block
        return self.a_links[:, blocks]
