"""The model of a new run: built for its clips, with the weights that it starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from skelgraph import __version__
from skelgraph.data.clip import num_spatial
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout
from skelgraph.models import build_model
from skelgraph.nn.recompute import set_recompute
from skelgraph.training.config import RunConfig
from skelgraph.training.loop import has_links
from skelgraph.training.resolving import resolve_model
from skelgraph.training.transfer.beginning import Beginning, begin
from skelgraph.training.weights import Recogniser


def make_recogniser(
    config: RunConfig, store: Store, *, layout: Layout
) -> tuple[Recogniser, Beginning | None]:
    """Make the model of a run for its clips.

    Args:
        config: The run's, resolved.
        store: Its clips.
        layout: Skeleton of the model.

    Returns:
        The recogniser, untrained, and what it began with; None without weights to start from.

    Raises:
        ConfigError: If options do not fit the model or the clips.
        RunError: If the weights to start from do not fit.
    """
    coords, places = int(store.keypoints.shape[-1]), num_spatial(store.axes)
    options = config.model
    if options.overrides.get("forecast") and places < coords:
        raise ConfigError(
            f"{store.path}: expected places alone as coordinates for a prediction head, got a "
            "confidence as the third. Convert without it, or train without --forecast."
        )
    model, resolved = _build(config, layout, num_classes=len(store.class_names), num_coords=coords)
    beginning = _begin(config, layout, model, store)
    recogniser = Recogniser(
        model=model,
        layout=layout,
        class_names=tuple(store.class_names),
        data=config.data,
        num_coords=coords,
        temperature=1.0,
        model_config={"name": options.name, "config": resolved},
        provenance=_provenance(config, store, beginning),
        num_spatial=places,
        fps=store.fps,
    )
    return recogniser, beginning


def _build(
    config: RunConfig, layout: Layout, *, num_classes: int, num_coords: int
) -> tuple[nn.Module, dict[str, Any]]:
    """Make the model, and resolve its configuration."""
    options, training = config.model, config.training
    resolved = resolve_model(options, num_coords=num_coords)
    model = build_model(options.name, layout, num_classes=num_classes, config=resolved)
    if training.recompute and not set_recompute(model):
        raise ConfigError(
            f"recompute: expected a model that can, got '{options.name}'. Leave --recompute out."
        )
    if training.freeze_links and not has_links(model):
        raise ConfigError(
            f"freeze_links: expected a model with A-links, got '{options.name}' without. Leave "
            "--freeze-links out."
        )
    return model, resolved


def _begin(config: RunConfig, layout: Layout, model: nn.Module, store: Store) -> Beginning | None:
    """Put in the weights to start from."""
    if config.start is None:
        return None
    return begin(
        model,
        layout,
        config.start,
        class_names=store.class_names,
        num_spatial=num_spatial(store.axes),
        training=config.training,
    )


def _provenance(config: RunConfig, store: Store, beginning: Beginning | None) -> dict[str, Any]:
    origin = {} if beginning is None else {"start": beginning.origin()}
    return {
        "skelgraph": __version__,
        "torch": torch.__version__,
        "seed": config.training.seed,
        "data": "simulated" if config.store is None else Path(store.path).name,
        "protocol": config.protocol.protocol,
        **origin,
    }
