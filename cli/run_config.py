"""From the options of a command that trains to a run's configuration and its devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelgraph.cli.model_change import nest
from skelgraph.cli.options import told
from skelgraph.cli.settings import apply_settings


def run_config(values: dict[str, Any]) -> Any:
    """Build the `RunConfig` of a command that has the options of models and of settings."""
    from skelgraph.training.config import ModelOptions, RunConfig

    wanted = ("head", "streams", "a_links", "causal", "forecast")
    overrides = {name: values[name] for name in wanted if values.get(name) is not None}
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
