"""From weights to start from to the configuration of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from skelgraph.data.clip import num_spatial
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import HANDS
from skelgraph.models.building import find_model
from skelgraph.models.plain import to_plain
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.transfer.industrial import Stage, transfer_stage
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.start import Start, load_start

RECIPES = ("default", "industrial")
FINETUNE_LR = 2e-3  # chosen on validation; docs/transfer.md has the figures


def transfer_config(
    source: str | Path,
    *,
    store: str | Path,
    layout: str = "",
    recipe: str = "default",
    told: Mapping[str, Mapping[str, Any]] | None = None,
) -> RunConfig:
    """Configure a run that starts from weights.

    Clips are prepared as they were for these weights, and the model is of the same kind and
    size. A-links that were learned are not trained alone again.

    Args:
        source: Run folder, weights file, or name of shipped weights; see `load_start`.
        store: Recordings to learn from.
        layout: Skeleton that the model sees. Empty: the store's own.
        recipe: One of `RECIPES`.
        told: Fields that differ from all that, by part of the configuration: `data`, `protocol`,
            `training`, `augment`, `start`, and `model` for fields of the model's configuration.

    Raises:
        SkelgraphError: If the weights, the store or the layout cannot be read.
        ConfigError: If there is no such recipe.
    """
    told = told or {}
    opened = Store.open(store)
    own = opened.layout
    wanted = own if layout in ("", own.name) else load_layout(layout)
    start = load_start(source, layout=wanted, num_spatial=num_spatial(opened.axes))
    stage = _stage(recipe, start)
    options = StartOptions(source=str(source))
    options = replace(options, **{**stage.start, **told.get("start", {})})
    model = model_options(start)
    data = replace(_data(start, wanted), **told.get("data", {}))
    training = _training(start, options, stage)
    config = RunConfig(
        layout=layout or own.name,
        store=str(Path(store).resolve()),
        data=data,
        model=replace(model, overrides=_merged(model.overrides, told.get("model", {}))),
        training=replace(training, **told.get("training", {})),
        start=options,
    )
    return replace(
        config,
        protocol=replace(config.protocol, **told.get("protocol", {})),
        augment=replace(config.augment, **told.get("augment", {})),
    )


def model_options(start: Start) -> ModelOptions:
    """Give a model as the preset that is nearest to it and what differs from that.

    Coordinates are left out: they are the store's.
    """
    found = [
        ModelOptions(start.model, preset, _difference(to_plain(options), start.config))
        for preset, options in find_model(start.model).presets.items()
    ]
    return min(found, key=lambda options: len(options.overrides))


def _stage(recipe: str, start: Start) -> Stage:
    if recipe not in RECIPES:
        raise ConfigError(unknown_name("recipe", recipe, RECIPES))
    return transfer_stage(start.state) if recipe == "industrial" else Stage()


def _training(start: Start, options: StartOptions, stage: Stage) -> TrainOptions:
    training = TrainOptions()
    if options.mode != "architecture":
        known = any(name.startswith("aim.") for name in start.state)
        links = 0 if known else training.link_epochs
        lr = FINETUNE_LR if options.mode == "finetune" else training.lr
        training = replace(training, lr=lr, link_epochs=links)
    return replace(training, **stage.training)


def _data(start: Start, layout: Layout) -> DataOptions:
    return start.data if layout.instances == HANDS else replace(start.data, slot=None)


def _difference(base: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `wanted` that differ from those of `base`, nested ones as mappings."""
    result: dict[str, Any] = {}
    for key, value in wanted.items():
        if key == "num_coords" or base.get(key) == value:
            continue
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping):
            value = _difference(base[key], value)
        result[key] = value
    return result


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides with some changed, nested ones field by field."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
