"""What several layers' tests ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from skelgraph.nn.masked_norm import MaskedBatchNorm


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Normal values, float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def randomise(module: nn.Module, *, seed: int = 0) -> nn.Module:
    """Give every parameter, the zeros and ones too, a value of its own; float64."""
    generator = torch.Generator().manual_seed(seed)
    module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
            parameter.add_(0.1 * noise)
    return module


def settled(module: nn.Module) -> nn.Module:
    """Give the batch norms a past of their own."""
    for number, norm in enumerate(m for m in module.modules() if isinstance(m, MaskedBatchNorm)):
        size = len(norm.weight)
        norm.running_mean.copy_(draw(size, seed=number) / 10)
        norm.running_var.copy_(1 + draw(size, seed=number + 1).square())
    return module


def gradients(out: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Gradients of a sum with unequal weights."""
    weights = torch.linspace(0.5, 2, out.numel(), dtype=out.dtype).view(out.shape)
    return list(torch.autograd.grad((out * weights).sum(), tensors))


def assert_same_with_gradients(
    fast: Callable[[], Tensor], slow: Callable[[], Tensor], tensors: Sequence[Tensor]
) -> None:
    """Outputs and gradients of two ways to compute the same agree to 1e-8."""
    one, other = fast(), slow()
    torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)
    for a, b in zip(gradients(one, tensors), gradients(other, tensors), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8)
