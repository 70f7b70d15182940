"""JSON from anywhere: size, depth and damage are looked at before anyone trusts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skelgraph.data.formats.raw.number_rows import HEAD
from skelgraph.errors import FormatError

MAX_BYTES = 512 * 2**20

SPARE_BRACKETS = 1000
BYTES_A_BRACKET = 4
"""An empty list takes two bytes of a file and sixty of memory; files of poses have at least
four bytes to a bracket."""


def load_json(path: Path, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read a JSON file, whole, as plain containers.

    NaN, Infinity and -Infinity, which many tools write, become floats: the reader or the
    survey makes such joints missing. Of a key that stands twice in an object the last one
    holds, as in every common parser. A byte order mark is skipped.

    Args:
        path: The file, UTF-8.
        max_bytes: Larger files are refused before they are read.

    Raises:
        FormatError: If the file is absent, too large, cut off, no JSON, no UTF-8, nested too
            deeply or made of brackets only.
    """
    return parse_json(_bytes(path, max_bytes), path)


def parse_json(raw: bytes, path: Path | str) -> Any:
    """Parse JSON that was read elsewhere, for instance from an archive; see `load_json`.

    Args:
        raw: The bytes of the document.
        path: What messages call it.
    """
    brackets = raw.count(b"[") + raw.count(b"{")
    if brackets > SPARE_BRACKETS + len(raw) // BYTES_A_BRACKET:
        raise FormatError(
            f"{path}: expected JSON with at least {BYTES_A_BRACKET} bytes a bracket, got "
            f"{brackets} brackets in {len(raw)} bytes. The file is no recording."
        )
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{path}, line {error.lineno}, column {error.colno}: expected JSON, got "
            f"'{error.msg}'. The file is damaged or cut off; copy or make it again."
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: expected JSON in UTF-8, got byte 0x{error.object[error.start]:02x} at "
            f"{error.start}. Copy or make the file again."
        ) from error
    except RecursionError:
        raise FormatError(
            f"{path}: expected JSON of a few levels, got one nested too deeply to read. "
            "The file is no recording."
        ) from None
    except (ValueError, OverflowError, MemoryError) as error:
        raise FormatError(
            f"{path}: expected JSON, got '{error or type(error).__name__}'. "
            "Copy or make the file again."
        ) from error


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise FormatError(
                f"{path}: expected a JSON file of at most {max_bytes / 2**20:.0f} MiB, got "
                f"{size / 2**20:.0f} MiB. Split it into a file a recording."
            )
        return path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error


def json_head(path: Path) -> str:
    """Give the first 64 KiB of a file without blanks, to look at; '' where it is no text."""
    try:
        with path.open("rb") as file:
            return "".join(file.read(HEAD).decode("utf-8-sig", errors="ignore").split())
    except OSError:
        return ""
