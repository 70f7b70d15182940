"""What a pickle may ask for by name, and how arrays are made of it, by our own hands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_KIND = re.compile(r"[fiub]\d{1,2}|[US]\d{1,4}")
_SIZES = {"f": (2, 4, 8, 16), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "b": (1,)}

PLAIN = (
    *(str, int, float, bool, bytes, type(None), set, frozenset),
    *(np.ndarray, np.generic),
)
"""What stands in a finished pickle, besides lists, tuples and dictionaries."""


class RefusedError(Exception):
    """A pickle asks for something that is not admitted."""


@dataclass(frozen=True)
class Global:
    """A name that a pickle may use, and nothing else: it cannot be called from here."""

    name: str


@dataclass(eq=False)
class Unfinished:
    """An array or a dtype between its first and its second step.

    Args:
        kind: 'array' or 'dtype'.
        code: A dtype's code without byte order, e.g. 'f4'.
        keys: Where the pickle remembers it.
    """

    kind: str
    code: str = ""
    keys: list[int] = field(default_factory=list)


_CORES = ("numpy.core", "numpy._core")

GLOBALS: dict[tuple[str, str], Global] = {
    **{(f"{core}.multiarray", "_reconstruct"): Global("reconstruct") for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): Global("scalar") for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): Global("frombuffer") for core in _CORES},
    ("numpy", "ndarray"): Global("ndarray"),
    ("numpy", "dtype"): Global("dtype"),
    ("_codecs", "encode"): Global("encode"),
    ("collections", "OrderedDict"): Global("dict"),
    **{(home, "set"): Global("set") for home in ("builtins", "__builtin__")},
    **{(home, "frozenset"): Global("frozenset") for home in ("builtins", "__builtin__")},
    **{(home, "bytearray"): Global("bytes") for home in ("builtins", "__builtin__")},
    ("__builtin__", "bytes"): Global("bytes"),
    ("builtins", "bytes"): Global("bytes"),
}
"""(module, name) -> what it stands for."""


def call(function: Global, arguments: tuple[Any, ...]) -> Any:
    """Do what a pickle's call means.

    Raises:
        RefusedError: If the arguments are not those that numpy or Python write.
    """
    return _CALLS.get(function.name, _refuse)(arguments)


def finish(target: Unfinished, state: Any) -> np.ndarray | np.dtype[Any]:
    """Give an array or a dtype its state.

    Raises:
        RefusedError: If it is not of plain numbers or texts, or its size is not its bytes'.
    """
    return _array(state) if target.kind == "array" else _dtype(target, state)


def _reconstruct(arguments: tuple[Any, ...]) -> Unfinished:
    if not arguments or arguments[0] != Global("ndarray"):
        raise RefusedError("a subclass of numpy's arrays")
    return Unfinished("array")


def _start_dtype(arguments: tuple[Any, ...]) -> Unfinished:
    code = arguments[0] if arguments else None
    if not isinstance(code, str) or not _KIND.fullmatch(code):
        raise RefusedError(f"an array of '{str(code)[:40]}'")
    size = int(code[1:])
    if not 1 <= size <= 4096 or size not in _SIZES.get(code[0], (size,)):
        raise RefusedError(f"an array of '{code}'")
    return Unfinished("dtype", code=code)


def _dtype(target: Unfinished, state: Any) -> np.dtype[Any]:
    """Make a dtype of its code and the byte order in its state; fields are refused."""
    plain = isinstance(state, tuple) and len(state) >= 5 and state[1] in ("<", ">", "|", "=")
    if not plain or any(part is not None for part in state[2:5]):
        raise RefusedError("an array of records")
    return np.dtype(state[1] + target.code)


def _array(state: Any) -> np.ndarray:
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise RefusedError("an array without a state")
    shape, dtype, fortran, raw = state[-4:]
    return _from_bytes(raw, dtype, shape, "F" if fortran else "C")


def _from_bytes(raw: Any, dtype: Any, shape: Any, order: str) -> np.ndarray:
    if isinstance(raw, str):
        raw = raw.encode("latin-1")
    if not isinstance(dtype, np.dtype) or not isinstance(raw, bytes):
        raise RefusedError("an array of objects")
    if not isinstance(shape, tuple) or len(shape) > 16:
        raise RefusedError("an array without a shape")
    if not all(isinstance(size, int) and 0 <= size < 2**48 for size in shape):
        raise RefusedError("an array without a shape")
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(
            f"an array of shape {shape} and {dtype.itemsize} bytes a value with {len(raw)} bytes"
        )
    if not raw:
        return np.zeros(shape, dtype)
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if order == "F" else "C")


def _from_buffer(arguments: tuple[Any, ...]) -> np.ndarray:
    raw, dtype, shape, order = arguments
    return _from_bytes(raw, dtype, shape, order)


def _scalar(arguments: tuple[Any, ...]) -> Any:
    dtype, raw = arguments
    return _from_bytes(raw, dtype, (1,), "C")[0]


def _encode(arguments: tuple[Any, ...]) -> bytes:
    text, encoding = arguments
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusedError("a text in another encoding")
    return text.encode("latin-1")


def _plain_bytes(arguments: tuple[Any, ...]) -> bytes:
    if not arguments:
        return b""
    first = arguments[0]
    if isinstance(first, bytes):
        return first
    if isinstance(first, str):
        return first.encode("latin-1")
    raise RefusedError("bytes made of something else")


def _empty_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if arguments:
        raise RefusedError("a dictionary made of something else")
    return {}


def _set(arguments: tuple[Any, ...]) -> set[Any]:
    items = arguments[0] if arguments else []
    plain = isinstance(items, list) and all(isinstance(item, (str, int, bytes)) for item in items)
    if not plain:
        raise RefusedError("a set of something else than texts and numbers")
    return set(items)


def _refuse(arguments: tuple[Any, ...]) -> Any:
    raise RefusedError("a call of a class")


_CALLS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "reconstruct": _reconstruct,
    "dtype": _start_dtype,
    "scalar": _scalar,
    "frombuffer": _from_buffer,
    "encode": _encode,
    "set": _set,
    "frozenset": lambda arguments: frozenset(_set(arguments)),
    "bytes": _plain_bytes,
    "dict": _empty_dict,
}
