"""Several processes that train one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from skelgraph.errors import ConfigError
from skelgraph.training.config import RunConfig

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def alone_first(fabric: Fabric, work: Callable[[], None]) -> None:
    """Let the first process do some work while the others wait; its failure ends them all.

    Raises:
        Exception: What the work raised, in the first process.
        SystemExit: In the others, without a word.
    """
    failure: Exception | None = None
    if fabric.is_global_zero:
        try:
            work()
        except Exception as error:  # a full disk as well: the others must not wait for ever
            failure = error
    failed = fabric.broadcast(failure is not None)
    if failure is not None:
        raise failure
    if failed:
        raise SystemExit(1)


def check_batches(config: RunConfig, fabric: Fabric) -> None:
    """Refuse batches that leave a process without clips.

    Raises:
        ConfigError: If they do.
    """
    least = fabric.world_size
    if config.training.batch_size < least:
        raise ConfigError(
            f"batch_size: expected at least {least}, one a process, got "
            f"{config.training.batch_size}. Give a larger one, or fewer --devices."
        )
