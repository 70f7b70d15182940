"""Pickles from anywhere, read without running anything.

A pickle is a program. This module does not hand it to Python's unpickler: it walks the
program's steps itself, builds plain containers, numbers, texts and numpy arrays, and refuses
every other step. No class is looked up and nothing is imported or called by name, so there is
nothing that a file could make run. Protocols 0 to 5, Python 2's too.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from skelgraph.data.formats.raw.safe_pickle_arrays import PLAIN, RefusedError
from skelgraph.data.formats.raw.safe_pickle_steps import STEPS, Machine
from skelgraph.errors import FormatError

MAX_LEVELS = 32
STOP = ord(".")


def load_pickle(path: Path) -> Any:
    """Read a pickle of plain containers, numbers, texts and numpy arrays.

    Arrays are read-only; Python 2's texts become str by latin-1. A container that the file
    repeats is one container in several places.

    Args:
        path: The file.

    Raises:
        FormatError: If the file is absent, cut off or damaged, or if it asks for anything but
            plain containers and arrays; nothing of it was run.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error
    machine = Machine(content)
    try:
        found = _run(machine)
        _check(found)
        return found
    except RefusedError as error:
        raise FormatError(
            f"{path}, byte {machine.at}: expected a pickle of plain containers and numpy arrays, "
            f"got {error}. Nothing of it was run; do not open it with another program."
        ) from None
    except _DAMAGE as error:
        raise FormatError(
            f"{path}, byte {machine.at}: expected a whole pickle, got "
            f"'{error or type(error).__name__}'. Copy or make the file again."
        ) from error


_DAMAGE = (
    *(IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError, AttributeError),
    struct.error,
)


def _run(machine: Machine) -> Any:
    """Walk the steps to the end and give what is left on the stack."""
    while True:
        machine.at = machine.next
        code = machine.raw[machine.at]
        machine.next += 1
        if code == STOP:
            return machine.pop()
        step = STEPS.get(code)
        if step is None:
            raise RefusedError(f"the step {chr(code)!r}")
        step(machine)


def _check(found: Any) -> None:
    """Refuse what is nested deeper than sets of recordings are, and half-built arrays."""
    level, met = [found], {id(found)}
    for _ in range(MAX_LEVELS):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, (list, tuple)):
                below.extend(item)
            elif not isinstance(item, PLAIN):
                raise RefusedError(f"an unfinished {type(item).__name__.lower()}")
        level = []
        for item in below:
            if not isinstance(item, (str, int, float)) and id(item) not in met:
                met.add(id(item))
                level.append(item)
        if not level:
            return
    raise RefusedError(f"more than {MAX_LEVELS} levels of nesting")
