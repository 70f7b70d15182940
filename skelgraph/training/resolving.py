"""The configuration of a model for the recordings that it is trained on."""

from __future__ import annotations

from typing import Any

from skelgraph.errors import ConfigError
from skelgraph.models import resolve_config
from skelgraph.training.config import ModelOptions


def resolve_model(options: ModelOptions, *, num_coords: int) -> dict[str, Any]:
    """Resolve a model's configuration to plain values.

    Args:
        options: What was asked for.
        num_coords: Coordinates a joint, as many as the store has.

    Raises:
        ConfigError: If a name is unknown, or other coordinates were asked for.
    """
    wanted = options.overrides.get("num_coords", num_coords)
    if wanted != num_coords:
        raise ConfigError(
            f"num_coords: expected {num_coords}, as many as the store has, got {wanted}. Leave it "
            "out."
        )
    overrides = {**options.overrides, "num_coords": num_coords}
    return resolve_config(options.name, options.preset, overrides=overrides)
