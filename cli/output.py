"""What a command prints: its result on stdout, progress and notes on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

SCHEMA_VERSION = 1

Item = TypeVar("Item")


def print_json(document: Mapping[str, Any], *, schema_version: int = SCHEMA_VERSION) -> None:
    """Print one JSON document on stdout, `schema_version` first."""
    whole = {"schema_version": schema_version, **document}
    click.echo(json.dumps(to_plain(whole), indent=2, ensure_ascii=False, allow_nan=False))


def to_plain(value: Any) -> Any:
    """Turn numpy values, paths and tuples into what JSON has; NaN and infinity into null.

    Example:
        >>> to_plain({"top1": float("nan"), "shape": (2, 3)})
        {'top1': None, 'shape': [2, 3]}
    """
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars, torch tensors
        return to_plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print aligned columns on stdout."""
    click.echo(format_table(columns, rows))


def format_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lay out a table as text: numbers to the right, None as a dash.

    Example:
        >>> print(format_table(("layout", "joints"), [("mads", 19), ("coco17", 17)]))
        layout  joints
        mads        19
        coco17      17
    """
    values = [list(row) for row in rows]
    cells = [list(columns), *([_cell(value) for value in row] for row in values)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    right = [_is_numeric([row[i] for row in values]) for i in range(len(columns))]
    return "\n".join(_line(row, widths, right) for row in cells)


def note(message: str, *, quiet: bool = False) -> None:
    """Write a line for people on stderr."""
    if not quiet:
        click.echo(message, err=True)


def track(
    items: Iterable[Item], label: str, *, total: int | None = None, quiet: bool = False
) -> Iterator[Item]:
    """Yield the items while a bar on stderr shows how far it is and the time left.

    Args:
        items: What is worked through.
        label: What is being done, such as "converting".
        total: How many there are. None: their length, if they have one.
        quiet: Show no bar; neither is one shown where stderr is no terminal.

    Yields:
        The items, in order.
    """
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, label, total=total, console=Console(stderr=True), transient=True)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _is_numeric(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, (int, float)) for value in present)


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, widths, right, strict=True)
    )
    return "  ".join(cells).rstrip()
