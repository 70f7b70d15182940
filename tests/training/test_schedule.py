"""Learning rates by step."""

from __future__ import annotations

import pytest
import torch

from skelgraph.training.config import TrainOptions
from skelgraph.training.schedule import lr_factor, plateau_factor, warmup_cosine

LOSSES = [1.0, 0.9, 0.95, 0.89999, 0.91, 0.92, 0.93, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.49, 0.7]


@pytest.mark.parametrize("patience", [0, 1, 2, 5])
@pytest.mark.parametrize("factor", [0.1, 0.5])
def test_the_plateau_is_torch_s(patience: int, factor: float) -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, patience=patience, factor=factor, eps=0
    )
    for done, loss in enumerate(LOSSES, start=1):
        plateau.step(loss)
        mine = plateau_factor(LOSSES[:done], patience=patience, factor=factor)
        assert mine == pytest.approx(optimiser.param_groups[0]["lr"])


def test_schedules_rise_alike_and_go_on_as_named() -> None:
    def factors(schedule: str) -> list[float]:
        options = TrainOptions(schedule=schedule, warmup=0.2, plateau_patience=0)
        return [lr_factor(options, step, 10, val_losses=[1.0, 2.0]) for step in range(10)]

    assert factors("constant") == [0.5] + [1.0] * 9
    assert factors("plateau") == pytest.approx([0.05] + [0.1] * 9)
    assert factors("cosine") == [warmup_cosine(step, 10, warmup=0.2) for step in range(10)]


def test_without_warm_up_the_rate_is_full_at_once() -> None:
    assert lr_factor(TrainOptions(schedule="constant", warmup=0), 0, 10) == 1.0
