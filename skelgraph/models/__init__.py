"""Architectures, one a file, and the table of their names."""

from __future__ import annotations

from skelgraph.models.as_gcn import AsGcn
from skelgraph.models.as_gcn_config import AsGcnConfig
from skelgraph.models.building import MODELS, build_model, resolve_config
from skelgraph.models.ctr_gcn import CtrGcn, CtrGcnConfig
from skelgraph.models.gtn import Gtn, SeriesGtn
from skelgraph.models.gtn_config import GtnConfig
from skelgraph.models.output import Encoded, Output

__all__ = [
    "MODELS",
    "AsGcn",
    "AsGcnConfig",
    "CtrGcn",
    "CtrGcnConfig",
    "Encoded",
    "Gtn",
    "GtnConfig",
    "Output",
    "SeriesGtn",
    "build_model",
    "resolve_config",
]
