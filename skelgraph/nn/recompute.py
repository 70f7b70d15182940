"""Parts of a network that are computed again on the way back, in place of being kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

_state = threading.local()


def recomputed(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function; for its gradients it is called once more, with the same random numbers.

    What it computes on its way is not kept: less memory for more time. Without gradients it is
    called once, as it is.
    """
    if not torch.is_grad_enabled():
        return function(*arguments, **named)
    return checkpoint(
        function,
        *arguments,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _again()),
        **named,
    )


def set_recompute(model: nn.Module) -> bool:
    """Make every part of a model that can be computed again do so in training.

    Returns:
        Whether it has such a part.
    """
    parts = [module for module in model.modules() if hasattr(module, "recompute")]
    for part in parts:
        part.recompute = True  # type: ignore[assignment]
    return bool(parts)


def is_second_call() -> bool:
    """Tell whether `recomputed` is calling once more: running statistics then stay as they are."""
    return getattr(_state, "again", False)


@contextmanager
def _again() -> Iterator[None]:
    before = is_second_call()
    _state.again = True
    try:
        yield
    finally:
        _state.again = before
