"""Numbers and words out of a delimited text file with a header: fast, and exact about faults."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.errors import FormatError, list_faults

EMPTY = frozenset(("", "na", "n/a", "nan", "-nan", "null", "none"))
DELIMITERS = (",", "\t", ";")
MAX_FAULTS = 1000
FIRST_BYTES = 2**16


@dataclass(frozen=True, eq=False)
class Rows:
    """Some columns of a table.

    Args:
        numbers: Column -> numbers, NaN where a cell is empty, float64 (rows, columns).
        words: Column -> its cells.
        lines: Line of the file in which each row stands.
    """

    numbers: np.ndarray
    words: dict[str, list[str]]
    lines: np.ndarray


def first_cells(path: Path, count: int, delimiter: str | None = None) -> list[list[str]]:
    """Read the cells of the first lines; none where it is no text or cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(FIRST_BYTES).decode("utf-8-sig", errors="ignore")
        lines = text.split("\n", count)[:count]
        found = delimiter or find_delimiter(lines[0])
        return list(csv.reader([line.rstrip("\r") for line in lines], delimiter=found))
    except (OSError, csv.Error):
        return []


def find_delimiter(header: str) -> str:
    """Find what stands between two cells: what the header has most of.

    Example:
        >>> find_delimiter("time;x,mm;y,mm;z")
        ';'
    """
    return max(DELIMITERS, key=header.count)


class Table:
    """A delimited text file.

    Args:
        path: The file, UTF-8.
        delimiter: Between two cells. None: found by looking at the first line.
        header: Names of the columns. None: they stand in the first line.

    Raises:
        FormatError: If it cannot be read, is empty, or has no header.
    """

    def __init__(
        self, path: Path, delimiter: str | None = None, *, header: Sequence[str] | None = None
    ) -> None:
        self.path = path
        self._skip = 0 if header is not None else 1
        try:
            self._text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise FormatError(
                f"{path}: expected a readable text in UTF-8, got '{reason}'. Check the file."
            ) from error
        first, _, body = self._text.partition("\n")
        if not first.strip() or not (body.strip() or header is not None):
            raise FormatError(
                f"{path}: expected {'a header and ' * self._skip}at least one row, got less. "
                "Copy the file again."
            )
        self.delimiter = delimiter or find_delimiter(first)
        self.header = list(header) if header is not None else self._cells(first)

    def _reader(self, text: str) -> Any:
        return csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)

    def _cells(self, line: str) -> list[str]:
        try:
            return [cell.strip() for cell in next(self._reader(line))]
        except csv.Error as error:
            raise FormatError(
                f"{self.path}, row 1: expected names of columns, got '{error}'. Correct it."
            ) from error

    def find(self, columns: Sequence[str]) -> list[int]:
        """Find the places of columns.

        Raises:
            FormatError: If one is not there, or stands twice.
        """
        faults = []
        for column in dict.fromkeys(columns):
            count = self.header.count(column)
            if count != 1:
                faults.append(
                    f"{self.path}: expected the column '{column}' once, got it {count} times"
                    f"{'' if count else _near(column, self.header)}. Correct the mapping."
                )
        if faults:
            raise FormatError(list_faults(faults))
        return [self.header.index(column) for column in columns]

    def read(self, numeric: Sequence[str], words: Sequence[str] = ()) -> Rows:
        """Read columns of numbers, and columns of words.

        Raises:
            FormatError: If a column is lacking, a row has too many or too few cells, or a cell
                is no number; row and column are named.
        """
        places, word_places = self.find(numeric), self.find(words)
        fast = None if words else self._fast(places)
        if fast is not None:
            return Rows(numbers=fast, words={}, lines=np.arange(len(fast)) + self._skip + 1)
        return self._slow(places, dict(zip(words, word_places, strict=True)))

    def _fast(self, places: list[int]) -> np.ndarray | None:
        """Let numpy read the file; None where it is not as even as that needs."""
        if '"' in self._text:
            return None
        try:
            found = np.loadtxt(
                self.path,
                delimiter=self.delimiter,
                encoding="utf-8-sig",
                skiprows=self._skip,
                usecols=places,
                comments=None,
                ndmin=2,
            )
        except (ValueError, OverflowError, IndexError):
            return None
        even = self._text.count(self.delimiter) == (len(self.header) - 1) * (
            len(found) + self._skip
        )
        lines = self._text.count("\n") + (not self._text.endswith("\n"))
        return found if even and lines == len(found) + self._skip else None

    def _slow(self, places: list[int], words: dict[str, int]) -> Rows:
        """Read row by row, and name what is wrong."""
        parts: list[np.ndarray] = []
        texts: dict[str, list[str]] = {column: [] for column in words}
        lines: list[int] = []
        faults: list[str] = []
        reader = self._reader(self._text)
        try:
            for _ in range(self._skip):
                next(reader)
            for row in reader:
                if not row or row == [""]:
                    continue
                numbers = self._numbers(row, places, reader.line_num, faults)
                if len(faults) > MAX_FAULTS:
                    break
                parts.append(numbers)
                lines.append(reader.line_num)
                for column, place in words.items():
                    texts[column].append(row[place].strip() if place < len(row) else "")
        except csv.Error as error:
            faults.append(
                f"{self.path}, row {reader.line_num}: expected cells, got '{error}'. "
                "Copy or make the file again."
            )
        if faults:
            raise FormatError(list_faults(faults))
        numbers = np.stack(parts) if parts else np.zeros((0, len(places)))
        return Rows(numbers=numbers, words=texts, lines=np.array(lines, dtype=np.int64))

    def _numbers(
        self, row: list[str], places: list[int], line: int, faults: list[str]
    ) -> np.ndarray:
        found = np.full(len(places), np.nan)
        if len(row) != len(self.header):
            faults.append(
                f"{self.path}, row {line}: expected {len(self.header)} cells, got "
                f"{len(row)}. The file is damaged or cut off; copy or make it again."
            )
            return found
        try:
            found[:] = [float(row[place]) for place in places]
        except ValueError:
            for spot, place in enumerate(places):
                cell = row[place].strip()
                if cell.lower() in EMPTY:
                    continue
                try:
                    found[spot] = float(cell)
                except ValueError:
                    faults.append(
                        f"{self.path}, row {line}, column '{self.header[place]}': expected a "
                        f"number, got '{cell[:50]}'. Correct it or leave it empty."
                    )
        return found


def _near(column: str, header: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
    return f" (there is '{near[0]}')" if near else ""
