"""What a run will take, from a few of its steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from skelgraph.training.config import RunConfig
from skelgraph.training.progress import Reporter

STEPS = 5
SUPERVISED = "supervised"

Train = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Pace:
    """How fast runs of a kind are.

    Args:
        begin: Seconds before the first step.
        supervised: Seconds of a supervised step.
        method: Seconds of a step of the method.
        cycles: Cycles of the method, each with all the epochs, without one that the supervised
            training stands for; 0 where it is `supervised`.
    """

    begin: float
    supervised: float
    method: float = 0.0
    cycles: int = 0

    def seconds(self, config: RunConfig, *, borrowed: bool = False) -> float:
        """Estimate a whole run, which trains supervised and with its method.

        Args:
            config: The run. With a guard it trains in each fold and once more.
            borrowed: The supervised trainings are those of another run.
        """
        few = config.few
        assert few is not None
        epochs = config.training.epochs
        own = 0.0 if few.method == SUPERVISED else epochs * self.cycles * self.method
        supervised = 0.0 if borrowed else (few.supervised_epochs or epochs) * self.supervised
        trainings = 1 + few.guard_folds * few.guard
        return self.begin + trainings * few.epoch_steps * (supervised + own)


class EnoughError(Exception):
    """Ends a pilot."""


class StepClock(Reporter):
    """Note when each step ends, and stop the run after some.

    Args:
        steps: After how many.

    Attributes:
        times: When steps ended, seconds.
        totals: Steps of each training that began, without those that were done before.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.started = time.perf_counter()
        self.times: list[float] = []
        self.totals: list[int] = []

    def start(self, epochs: int, steps: int, *, done: int) -> None:
        self.totals.append((epochs - done) * steps)

    def step(self) -> None:
        self.times.append(time.perf_counter())
        if len(self.times) >= self.steps:
            raise EnoughError

    def step_seconds(self, first: int) -> float:
        """Median time of a training's steps, without the first of them, which warms up."""
        times = self.times[first : first + STEPS]
        return median(b - a for a, b in pairwise(times))


def time_steps(config: RunConfig, train: Train) -> Pace:
    """Time the first steps of a run's two trainings, in a folder that is thrown away.

    Args:
        config: The run.
        train: `skelgraph.training.semi.running.train_few`.
    """
    assert config.few is not None
    short = replace(
        config,
        few=replace(config.few, guard=False, epoch_steps=STEPS, supervised_epochs=1),
        training=replace(config.training, epochs=1, link_epochs=0),
    )
    alone = config.few.method == SUPERVISED
    clock = StepClock(STEPS if alone else 2 * STEPS)
    with TemporaryDirectory() as folder, suppress(EnoughError):
        train(short, Path(folder) / "run", report=clock)
    begin, supervised = clock.times[0] - clock.started, clock.step_seconds(0)
    if alone:
        return Pace(begin, supervised)
    return Pace(begin, supervised, clock.step_seconds(STEPS), clock.totals[1] // STEPS)


def time_base(config: RunConfig) -> float:
    """Estimate a run with all labels in seconds, from its first steps."""
    from skelgraph.training.supervised import train

    clock = StepClock(STEPS)
    short = replace(config, training=replace(config.training, link_epochs=0))
    with TemporaryDirectory() as folder, suppress(EnoughError):
        train(short, Path(folder) / "run", report=clock)
    return clock.times[0] - clock.started + clock.totals[0] * clock.step_seconds(0)
