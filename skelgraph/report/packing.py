"""Arrays as short text: 16-bit numbers and bits in base64, for scripts to unpack."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np

STEPS = 65534  # between the lowest and the highest value
MISSING = -32768


def pack(values: np.ndarray) -> dict[str, Any]:
    """Round an array to 65,535 evenly spaced values between its lowest and highest.

    The error is at most half a step: 1/131,068 of the span.

    Args:
        values: Any shape; NaN and infinity become missing.

    Returns:
        `shape`, `low`, `step`, and `data`: int16, little-endian, base64. A value is
        `low + step * (number + 32767)`; -32768 is a missing one.

    Example:
        >>> pack(np.array([0.0, np.nan, 65.534]))
        {'shape': [3], 'low': 0.0, 'step': 0.001, 'data': 'AYAAgP9/'}
    """
    known = np.isfinite(values)
    low = float(values[known].min()) if known.any() else 0.0
    high = float(values[known].max()) if known.any() else 0.0
    step = (high - low) / STEPS or 1.0
    places = np.round((np.where(known, values, low) - low) / step) - STEPS // 2
    numbers = np.where(known, places, MISSING).astype("<i2")
    return {"shape": list(values.shape), "low": low, "step": step, "data": _text(numbers)}


def pack_flags(flags: np.ndarray) -> dict[str, Any] | None:
    """Write true and false as bits, the first in the highest bit; None where all are true.

    Example:
        >>> pack_flags(np.array([True, False, True]))
        {'shape': [3], 'data': 'oA=='}
    """
    if flags.all():
        return None
    return {"shape": list(flags.shape), "data": _text(np.packbits(flags))}


def rounded(values: np.ndarray, digits: int = 4) -> Any:
    """Give numbers as nested lists with a few significant digits, None for what is missing.

    Example:
        >>> rounded(np.array([[0.123456, np.nan]]), 3)
        [[0.123, None]]
    """
    if values.ndim:
        return [rounded(part, digits) for part in values]
    return float(f"{float(values):.{digits}g}") if np.isfinite(values) else None


def _text(array: np.ndarray) -> str:
    return b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
