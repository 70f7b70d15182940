"""Text files of numbers, a row a line, and what is wrong with a damaged one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.errors import Faults, FormatError, list_faults

NUMBER = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf(inity)?)", re.IGNORECASE | re.ASCII
)
HEAD = 65536
SHOWN = 20  # characters of a faulty word in a message


def read_text(path: Path) -> str:
    """Read a file that must be text.

    Raises:
        FormatError: If it cannot be read, or holds bytes that are no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path}: expected a file that can be read, got '{error.strerror}'. Check the path."
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(_not_text(path, content, error.start)) from error
    if "\0" in text:
        raise FormatError(_not_text(path, content, content.index(0)))
    return text


def _not_text(path: Path, content: bytes, place: int) -> str:
    line = content.count(b"\n", 0, place) + 1
    return (
        f"{path}, line {line}: expected text, got the byte {content[place]:#04x}. "
        "Copy the file again, or give its format: --format NAME."
    )


def read_rows(
    path: Path, *, columns: int, delimiter: str | None = None, comment: str | None = None
) -> np.ndarray:
    """Read a file of numbers; empty lines are passed over.

    Args:
        path: The file.
        columns: Numbers in each row.
        delimiter: What separates them; a last one at the end of a row is passed over.
            None: blanks.
        comment: What begins a line without numbers. None: there are none.

    Returns:
        float64, shape (rows, columns).

    Raises:
        FormatError: If a row has another number of numbers or a word is none; lists ten.
    """
    lines = read_text(path).splitlines()
    if delimiter is not None:
        lines = [line.rstrip().removesuffix(delimiter) for line in lines]
    if comment is not None:
        lines = ["" if line.startswith(comment) else line for line in lines]
    return rows_of(lines, path, columns=columns, delimiter=delimiter)


def rows_of(
    lines: list[str], path: Path, *, columns: int, delimiter: str | None = None
) -> np.ndarray:
    """Read lines of numbers of a file as `read_rows` does; lines of other things made empty."""
    if not any(line and not line.isspace() for line in lines):
        raise FormatError(f"{path}: expected rows of {columns} numbers, got none. Copy it again.")
    try:
        rows = np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2)
    except (ValueError, OverflowError, MemoryError) as error:
        raise FormatError(
            _row_faults(path, lines, columns, delimiter)
            or f"{path}: expected rows of numbers, got '{str(error)[:200]}'. Copy it again."
        ) from error
    if rows.shape[1] != columns:
        raise FormatError(_row_faults(path, lines, columns, delimiter))
    return rows


def _row_faults(path: Path, lines: list[str], columns: int, delimiter: str | None) -> str:
    faults = Faults()
    for number, line in enumerate(lines, start=1):
        words = line.split(delimiter)
        if not line or line.isspace():
            continue
        fault = _row_fault(words, columns)
        if fault:
            faults.append(f"{path}, line {number}: {fault}")
    return list_faults(faults)


def _row_fault(words: list[str], columns: int) -> str:
    wrong = next((word for word in words if not NUMBER.fullmatch(word.strip())), None)
    if wrong is not None:
        return (
            f"expected a number, got '{wrong.strip()[:SHOWN]}'. Correct it or copy the file again."
        )
    if len(words) != columns:
        return f"expected {columns} numbers, got {len(words)}. Copy the file again."
    return ""


def first_row(path: Path, *, delimiter: str | None = None) -> list[float]:
    """Read the numbers of a file's first line that has any text; none where it is no row.

    Cheap: looks at the first 64 KiB only, and never raises.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).decode("utf-8-sig").lstrip()
    except (OSError, UnicodeDecodeError):
        return []
    line = head.splitlines()[0].rstrip() if head else ""
    words = (line.removesuffix(delimiter) if delimiter else line).split(delimiter)
    if not all(NUMBER.fullmatch(word.strip()) for word in words):
        return []
    return [float(word) for word in words]


def to_float32(values: np.ndarray) -> np.ndarray:
    """Shorten numbers; one beyond float32 becomes infinite, which the survey counts.

    A signalling NaN, over which numpy's reductions stumble, becomes a plain one.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        shortened = values.astype(np.float32)
    shortened[np.isnan(shortened)] = np.nan
    return shortened
