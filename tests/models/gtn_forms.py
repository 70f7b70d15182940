"""Tiny gated transformer networks for tests."""

from __future__ import annotations

from dataclasses import replace

import torch

from skelgraph.graphs import Layout
from skelgraph.models import Gtn, GtnConfig, SeriesGtn
from skelgraph.nn.attention import TowerConfig

TINY = GtnConfig(
    frames=3, tower=TowerConfig(width=8, heads=2, layers=1, hidden=8, dropout=0.0), dropout=0.0
)


def tiny_config(*, norm_first: bool = True, **changes: object) -> GtnConfig:
    """A configuration of a few thousand parameters."""
    return replace(TINY, tower=replace(TINY.tower, norm_first=norm_first), **changes)


def tiny_gtn(layout: Layout, *, num_classes: int = 3, **changes: object) -> Gtn:
    """A model on a skeleton, always the same."""
    torch.manual_seed(0)
    return Gtn(layout, num_classes, config=tiny_config(**changes))


def tiny_series(num_channels: int, *, num_classes: int = 3, **changes: object) -> SeriesGtn:
    """A model on plain series, always the same."""
    torch.manual_seed(0)
    return SeriesGtn(num_channels, num_classes, config=tiny_config(**changes))
