"""From names and plain values to a model; the only place that turns a name into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from torch import nn

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.graphs import Layout
from skelgraph.models.as_gcn import AsGcn
from skelgraph.models.as_gcn_config import AsGcnConfig
from skelgraph.models.presets import PRESETS

MODELS: dict[str, Callable[..., nn.Module]] = {"as_gcn": AsGcn}
CONFIGS: dict[str, type[AsGcnConfig]] = {"as_gcn": AsGcnConfig}


def resolve_config(name: str, preset: str, *, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve a preset with some fields changed to plain values.

    Args:
        name: A key of `MODELS`.
        preset: A key of `PRESETS`.
        overrides: Fields of the model's configuration; those of a nested one as a mapping.

    Raises:
        ConfigError: If a name is unknown.
    """
    for what, given, choices in (("model", name, MODELS), ("preset", preset, PRESETS)):
        if given not in choices:
            raise ConfigError(unknown_name(what, given, choices))
    return _override(PRESETS[preset], overrides).to_dict()


def build_model(
    name: str, layout: Layout, *, num_classes: int, config: Mapping[str, Any]
) -> nn.Module:
    """Build a model from what `resolve_config` gave.

    Raises:
        ConfigError: If the name or a key is unknown, or values do not fit together.
    """
    if name not in MODELS:
        raise ConfigError(unknown_name("model", name, MODELS))
    return MODELS[name](layout, num_classes, config=CONFIGS[name].from_dict(dict(config)))


def _override(config: Any, overrides: Mapping[str, Any]) -> Any:
    known = [field.name for field in fields(config)]
    changed = {}
    for key, value in overrides.items():
        if key not in known:
            raise ConfigError(unknown_name(f"{type(config).__name__} key", key, known))
        old = getattr(config, key)
        if is_dataclass(old):
            value = _override(old, value)
        elif isinstance(value, list):
            value = tuple(value)
        changed[key] = value
    return replace(config, **changed)
