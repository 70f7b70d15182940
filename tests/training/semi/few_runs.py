"""Runs with few labels that take seconds, and reporters that watch or stop them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.training.config import FewOptions, ProtocolOptions, RunConfig
from skelgraph.training.progress import Reporter
from skelgraph.training.semi import preparing
from skelgraph.training.weights import load_recogniser
from tests.training.clips import TINY, make_config

# Next to nothing to compute: what is tested here is what happens around the model.
LIGHT = {**TINY, "a_links": False, "head": "pooled", "streams": ("joint",)}


def few_config(store: Store, *, epochs: int = 2, **few: Any) -> RunConfig:
    """A run of seconds: six labels, three steps an epoch."""
    options = {"label_budget": "2", "epoch_steps": 3, "guard_folds": 2, **few}
    return replace(
        make_config(store, epochs=epochs),
        few=FewOptions(**options),
        protocol=ProtocolOptions(protocol="xsub", folds=3),
    )


def light(config: RunConfig, **few: Any) -> RunConfig:
    """The same with a model that costs next to nothing, and without comparison."""
    assert config.few is not None
    return replace(
        config,
        model=replace(config.model, overrides=LIGHT),
        few=replace(config.few, **{"guard": False, "epoch_steps": 2, **few}),
    )


class Stopping(Reporter):
    """Stop like a killed process after some epochs."""

    def __init__(self, after: int) -> None:
        self.left, self.begun = after, 0

    def start(self, epochs: int, steps: int, *, done: int) -> None:
        self.begun += 1

    def finish(self, progress: Any) -> None:
        self.begun -= 1

    def epoch(self, row: dict[str, Any]) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


class Listening(Reporter):
    """Keep what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_recogniser(run).model.state_dict()


def watch_tunings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keep the tuning of every learner that is made from now on."""
    seen: list[Any] = []

    class Watched(preparing.Learner):
        def __init__(self, *args: Any, tuning: Any = None, **options: Any) -> None:
            seen.append(tuning)
            super().__init__(*args, tuning=tuning, **options)

    monkeypatch.setattr(preparing, "Learner", Watched)
    return seen


def unlabelled_of(run: Path) -> set[str]:
    with (run / "split.csv").open() as file:
        return {row["clip"] for row in csv.DictReader(file) if row["split"] == "unlabelled"}
