"""Results of single media, kept beside the target until the store is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from skelgraph.data.store_files import checksum
from skelgraph.errors import FormatError
from skelgraph.live.detections import Detections, load_detections, save_detections

VERSION = 1
"""Rises when what detections hold, or how they come about, changes."""


class KeptResults:
    """A hidden folder with a file for each medium that is done.

    A result is used again only for the same bytes of the medium and the same options.

    Args:
        target: The store that is made; the folder stands beside it.
        options: All that detections depend on, in JSON's types.
    """

    def __init__(self, target: Path, options: Mapping[str, Any]) -> None:
        self.folder = target.with_name(f".{target.name}.extract")
        self._options = json.dumps({"version": VERSION, **options}, sort_keys=True)

    def key(self, medium: Path) -> str:
        """Name the result of a medium after its content and the options."""
        text = f"{checksum(medium)}\n{self._options}"
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, key: str) -> Detections | None:
        """Load a result; None: there is none, or it is damaged and was removed."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return load_detections(path)
        except FormatError:
            path.unlink()
            return None

    def put(self, key: str, found: Detections) -> None:
        """Keep a result."""
        save_detections(self._path(key), found)

    def remove(self) -> None:
        """Throw all results away."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"
