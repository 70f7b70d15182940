"""Skeleton layouts: the one place that knows joints, bones and what follows from them."""

from __future__ import annotations

from skelgraph.graphs.conversion import JointConversion, convert_joints
from skelgraph.graphs.layout import Layout
from skelgraph.graphs.mapping import JointMap, map_joints
from skelgraph.graphs.reading import available_layouts, load_layout

__all__ = [
    "JointConversion",
    "JointMap",
    "Layout",
    "available_layouts",
    "convert_joints",
    "load_layout",
    "map_joints",
]
