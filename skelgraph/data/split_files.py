"""Splits that are written down: a CSV file or a folder of lists."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skelgraph.errors import ProtocolError, list_faults

NEEDED = ("train", "test")


def read_split_files(path: Path, names: np.ndarray, *, parts: Sequence[str]) -> np.ndarray:
    """Read which part each clip belongs to.

    Args:
        path: CSV with columns clip and split, or a folder with a list a part
            (train.txt, val.txt, test.txt: a clip name a line).
        names: The clip names that exist, (N,).
        parts: Names of the parts; of lists, only train and test need be there.

    Returns:
        Number of its part for each clip, -1 where it is in none, int64 (N,).

    Raises:
        ProtocolError: Lists unknown clips, unknown parts and clips that stand in two parts.
    """
    entries = _from_folder(path, parts) if path.is_dir() else _from_csv(path)
    row_of = {str(name): row for row, name in enumerate(names)}
    part = np.full(len(names), -1, dtype=np.int64)
    faults = []
    for where, clip, name in entries:
        if name not in parts:
            faults.append(f"{where}: expected one of {', '.join(parts)}, got '{name}'. Correct it.")
        elif clip not in row_of:
            faults.append(f"{where}: expected a clip of the store, got '{clip}'. Correct it.")
        elif part[row_of[clip]] not in (-1, parts.index(name)):
            other = parts[part[row_of[clip]]]
            faults.append(
                f"{where}: expected '{clip}' in one part, got it in {other} and {name}. "
                "Take it out of one."
            )
        else:
            part[row_of[clip]] = parts.index(name)
    if faults:
        raise ProtocolError(list_faults(faults))
    return part


def _from_folder(path: Path, parts: Sequence[str]) -> list[tuple[str, str, str]]:
    absent = [name for name in NEEDED if not (path / f"{name}.txt").is_file()]
    if absent:
        raise ProtocolError(
            f"{path}: expected {', '.join(f'{name}.txt' for name in absent)}, got none. "
            "Write a clip name a line."
        )
    return [
        (f"{path.name}/{name}.txt, line {number}", line.strip(), name)
        for name in parts
        if (path / f"{name}.txt").is_file()
        for number, line in enumerate(_text(path / f"{name}.txt").splitlines(), start=1)
        if line.strip()
    ]


def _from_csv(path: Path) -> list[tuple[str, str, str]]:
    rows = list(csv.DictReader(_text(path).splitlines()))
    if not rows or not {"clip", "split"} <= set(rows[0]):
        got = ", ".join(filter(None, rows[0])) if rows else "no rows"
        raise ProtocolError(
            f"{path}: expected columns clip and split, got {got}. Write a clip name and "
            "train, val or test a row."
        )
    return [
        (f"{path.name}, row {number}", row["clip"] or "", row["split"] or "")
        for number, row in enumerate(rows, start=2)
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "text that is not UTF-8"
        raise ProtocolError(
            f"{path}: expected a readable split file, got '{reason}'. Check the path."
        ) from error
