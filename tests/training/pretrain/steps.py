"""Objectives on a handful of clips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from skelgraph.data.store import Store
from skelgraph.models import build_model, resolve_config
from skelgraph.training.clips import clip_set
from skelgraph.training.config import (
    DataOptions,
    ModelOptions,
    PretrainOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.devices import Devices, make_fabric
from skelgraph.training.learner import Learner
from skelgraph.training.pretrain.methods import make_objective as make_objective_of
from skelgraph.training.pretrain.objective import Draw, Objective
from tests.training.clips import TINY, make_config

DATA = DataOptions(num_frames=8)
NARROW = {
    "as_gcn": TINY,
    "st_gcn": TINY,
    "ctr_gcn": {"channels": (8, 8, 16), "strides": (1, 2, 1)},
}


def make_objective(
    store: Store, method: str = "masked", *, model: str = "as_gcn", **options: Any
) -> Objective:
    """Make a small objective."""
    torch.manual_seed(0)
    built = build_model(
        model,
        store.layout,
        num_classes=1,
        config=resolve_config(model, "small", overrides=NARROW.get(model, {})),
    )
    config = RunConfig(
        layout=store.layout.name,
        model=ModelOptions(name=model),
        pretrain=PretrainOptions(method=method, **options),
    )
    return make_objective_of(built, config, layout=store.layout, num_spatial=3)


def make_learner(objective: Objective) -> Learner:
    """Make its learner."""
    fabric = make_fabric(Devices(accelerator="cpu", count=1), "32-true")
    return Learner(objective, options=TrainOptions(), fabric=fabric)


def make_draw(store: Store, *, count: int = 6) -> Draw:
    """Draw the first clips."""
    rows = torch.arange(store.num_clips).numpy()
    return Draw(
        clips=clip_set(store, rows, layout=store.layout, data=DATA, testing=False),
        chosen=torch.arange(count),
        layout=store.layout,
        data=DATA,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def configure(store: Store, method: str = "masked", **options: Any) -> RunConfig:
    """Configure a run that takes seconds; nothing in its split depends on labels."""
    config = make_config(store, epochs=2)
    return replace(
        config,
        protocol=ProtocolOptions(protocol="xsub", test=(5,), val=(4,)),
        pretrain=PretrainOptions(method=method, **options),
    )
