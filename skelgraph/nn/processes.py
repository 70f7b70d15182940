"""Sums over the processes that train one model together.

Each process sees its share of a batch, and Lightning averages their gradients. Two things make
that the gradient of the whole batch: batch statistics of all the shares, and losses whose sums are
divided by `mean_count` of what they sum over, so that a clip weighs the same in a long share as in
a short one. With one process, nothing here does anything.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional


def num_processes() -> int:
    """Count the processes that train together; 1 where none were started."""
    started = distributed.is_available() and distributed.is_initialized()
    return distributed.get_world_size() if started else 1


def sum_processes(values: Tensor) -> Tensor:
    """Sum a tensor over the processes; gradients of all of them flow back to each.

    Every process must call it, in the same order as its other calls.

    Args:
        values: Of the same shape in every process.
    """
    return values if num_processes() == 1 else _Sum.apply(values)


def gather_processes(values: Tensor) -> Tensor:
    """Stack a tensor of each process, with gradients, as `sum_processes`.

    Args:
        values: Of the same shape in every process, (...).

    Returns:
        Shape (processes, ...), the same in every process.
    """
    count = num_processes()
    if count == 1:
        return values[None]
    before = distributed.get_rank()
    # A row of zeros for each other process; an index would be copied to the device first.
    sides = (0, 0) * values.dim() + (before, count - before - 1)
    return sum_processes(functional.pad(values[None], sides))


def mean_count(count: Tensor) -> Tensor:
    """Average a count over the processes: what each divides the sum that goes with it by.

    The mean over the processes of the quotients is then the mean over all that was counted, and
    so is its gradient, however unevenly it lies. Without gradients a process counts for itself:
    an evaluation may run in one of them alone.

    Args:
        count: How many values, or their summed weights, this process has; of 0 dimensions.

    Returns:
        A scalar more than 0: 1 / processes where nothing was counted anywhere.

    Example:
        >>> float(mean_count(torch.tensor(6)))
        6.0
    """
    processes = num_processes() if torch.is_grad_enabled() else 1
    total = count.detach()
    total = total if total.is_floating_point() else total.float()
    if processes > 1:
        total = sum_processes(total)
    return torch.where(total > 0, total, torch.ones_like(total)) / processes


class _Sum(torch.autograd.Function):
    """All-reduce forwards and backwards; torch's own is not public."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _sum(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _sum(gradients[0])


def _sum(values: Tensor) -> Tensor:
    total = values.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
