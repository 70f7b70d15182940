"""Messages over A-links, computed again on the way back."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class LinkMessages(nn.Module):
    """Messages over links, a small network a link type.

    Args:
        num_types: Link types without the ghost.
        width: Features of joints and messages.
    """

    def __init__(self, num_types: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.first_weight = nn.Parameter(torch.empty(num_types, 2 * width, width))
        self.first_bias = nn.Parameter(torch.empty(num_types, width))
        self.second_weight = nn.Parameter(torch.empty(num_types, width, width))
        self.second_bias = nn.Parameter(torch.empty(num_types, width))
        for weight, bias in (
            (self.first_weight, self.first_bias),
            (self.second_weight, self.second_bias),
        ):
            bound = 1 / math.sqrt(weight.shape[1])
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)

    def forward(self, hidden: Tensor, links: Tensor) -> Tensor:
        """Sum what reaches each joint, averaged over link types.

        Args:
            hidden: State of each joint, shape (P, V, width).
            links: Weight of each link type but the ghost, [type, body, receiver, sender],
                shape (K, P, V, V).

        Returns:
            Shape (P, V, width).
        """
        num_types, bodies, joints = links.shape[:3]
        nodes = hidden.reshape(1, bodies * joints, self.width).expand(num_types, -1, -1)
        weight = self.first_weight
        # Added inside the product, the bias does not lift half precision to a full one.
        receiver = torch.baddbmm(self.first_bias[:, None], nodes, weight[:, : self.width])
        sender = nodes @ weight[:, self.width :]
        shape = (num_types, bodies, joints, self.width)
        dtype = receiver.dtype
        arrived: Tensor = _Messages.apply(
            receiver.view(shape),
            sender.view(shape),
            self.second_weight.to(dtype),
            self.second_bias.to(dtype),
            links.to(dtype),
        )
        return arrived.mean(0)


class _Messages(torch.autograd.Function):
    """What reaches each joint over each link type; no pair's message is kept.

    There are V times as many pairs as joints: kept over all frames of the decoder, they would be
    a quarter of what a training step of two clips keeps, and computing them again is a hundredth
    of its arithmetic.
    """

    @staticmethod
    def forward(
        ctx: Any, receiver: Tensor, sender: Tensor, weight: Tensor, bias: Tensor, links: Tensor
    ) -> Tensor:
        ctx.save_for_backward(receiver, sender, weight, bias, links)
        _, messages = _pair_messages(receiver, sender, weight, bias)
        return (links[..., None, :] @ messages).squeeze(-2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        receiver, sender, weight, bias, links = ctx.saved_tensors
        hidden, messages = _pair_messages(receiver, sender, weight, bias)
        by_links = (messages @ grad[..., None]).squeeze(-1)
        by_second = torch.ops.aten.tanh_backward(links[..., None] * grad[..., None, :], messages)
        by_second, inner = by_second.flatten(1, 3), hidden.flatten(1, 3)
        by_weight, by_bias = inner.transpose(1, 2) @ by_second, by_second.sum(1)
        by_hidden = (by_second @ weight.transpose(1, 2)).view(hidden.shape)
        by_first = torch.ops.aten.tanh_backward(by_hidden, hidden)
        return by_first.sum(3), by_first.sum(2), by_weight, by_bias, by_links


def _pair_messages(
    receiver: Tensor, sender: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Both layers of each pair, [type, body, receiver, sender], of shape (K, P, V, V, width)."""
    hidden = (receiver[:, :, :, None] + sender[:, :, None]).tanh_()
    messages = torch.baddbmm(bias[:, None], hidden.flatten(1, 3), weight).tanh_()
    return hidden, messages.view(hidden.shape)
