"""From the options of a command that trains to a run's configuration and its devices."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import nest
from skelgraph.cli.options import told
from skelgraph.cli.settings import apply_settings
from skelgraph.errors import ConfigError, list_faults

MODEL_FIELDS = ("head", "streams", "a_links", "causal", "forecast")  # options that not all have


def run_config(values: dict[str, Any]) -> Any:
    """Build the `RunConfig` of a command that has the options of models and of settings.

    Raises:
        ConfigError: If an option is given that the model does not have.
        UsageError: If no layout is given.
    """
    from skelgraph.training.config import ModelOptions, RunConfig

    overrides = {name: values[name] for name in MODEL_FIELDS if values.get(name) is not None}
    if not values["resume"]:  # a run that goes on has its own model
        _demand_fields(values["model"], overrides)
    overrides |= nest(values["changes"])
    config = RunConfig(
        layout=layout_name(values),
        store=values["data"] and str(Path(values["data"]).resolve()),
        model=ModelOptions(name=values["model"], preset=values["preset"], overrides=overrides),
        simulated={} if values["data"] else {"subjects": values["subjects"], "seed": 0},
    )
    files = values["files"] and str(Path(values["files"]).resolve())
    settings = {**values, "files": files}
    if values.get("forecast") and not told("num_frames"):
        settings["num_frames"] = 0
    return apply_settings(config, settings)


def _demand_fields(model: str, given: dict[str, Any]) -> None:
    """Refuse options that the configuration of a model has no field for."""
    from skelgraph.models import MODELS

    has = {name: {field.name for field in fields(found.config)} for name, found in MODELS.items()}
    faults = [
        f"--{name.replace('_', '-')}: expected a model with this option "
        f"({', '.join(other for other in has if name in has[other])}), got --model {model}. "
        "Leave it out, or choose such a model."
        for name in given
        if name not in has[model]
    ]
    if faults:
        raise ConfigError(list_faults(faults))


def layout_name(values: dict[str, Any]) -> str:
    """The layout asked for, else the store's own; empty where a resumed run knows it.

    Raises:
        UsageError: If neither is given.
    """
    if values["layout"]:
        from skelgraph.graphs.reading import is_path

        given = str(values["layout"])
        return str(Path(given).resolve()) if is_path(given) else given
    if values["data"]:
        from skelgraph.data.store import Store

        return str(Store.open(values["data"]).layout.name)
    if values["resume"] and values["output"]:
        return ""
    raise click.UsageError(
        "Expected --layout NAME or --data STORE, got neither. See `skelgraph layouts list`."
    )
