"""Stores written in the formats of other tools, and what those cannot hold."""

from __future__ import annotations

from skelgraph.data.formats.writing.exporting import Exported, export, losses
from skelgraph.data.formats.writing.pyg import load_graphs
from skelgraph.data.formats.writing.table import WRITERS

__all__ = ["WRITERS", "Exported", "export", "load_graphs", "losses"]
