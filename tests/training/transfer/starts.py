"""Small models with scrambled weights, and starts made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skelgraph.graphs import Layout
from skelgraph.models import build_model, resolve_config
from skelgraph.training.config import DataOptions
from skelgraph.training.transfer.start import Start

CLASSES = ("wave", "clap", "bow")
TOWER = {"width": 16, "heads": 2, "hidden": 16, "layers": 2}
GRAPH = {"channels": (8, 8, 16), "strides": (1, 2, 1)}
# By model, what makes it small; a test holds the names against `MODELS`.
SMALL: dict[str, dict[str, Any]] = {
    "as_gcn": {**GRAPH, "tower": TOWER, "forecast": 3},
    "st_gcn": GRAPH,
    "ctr_gcn": {**GRAPH, "tower": TOWER},
    "gtn": {"frames": 8, "tower": TOWER},
    "conv_gtn": {"frames": 8, "tower": TOWER},
}


def make_model(
    name: str, layout: Layout, *, num_classes: int = 3, **changes: Any
) -> tuple[nn.Module, dict[str, Any]]:
    """Build a small model of a kind; returns it with its resolved configuration."""
    config = resolve_config(name, "small", overrides={**SMALL[name], **changes})
    return build_model(name, layout, num_classes=num_classes, config=config).eval(), config


def scramble(model: nn.Module, *, seed: int = 0) -> None:
    """Give every weight and statistic a value of its own."""
    draw = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value = torch.rand(value.shape, generator=draw) * 0.5 + 0.1
            value = value if "running" in name or value.dim() == 1 else value - 0.35
        else:
            value = torch.randint(1, 9, value.shape, generator=draw)
        state[name] = value
    model.load_state_dict(state)


def make_start(
    name: str, layout: Layout, *, seed: int = 0, num_spatial: int = 0, **changes: Any
) -> tuple[Start, nn.Module]:
    """Make weights to start from, and the model that has them."""
    model, config = make_model(name, layout, num_classes=len(CLASSES), **changes)
    scramble(model, seed=seed)
    coords = config["num_coords"]
    start = Start(
        path=Path("weights.safetensors"),
        checksum="0" * 64,
        state={k: v.clone() for k, v in model.state_dict().items()},
        layout=layout,
        model=name,
        config=config,
        class_names=CLASSES,
        data=DataOptions(),
        num_coords=coords,
        num_spatial=num_spatial or coords,
        provenance={},
    )
    return start, model


def make_batch(layout: Layout, *, coords: int = 3, seed: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Draw three clips, one joint of them missing: positions, visible, frames."""
    draw = torch.Generator().manual_seed(seed)
    shape = (3, coords, 12, layout.num_joints, layout.max_bodies)
    positions = torch.randn(shape, generator=draw) * 0.3
    visible = torch.ones(3, 12, layout.num_joints, layout.max_bodies, dtype=torch.bool)
    visible[0, :, 1] = False
    frames = torch.ones(3, 12, dtype=torch.bool)
    frames[1, 9:] = False
    return positions, visible, frames
