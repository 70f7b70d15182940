"""File formats: readers, found by looking; conversion to a store, and from one."""

from __future__ import annotations

from skelgraph.data.formats.converting import convert
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.table import FORMATS, detect, read
from skelgraph.data.formats.writing import WRITERS, export

__all__ = [
    "FORMATS",
    "WRITERS",
    "ReadOptions",
    "Reading",
    "convert",
    "detect",
    "export",
    "read",
]
