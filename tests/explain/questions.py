"""A tiny model of random weights and clips to ask it about."""

from __future__ import annotations

from typing import Any

import torch

from skelgraph.data.dataset import Batch
from skelgraph.explain.question import Question
from skelgraph.explain.replacing import neutral_poses
from skelgraph.graphs import Layout, load_layout
from skelgraph.models import build_model, resolve_config
from tests.training.clips import TINY

CLASSES = 3


def make_batch(layout: Layout, *, clips: int = 3, frames: int = 10, absent: bool = True) -> Batch:
    """Clips of moving joints; the second has padding, the last lacks a body and has gaps."""
    draw = torch.Generator().manual_seed(1)
    bodies = 2
    pose = neutral_poses(layout, bodies=bodies, channels=3).permute(1, 2, 0)[None, :, None]
    noise = torch.randn(clips, 3, frames, layout.num_joints, bodies, generator=draw)
    positions = pose + 0.02 * noise.cumsum(2)
    valid = torch.ones(clips, frames, dtype=torch.bool)
    if clips > 1:
        valid[1, frames - 3 :] = False
    visible = valid[:, :, None, None].expand(-1, -1, layout.num_joints, bodies).clone()
    if absent:
        visible[-1, :, :, 0] = False
        visible[-1, 2:4, 1, 1] = False
    return Batch(
        positions=positions,
        visible=visible,
        frames=valid,
        label=torch.zeros(clips, dtype=torch.int64),
        index=torch.arange(clips),
    )


def make_model(layout: Layout, name: str = "as_gcn", **overrides: Any) -> torch.nn.Module:
    """A model whose every weight is drawn, the layers that start at zero too."""
    torch.manual_seed(0)
    tiny = {"channels": (8, 8), "strides": (1, 1)} if name == "ctr_gcn" else TINY
    tiny = {} if "gtn" in name else tiny
    config = resolve_config(name, "small", overrides={**tiny, **overrides})
    model = build_model(name, layout, num_classes=CLASSES, config=config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.abs().any():
                parameter.normal_(0, 0.2)
        for key, value in model.named_buffers():
            if key.endswith("running_var"):  # statistics as of training, so that movement counts
                value.fill_(0.02)
        if hasattr(model, "head"):
            model.head.classifier.weight.mul_(10)
    return model


def make_question(
    name: str = "coco17",
    *,
    model: str = "as_gcn",
    batch: dict[str, Any] | None = None,
    **overrides: Any,
) -> Question:
    """A question about clips of two people or hands."""
    layout = load_layout(name)
    clips = make_batch(layout, **(batch or {}))
    target = torch.arange(len(clips)) % CLASSES
    return Question(make_model(layout, model, **overrides), layout, clips, target)
