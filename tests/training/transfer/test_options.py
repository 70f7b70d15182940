"""Options of a start in a run's configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skelgraph.errors import ConfigError
from skelgraph.training.config import RunConfig, TrainOptions, from_dict
from skelgraph.training.config_checks import check
from skelgraph.training.transfer.options import StartOptions

FULL = StartOptions(
    "runs/big",
    freeze=("aim", "backbone.blocks.0"),
    unfreeze=True,
    lr_decay=2.6,
    rates={"backbone": 1e-4},
    checksum="ab",
)


@pytest.mark.parametrize("start", [None, FULL])
def test_a_configuration_comes_back_from_plain_values(start: StartOptions | None) -> None:
    config = RunConfig("coco17", start=start)
    assert from_dict(RunConfig, config.to_dict()) == config


def test_an_unknown_key_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"config.start, key: .*Did you mean 'freeze'"):
        from_dict(RunConfig, {"layout": "x", "start": {"source": "y", "freze": []}})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "feature"}, "Did you mean 'features'"),
        ({"lr_decay": 0.5}, "lr_decay: expected at least 1, got 0.5"),
        ({"l2_start": -1.0}, "l2_start: expected at least 0"),
        ({"unfreeze_epochs": -1}, "unfreeze_epochs: expected at least 0"),
        ({"rates": {"head": -1e-3}}, "lr_group, head: expected at least 0, got -0.001"),
    ],
)
def test_values_that_no_start_can_have_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(RunConfig("x", start=replace(FULL, **changes)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": "plateu"}, "Did you mean 'plateau'"),
        ({"plateau_factor": 1.0}, "plateau_factor: expected a share in"),
        ({"plateau_patience": -1}, "plateau_patience: expected at least 0"),
    ],
)
def test_values_that_no_schedule_can_have_are_refused(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        check(RunConfig("x", training=replace(TrainOptions(), **changes)))
