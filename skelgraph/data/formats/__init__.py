"""File formats: readers, found by looking at the source, and conversion to a store."""

from __future__ import annotations

from skelgraph.data.formats.converting import convert
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.table import FORMATS, detect, read

__all__ = ["FORMATS", "ReadOptions", "Reading", "convert", "detect", "read"]
