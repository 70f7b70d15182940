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
        method: Seconds of a step of the method; 0 where it is `supervised`.
    """

    begin: float
    supervised: float
    method: float

    def seconds(self, config: RunConfig, *, cycles: int = 1) -> float:
        """Estimate a whole run.

        Args:
            config: The run. With a guard it trains in each fold and once more, supervised and
                with its method.
            cycles: Cycles of the method, each with all the epochs.
        """
        few = config.few
        assert few is not None
        steps = config.training.epochs * few.epoch_steps
        own = 0.0 if few.method == SUPERVISED else cycles * self.method
        trainings = 1 + few.guard_folds * few.guard
        return self.begin + trainings * steps * (self.supervised + own)


class EnoughError(Exception):
    """Ends a pilot."""


class StepClock(Reporter):
    """Note when each step ends, and stop the run after some.

    Args:
        steps: After how many.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.started = time.perf_counter()
        self.times: list[float] = []

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
        train: `skelgraph.training.semi.job.train_few`.
    """
    assert config.few is not None
    short = replace(
        config,
        few=replace(config.few, guard=False, epoch_steps=STEPS),
        training=replace(config.training, epochs=1, link_epochs=0),
    )
    trainings = 1 if config.few.method == SUPERVISED else 2
    clock = StepClock(STEPS * trainings)
    with TemporaryDirectory() as folder, suppress(EnoughError):
        train(short, Path(folder) / "run", report=clock)
    own = clock.step_seconds(STEPS) if trainings == 2 else 0.0
    return Pace(clock.times[0] - clock.started, clock.step_seconds(0), own)
