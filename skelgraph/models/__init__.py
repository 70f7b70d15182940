"""Architectures, one a file, and the table of their names."""

from __future__ import annotations

from skelgraph.models.as_gcn import AsGcn, AsGcnConfig, Output
from skelgraph.models.building import MODELS, build_model, resolve_config
from skelgraph.models.presets import PRESETS

__all__ = ["MODELS", "PRESETS", "AsGcn", "AsGcnConfig", "Output", "build_model", "resolve_config"]
