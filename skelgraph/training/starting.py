"""What every training begins with: its configuration, skeleton and devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skelgraph.data.store import Store
from skelgraph.errors import RunError, StoreError, list_faults
from skelgraph.graphs import Layout, load_layout
from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices, choose_precision, make_fabric
from skelgraph.training.run import check_made_by, check_resumable, read_config
from skelgraph.training.semi.budget import budget_file
from skelgraph.training.transfer.start import is_shipped

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def asked_config(
    config: RunConfig, folder: Path, *, resume: bool, made_by: Sequence[str]
) -> RunConfig:
    """Take the configuration that counts: of a run that goes on, the one in its folder.

    Args:
        config: What was asked for.
        folder: The run's.
        resume: Whether it goes on.
        made_by: Commands whose runs may go on.

    Raises:
        RunError: If the folder holds no run to resume, or that of another command, or if its
            recordings are gone.
        ConfigError: If its configuration has an unknown key.
    """
    if not resume:
        return config
    check_resumable(folder)
    found = read_config(folder)
    check_made_by(folder, found, made_by)
    _check_recordings_stay(folder, found.store)
    return found


def _check_recordings_stay(folder: Path, store: str | None) -> None:
    """Refuse to go on with a run whose recordings were moved: another --data would not count."""
    try:
        if store is not None:
            Store.open(store)
    except StoreError as error:
        raise RunError(
            f"{folder}: expected the recordings that it began with at {store}, found none that "
            f"open ({error}). Put them back there; --data beside --resume changes nothing."
        ) from error


def check_sources_stay(config: RunConfig, folder: Path) -> None:
    """Refuse to replace a run that holds what the new one is made from.

    Raises:
        RunError: With all that it holds.
    """
    few = config.few
    start = None if config.start is None else config.start.source
    sources = {
        "data": config.store,
        "weights to start from": None if start is None or is_shipped(start) else start,
        "file of labels": None if few is None else budget_file(few.label_budget),
        "file of the split": config.protocol.files,
    }
    faults = [
        f"{folder}: expected a run to replace that does not hold the {what}, got {path} in it. "
        "Give another --output, or move it out."
        for what, path in sources.items()
        if path is not None and Path(path).resolve().is_relative_to(folder.resolve())
    ]
    if faults:
        raise RunError(list_faults(faults))


def resolve_layout(config: RunConfig) -> Layout:
    """Load the layout by name or file; one that only the store knows comes from there."""
    if config.store is not None:
        own = Store.open(config.store).layout
        if config.layout in ("", own.name):
            return own
    return load_layout(config.layout)


def start_devices(
    config: RunConfig, devices: Devices, *, all_learn: bool = False
) -> tuple[RunConfig, Fabric]:
    """Start Lightning, and settle what `auto` means on its device.

    Args:
        config: What to train.
        devices: Where.
        all_learn: As in `make_fabric`.

    Returns:
        The configuration with a precision and a preset, so that config.yaml says them and a run
        resumed elsewhere goes on in them; and the devices.

    Raises:
        ConfigError: If the machine does not have the devices.
    """
    precision = choose_precision(config.training.precision, devices.accelerator)
    fabric = make_fabric(devices, precision, all_learn=all_learn)
    preset = config.model.preset
    if preset in ("auto", None):
        preset = "small" if fabric.device.type == "cpu" else "paper"
    settled = replace(
        config,
        training=replace(config.training, precision=precision),
        model=replace(config.model, preset=preset),
    )
    return settled, fabric
