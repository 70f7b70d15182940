"""JSON files that may be damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skelgraph.data.formats.raw.number_rows import HEAD, read_text
from skelgraph.errors import FormatError


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FormatError: If it is no JSON, with the line; or nested too deep.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(
            f"{path}, line {error.lineno}, column {error.colno}: expected whole JSON, got "
            f"'{error.msg}'. The file is cut off or damaged: copy it again."
        ) from error
    except (RecursionError, ValueError) as error:
        raise FormatError(
            f"{path}: expected JSON of a few levels, got '{error}'. Copy the file again."
        ) from error


def json_head(path: Path) -> str:
    """Give the first 64 KiB of a file without blanks, to look at; '' where it is no text."""
    try:
        with path.open("rb") as file:
            return "".join(file.read(HEAD).decode("utf-8-sig", errors="ignore").split())
    except OSError:
        return ""
