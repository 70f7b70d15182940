"""JSON files as the sets' readers take them: a look at the beginning, and the whole."""

from __future__ import annotations

from pathlib import Path

from skelgraph.data.formats.raw.number_rows import HEAD
from skelgraph.data.formats.raw.safe_json import load_json as read_json

__all__ = ["json_head", "read_json"]


def json_head(path: Path) -> str:
    """Give the first 64 KiB of a file without blanks, to look at; '' where it is no text."""
    try:
        with path.open("rb") as file:
            return "".join(file.read(HEAD).decode("utf-8-sig", errors="ignore").split())
    except OSError:
        return ""
