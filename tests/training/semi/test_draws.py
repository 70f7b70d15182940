"""Several draws of labels, summed up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError
from skelgraph.training.semi.draws import mean_interval, train_draws
from skelgraph.training.semi.running import train_few
from tests.training.semi.few_runs import (
    few_config,
    light,
)


def test_interval_of_one_draw() -> None:
    assert mean_interval([0.5]) == [0.5, None, None]
    assert np.isclose(mean_interval([0.0, 1.0])[0], 0.5)


def test_draws_are_summed_up(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1))
    summary = train_draws(config, tmp_path / "runs", draws=2)
    assert [row["draw"] for row in summary["draws"]] == [0, 1]
    top1 = [row["after_top1"] for row in summary["draws"]]
    assert summary["top1"]["after"] == mean_interval(top1)
    assert summary["changes"]["draws"] == 2
    again = train_draws(config, tmp_path / "runs", draws=2, resume=True)
    assert again["draws"] == summary["draws"]
    with pytest.raises(RunError, match="expected a path that is free"):
        train_draws(config, tmp_path / "runs", draws=2)


def test_draws_go_on_with_what_they_began_with(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1, draw_seed=3))
    train_draws(config, tmp_path / "runs", draws=1)
    other = light(few_config(store, epochs=1), method="softmatch")
    both = train_draws(other, tmp_path / "runs", draws=2, resume=True)
    assert [(row["draw"], row["method"]) for row in both["draws"]] == [
        (3, "fixmatch"),
        (4, "fixmatch"),
    ]


def test_draws_need_something_to_draw(store: Store, tmp_path: Path) -> None:
    names = tmp_path / "labels.txt"
    names.write_text("clip,label\n")
    with pytest.raises(ConfigError, match="expected a budget from which labels are drawn"):
        train_draws(few_config(store, label_budget=str(names)), tmp_path / "runs", draws=2)


def test_draws_are_no_part_of_a_run(store: Store, tmp_path: Path) -> None:
    train_few(light(few_config(store, epochs=1)), tmp_path / "run")
    with pytest.raises(RunError, match="expected a folder for several draws"):
        train_draws(few_config(store), tmp_path / "run", draws=2, force=True)
