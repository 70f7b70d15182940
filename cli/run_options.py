"""Options of the commands that train a run, and what the library takes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from skelgraph.cli.options import told
from skelgraph.cli.process_options import chosen_devices

layout_option = click.option(
    "--layout", metavar="NAME_OR_FILE", help="Skeleton; the store's own by default."
)

resume_option = click.option("--resume", is_flag=True, help="Go on with the run in --output.")

STILL_COUNT = frozenset(
    [
        "resume",
        "output",
        "force",
        "config",
        "quiet",
        "as_json",
        "fail_under",
        "draws",
        "device",
        "devices",
        "num_nodes",
        "strategy",
        "compare_scratch",
    ]
)
"""Options that say which run goes on, where, and what is told of it; all others are the run's."""

SWEEP = ("sweep_windows", "sweep_overlaps")
NAMING = frozenset(["data", "layout"])  # without --output they name the run's folder


def run_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what every training takes beside its configuration and its folder.

    Args:
        values: Of `resume_option`, --force, --quiet and the options of devices.

    Returns:
        `resume`, `force`, `devices` and `report`.
    """
    from skelgraph.training.progress import ConsoleReporter, Reporter

    report = Reporter() if values["quiet"] else ConsoleReporter()
    if values["resume"] and (ignored := _ignored_options()):
        report.message(
            "note: a run that goes on keeps the options that it began with; these, given beside "
            f"--resume, change nothing: {', '.join(ignored)}"
        )
    return {
        "resume": values["resume"],
        "force": values["force"],
        "devices": chosen_devices(values),
        "report": report,
    }


def _ignored_options() -> list[str]:
    """Options of the running command that were given though the run has its own."""
    options = {
        param.name: param.opts[-1]
        for param in click.get_current_context().command.params
        if isinstance(param, click.Option) and param.name is not None
    }
    if any(name in options and told(name) for name in SWEEP):
        return []  # runs of a sweep that have not begun take what is given
    count = STILL_COUNT if told("output") else STILL_COUNT | NAMING
    return [word for name, word in options.items() if name not in count and told(name)]
