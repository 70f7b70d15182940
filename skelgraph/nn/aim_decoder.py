"""The decoder of A-link inference: how joints move, given what links them."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.link_messages import LinkMessages
from skelgraph.nn.processes import mean_count


class AimDecoder(nn.Module):
    """Predict every frame from the one before and the links, a recurrent cell a joint.

    Args:
        num_coords: Coordinates of a joint.
        num_types: Link types, the ghost included; it carries no message.
        width: Features of every layer.
        memory: Whether a joint's own state enters its gates beside the messages.

    Source:
        Li et al. 2019, section 3.2, arXiv:1904.12659, after Kipf et al. 2018 (recurrent
        decoder), arXiv:1802.04687. Messages are averaged over types and summed over senders;
        the release then divides them by the number of coordinates, and keeps a network for the
        ghost that never runs. In both a joint's own past reaches its gates only through messages,
        which know the receiver's state: any link pays, whoever sends. `memory` gives the cell a
        way of its own.
    """

    def __init__(
        self,
        num_coords: int,
        num_types: int,
        *,
        width: int = 128,
        memory: bool = False,
    ) -> None:
        super().__init__()
        self.width = width
        self.messages = LinkMessages(num_types - 1, width)
        # Reset gate, input gate and candidate, in this order.
        self.from_message = nn.Linear(width, 3 * width, bias=False)
        self.from_input = nn.Linear(num_coords, 3 * width)
        self.from_state = nn.Linear(width, 3 * width, bias=False) if memory else None
        layers = {
            "0": nn.Linear(width, width),
            "1": nn.ReLU(),
            "3": nn.Linear(width, width),  # numbers as stored weights have them
            "4": nn.ReLU(),
            "6": nn.Linear(width, num_coords),
        }
        self.out = nn.Sequential(OrderedDict(layers))

    def forward(self, frames: Tensor, links: Tensor) -> Tensor:
        """Predict one frame ahead, each time from the true frame.

        Args:
            frames: Coordinates, shape (P, F, V, C).
            links: Weight of each link type, the ghost first, [type, sender, receiver], shape
                (P, K, V, V).

        Returns:
            Prediction of frames 1 to F - 1, shape (P, F - 1, V, C).
        """
        carried = links[:, 1:].permute(1, 0, 3, 2)  # (K, P, receiver, sender)
        inputs = self.from_input(frames[:, :-1]).unbind(1)
        hidden = inputs[0].new_zeros((*inputs[0].shape[:-1], self.width))
        states = []
        for values in inputs:
            hidden = self._step(values, hidden, carried)
            states.append(hidden)
        return frames[:, :-1] + self.out(torch.stack(states, dim=1))

    def _step(self, values: Tensor, hidden: Tensor, links: Tensor) -> Tensor:
        arrived = self.from_message(self.messages(hidden, links))
        if self.from_state is not None:
            arrived = arrived + self.from_state(hidden)
        reset_in, keep_in, new_in = values.chunk(3, dim=-1)
        reset_by, keep_by, new_by = arrived.chunk(3, dim=-1)
        keep = torch.sigmoid(keep_in + keep_by)
        new = torch.tanh(new_in + torch.sigmoid(reset_in + reset_by) * new_by)
        return (1 - keep) * new + keep * hidden


def gaussian_nll(
    predicted: Tensor, target: Tensor, mask: Tensor, *, variance: float = 5e-4
) -> Tensor:
    """Squared error over twice the variance, summed over frames and coordinates.

    Args:
        predicted: Shape (P, F, V, C).
        target: Shape (P, F, V, C).
        mask: Joints seen, bool, shape (P, F, V); the others cost nothing.
        variance: In squared metres.

    Returns:
        Mean over bodies and joints seen in any frame, a scalar; the constant of the Gaussian
        is left out.
    """
    errors = functional.mse_loss(predicted, target, reduction="none").sum(-1)
    total = (errors * mask).sum() / (2 * variance)
    return total / mean_count(mask.any(1).sum())
