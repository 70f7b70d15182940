"""A model of the same family with less width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIDTHS = ("channels", "width", "hidden")
STEP = 4  # so that what divides its channels among branches still can


def narrow(config: Mapping[str, Any], *, factor: int) -> dict[str, Any]:
    """Divide every width of a resolved model configuration, nested ones included.

    Widths are rounded up to a multiple of 4, one that heads share to one of their number.

    Args:
        config: What `skelgraph.models.resolve_config` gave.
        factor: Divisor.

    Example:
        >>> narrow({"channels": [24, 32], "tower": {"width": 64, "heads": 4}}, factor=4)
        {'channels': [8, 8], 'tower': {'width': 16, 'heads': 4}}
    """
    step = int(config.get("heads", STEP))
    return {key: _narrowed(key, value, factor, step) for key, value in config.items()}


def _narrowed(key: str, value: Any, factor: int, step: int) -> Any:
    if isinstance(value, Mapping):
        return narrow(value, factor=factor)
    if key not in WIDTHS:
        return value
    if isinstance(value, (list, tuple)):
        return [_divided(int(one), factor, STEP) for one in value]
    return _divided(int(value), factor, step)


def _divided(width: int, factor: int, step: int) -> int:
    return min(width, -(-width // (factor * step)) * step)
