"""Trainings in several processes of this machine, without anything drawn in one process alone."""

from __future__ import annotations

import multiprocessing
import os
import socket
from pathlib import Path

import torch

from skelgraph.training.config import RunConfig
from skelgraph.training.devices import Devices
from skelgraph.training.progress import Reporter
from skelgraph.training.supervised import train


class StopAfter(Reporter):
    """End this process without a word after some epochs, as a machine that is taken away."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def epoch(self, row: dict[str, object]) -> None:
        self.left -= 1
        if self.left == 0:
            os._exit(7)


def train_in_processes(
    config: RunConfig, folder: Path, count: int, *, resume: bool = False, stop_after: int = 0
) -> list[int | None]:
    """Train in new processes, started as torchrun starts them; return their exit codes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    start = multiprocessing.get_context("spawn").Process
    given = (config, folder, count, port, resume, stop_after)
    processes = [start(target=_train, args=(rank, *given)) for rank in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=200)
        if process.is_alive():
            process.kill()
            process.join()
    return [process.exitcode for process in processes]


def _train(
    rank: int,
    config: RunConfig,
    folder: Path,
    count: int,
    port: str,
    resume: bool,
    stop_after: int,
) -> None:
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_RUN_ID": "test"}
    os.environ.update({**{name: str(value) for name, value in ranks.items()}, **place})
    torch.set_num_threads(1)
    torch.nn.functional.gumbel_softmax = _without_noise  # type: ignore[assignment]
    report = StopAfter(stop_after) if stop_after else Reporter()
    train(config, folder, resume=resume, devices=Devices("cpu"), report=report)
    os._exit(0)  # as the command line leaves: threads of gloo may abort a dying interpreter


def _without_noise(logits: torch.Tensor, **_: object) -> torch.Tensor:
    return logits.softmax(-1)
