"""Lightning's Fabric: devices, precision and processes."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class Devices:
    """Where training runs; passed to Lightning.

    Args:
        accelerator: `auto`, `cpu`, `cuda`, `mps`.
        count: Processes or devices on this machine, or a list of the devices' numbers; `auto`
            takes all GPUs, one process on a CPU.
        nodes: Machines.
        strategy: Lightning's name, such as `ddp`.
    """

    accelerator: str = "auto"
    count: int | str | list[int] = "auto"
    nodes: int = 1
    strategy: str = "auto"


def make_fabric(devices: Devices, precision: str) -> Fabric:
    """Start Lightning on the devices asked for.

    Raises:
        ConfigError: If the machine does not have them.
    """
    from lightning_fabric import Fabric

    from skelgraph.errors import ConfigError

    # Lightning tells the precision on stderr by itself; what is said is for the reporter.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    count = devices.count
    if count == "auto":
        count = torch.cuda.device_count() if devices.accelerator != "cpu" else 1
        count = count or 1
    strategy = devices.strategy
    alone = count == 1 or (isinstance(count, list) and len(count) == 1)
    if strategy == "auto" and not (alone and devices.nodes == 1):
        # The passes for the A-links alone leave the rest of the model without gradient.
        strategy = "ddp_find_unused_parameters_true"
    try:
        fabric = Fabric(
            accelerator=devices.accelerator,
            devices=count,
            num_nodes=devices.nodes,
            strategy=strategy,
            precision=precision,  # type: ignore[arg-type]
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"device: expected one that this machine has, got '{devices.accelerator}' x {count} "
            f"({error}). Try --device cpu, or another number of --devices."
        ) from error
    if fabric.world_size > 1:
        fabric.launch()
    return fabric


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
