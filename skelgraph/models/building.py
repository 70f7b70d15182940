"""From names and plain values to a model; the only place that turns a name into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout
from skelgraph.models.as_gcn import AsGcn
from skelgraph.models.as_gcn_config import AsGcnConfig
from skelgraph.models.ctr_gcn import PRESETS as CTR_GCN
from skelgraph.models.ctr_gcn import CtrGcn, CtrGcnConfig
from skelgraph.models.gtn import Gtn
from skelgraph.models.gtn_config import CONV_GTN, GTN, GtnConfig
from skelgraph.models.plain import from_plain, override, to_plain
from skelgraph.models.presets import AS_GCN
from skelgraph.models.st_gcn import PRESETS as ST_GCN


@dataclass(frozen=True)
class Architecture:
    """What a model's name stands for.

    Args:
        model: Takes (layout, num_classes, config=...).
        config: Dataclass of its options.
        presets: Ready options by name; 'small' and 'paper' among them.
    """

    model: Callable[..., nn.Module]
    config: type
    presets: Mapping[str, Any]


MODELS: dict[str, Architecture] = {
    "as_gcn": Architecture(AsGcn, AsGcnConfig, AS_GCN),
    "st_gcn": Architecture(AsGcn, AsGcnConfig, ST_GCN),
    "ctr_gcn": Architecture(CtrGcn, CtrGcnConfig, CTR_GCN),
    "gtn": Architecture(Gtn, GtnConfig, GTN),
    "conv_gtn": Architecture(Gtn, GtnConfig, CONV_GTN),
}


def resolve_config(name: str, preset: str, *, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve a preset with some fields changed to plain values.

    Args:
        name: A key of `MODELS`.
        preset: One of the model's presets.
        overrides: Fields of the model's configuration; those of a nested one as a mapping.

    Raises:
        ConfigError: If a name is unknown, or a value of another kind than the field's.
    """
    presets = find_model(name).presets
    if preset not in presets:
        raise ConfigError(unknown_name(f"preset of model '{name}'", preset, presets))
    return to_plain(override(presets[preset], overrides, what=f"model '{name}'"))


def build_model(
    name: str, layout: Layout, *, num_classes: int, config: Mapping[str, Any]
) -> nn.Module:
    """Build a model from what `resolve_config` gave.

    Raises:
        ConfigError: If the name or a key is unknown, or values do not fit together.
    """
    found = find_model(name)
    return found.model(layout, num_classes, config=from_plain(found.config, config))


def find_model(name: str) -> Architecture:
    """Look a model up.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in MODELS:
        raise ConfigError(unknown_name("model", name, MODELS))
    return MODELS[name]
