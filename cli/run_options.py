"""Options of the commands that train a run, and what the library takes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from skelgraph.cli.process_options import chosen_devices

layout_option = click.option(
    "--layout", metavar="NAME_OR_FILE", help="Skeleton; the store's own by default."
)

resume_option = click.option("--resume", is_flag=True, help="Go on with the run in --output.")


def run_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what every training takes beside its configuration and its folder.

    Args:
        values: Of `resume_option`, --force, --quiet and the options of devices.

    Returns:
        `resume`, `force`, `devices` and `report`.
    """
    from skelgraph.training.progress import ConsoleReporter, Reporter

    return {
        "resume": values["resume"],
        "force": values["force"],
        "devices": chosen_devices(values),
        "report": Reporter() if values["quiet"] else ConsoleReporter(),
    }
