"""Options that say on which devices and with how many processes a command trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skelgraph.cli.options import device_option

if TYPE_CHECKING:
    from skelgraph.training.devices import Devices

Function = TypeVar("Function", bound=Callable[..., Any])


def process_options(function: Function) -> Function:
    """Add --device, --devices, --num-nodes and --strategy; see `chosen_devices`."""
    options = (
        device_option,
        click.option(
            "--devices",
            default="auto",
            show_default=True,
            help="Devices or processes of each machine; auto: all GPUs, or what torchrun or "
            "SLURM started.",
        ),
        click.option(
            "--num-nodes",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Machines.",
        ),
        click.option(
            "--strategy",
            default="auto",
            show_default=True,
            help="How processes work together: a name of Lightning's that begins with ddp.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def chosen_devices(values: Mapping[str, Any]) -> Devices:
    """Read the values of `process_options`; one process where a command has --device alone."""
    from skelgraph.training.devices import Devices

    accelerator, _, number = values["device"].partition(":")
    count = values.get("devices", "1")
    chosen: Any = [int(number)] if number else int(count) if count.isdigit() else count
    return Devices(
        accelerator=accelerator,
        count=chosen,
        nodes=values.get("num_nodes", 1),
        strategy=values.get("strategy", "auto"),
    )
