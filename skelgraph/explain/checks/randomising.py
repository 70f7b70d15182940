"""A model whose weights are lost layer by layer, from the head down."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import nn


def randomised(model: nn.Module, *, seed: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """Yield a copy of a model with more and more of its weights drawn anew.

    Each weight tensor gets normal numbers of its own mean and spread. Statistics of normalisation
    stay. The model itself stays as it is; what is yielded is one copy that goes on changing.

    Args:
        model: In evaluation mode.
        seed: Source of the numbers.

    Yields:
        What was lost last, such as 'head' or 'block 3', and the model.

    Source:
        Adebayo et al. 2018, cascading randomization, arXiv:1810.03292.
    """
    generator = torch.Generator().manual_seed(seed)
    copied = copy.deepcopy(model)
    for name, parameters in stages(copied):
        for parameter in parameters:
            _draw(parameter, generator)
        yield name, copied


def stages(model: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """Parts of a model from its output to its input: head, blocks from the last, and the rest."""
    found: list[tuple[str, nn.Module]] = []
    head = getattr(model, "head", None)
    if isinstance(head, nn.Module):
        found.append(("head", head))
    blocks = getattr(getattr(model, "backbone", model), "blocks", None)
    if isinstance(blocks, nn.ModuleList):
        found += [(f"block {i + 1}", blocks[i]) for i in reversed(range(len(blocks)))]
    taken = {id(parameter) for _, part in found for parameter in part.parameters()}
    named = [(name, list(part.parameters())) for name, part in found]
    rest = [parameter for parameter in model.parameters() if id(parameter) not in taken]
    return [*named, ("rest", rest)] if rest else named


@torch.no_grad()
def _draw(parameter: nn.Parameter, generator: torch.Generator) -> None:
    drawn = torch.randn(parameter.shape, generator=generator).to(parameter)
    spread = parameter.std() if parameter.numel() > 1 else parameter.abs().sum()
    parameter.copy_(drawn * spread + parameter.mean())
