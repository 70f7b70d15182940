"""A table that grows by a row a run, and survives a kill between any two of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skelgraph.errors import ConfigError

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    """Read all whole rows; a last line that a kill cut off does not count."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines()))


def demand_rows(path: Path) -> list[Row]:
    """Read the rows of a table that has some.

    Raises:
        ConfigError: If there is no row, or no file.
    """
    rows = read_rows(path)
    if not rows:
        raise ConfigError(
            f"{path}: expected a row a run, got none. Give the --output that holds them, or leave "
            "--table out."
        )
    return rows


def append_row(path: Path, header: Sequence[str], row: Mapping[str, Any]) -> None:
    """Append a row and wait until the disk has it; fractions with four digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _drop_cut_line(path)
    new = not path.exists() or path.stat().st_size == 0
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})
        file.flush()
        os.fsync(file.fileno())


def _drop_cut_line(path: Path) -> None:
    """Take away what stands behind the last line's end."""
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)


def key_of(row: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...]:
    """What tells a run from the others."""
    return tuple(str(row[name]) for name in columns)
