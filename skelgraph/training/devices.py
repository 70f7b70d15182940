"""Lightning's Fabric: devices, precision and processes."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# Where machines without a starter meet, and which one this is.
MEETING = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")


@dataclass(frozen=True)
class Devices:
    """Where training runs; passed to Lightning.

    Args:
        accelerator: `auto`, `cpu`, `cuda`, `mps`.
        count: Processes or devices on each machine, or a list of the devices' numbers; `auto`
            takes what torchrun or SLURM started, else all GPUs, on a CPU one process.
        nodes: Machines; where `count` is `auto`, those on which torchrun or SLURM started.
        strategy: How processes work together: `auto`, or a name of Lightning's that begins with
            `ddp`; the others cut the model into pieces.
    """

    accelerator: str = "auto"
    count: int | str | list[int] = "auto"
    nodes: int = 1
    strategy: str = "auto"


def make_fabric(devices: Devices, precision: str, *, all_learn: bool = False) -> Fabric:
    """Start Lightning on the devices asked for.

    Args:
        devices: Where training runs.
        precision: Lightning's name.
        all_learn: Every step through Lightning's wrapper gives every parameter a gradient; else
            each step has to look for those that get none.

    Raises:
        ConfigError: If the machine does not have them, or does not know the other machines.
    """
    from lightning_fabric import Fabric

    from skelgraph.errors import ConfigError

    # Lightning tells the precision on stderr by itself; what is said is for the reporter.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    devices = count_devices(devices)
    _check_machines(devices)
    strategy = devices.strategy
    if strategy == "auto" and processes_of(devices) > 1:
        strategy = "ddp" if all_learn else "ddp_find_unused_parameters_true"
    if strategy != "auto" and not strategy.startswith("ddp"):
        raise ConfigError(
            f"strategy: expected 'auto' or one that begins with 'ddp', got '{strategy}'. Choose "
            "such a one: every process keeps the whole model."
        )
    try:
        fabric = Fabric(
            accelerator=devices.accelerator,
            devices=devices.count,
            num_nodes=devices.nodes,
            strategy=strategy,
            precision=precision,  # type: ignore[arg-type]
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"device: expected one that this machine has, got '{devices.accelerator}' x "
            f"{devices.count} ({error}). Try --device cpu, or another number of --devices."
        ) from error
    if fabric.world_size > 1:
        fabric.launch()
    return fabric


def count_devices(devices: Devices) -> Devices:
    """Settle how many processes `auto` means, and on how many machines.

    Raises:
        ConfigError: If torchrun or SLURM started another number than was asked for.
    """
    from skelgraph.errors import ConfigError

    started = _started()
    if devices.count in ("auto", "-1", -1):
        on_gpus = torch.cuda.device_count() if devices.accelerator != "cpu" else 1
        count, nodes = started or (max(on_gpus, 1), devices.nodes)
        return replace(devices, count=count, nodes=nodes)
    if started and processes_of(devices) != started[0] * started[1]:
        raise ConfigError(
            f"devices: expected {started[0]} on {started[1]} node(s), as were started, got "
            f"{devices.count} on {devices.nodes}. Leave --devices and --num-nodes out."
        )
    return devices


def processes_of(devices: Devices) -> int:
    """Count the processes of devices that are no longer `auto`.

    Raises:
        ConfigError: If their number is none.
    """
    from skelgraph.errors import ConfigError

    count = devices.count
    try:
        return (len(count) if isinstance(count, list) else int(count)) * devices.nodes
    except ValueError as error:
        raise ConfigError(
            f"devices: expected a number or 'auto', got '{count}'. "
            "Give another number of --devices."
        ) from error


def _check_machines(devices: Devices) -> None:
    """Refuse to wait for ever for machines that nothing leads to this one.

    Raises:
        ConfigError: If there are to be several, and neither a starter nor the environment says
            where they meet.
    """
    from lightning_fabric.plugins.environments.lsf import LSFEnvironment
    from lightning_fabric.plugins.environments.mpi import MPIEnvironment

    from skelgraph.errors import ConfigError

    if devices.nodes == 1 or _started() or LSFEnvironment.detect() or MPIEnvironment.detect():
        return
    absent = [name for name in MEETING if name not in os.environ]
    if absent:
        raise ConfigError(
            f"num_nodes: expected {', '.join(absent)} in the environment of each of "
            f"{devices.nodes} machines, got none. Set them, or start with torchrun or SLURM (see "
            "the page on scaling)."
        )


def _started() -> tuple[int, int] | None:
    """Processes a machine, and machines, that torchrun or SLURM started; None without them."""
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    if TorchElasticEnvironment.detect():
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return here, int(os.environ["WORLD_SIZE"]) // here
    if SLURMEnvironment.detect():
        nodes = int(os.environ.get("SLURM_NNODES", "1"))
        return int(os.environ["SLURM_NTASKS"]) // nodes, nodes
    return None


@contextmanager
def processes_ended() -> Iterator[None]:
    """Take the processes' connection down at the end, also after a failure."""
    from torch import distributed

    try:
        yield
    finally:
        if distributed.is_available() and distributed.is_initialized():
            distributed.destroy_process_group()


def choose_precision(name: str, accelerator: str) -> str:
    """Resolve `auto`: bf16-mixed where the device computes in bfloat16, else 32-true."""
    if name != "auto":
        return name
    on_gpu = accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available()
    native = torch.cuda.is_bf16_supported() if on_gpu else _cpu_has_bfloat16()
    return "bf16-mixed" if native else "32-true"


def _cpu_has_bfloat16() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks: list[Any] = [getattr(torch.cpu, "_is_avx512_bf16_supported", None)]
        return any(bool(check()) for check in checks if check)


def pick_device(name: str) -> str:
    """Resolve `auto` to a GPU where there is one, and refuse a device that is not there.

    Raises:
        ConfigError: If the machine does not have the device.
    """
    from skelgraph.errors import ConfigError

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    present = {"cpu": True, "cuda": torch.cuda.is_available()}
    present["mps"] = torch.backends.mps.is_available()
    if not present.get(name.partition(":")[0], False):
        raise ConfigError(
            f"device: expected one that this machine has, got '{name}'. Try --device cpu."
        )
    return name
