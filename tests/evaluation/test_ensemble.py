from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from skelgraph.errors import ConfigError
from skelgraph.evaluation.ensemble import check_weights, equal_weights, fit_weights, mix


def draw(runs: int, *, clips: int = 60, strength: float = 1.0) -> tuple[list[Tensor], Tensor]:
    """Probabilities of runs that know something of the truth, each by its own chance."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (clips,), generator=generator)
    logits = torch.randn(runs, clips, 4, generator=generator)
    logits[:, torch.arange(clips), labels] += strength
    return list(logits.softmax(-1)), labels


def test_mix_worked_by_hand() -> None:
    one, other = torch.tensor([[0.8, 0.2]]), torch.tensor([[0.4, 0.6]])
    torch.testing.assert_close(mix([one, other], [0.75, 0.25]), torch.tensor([[0.7, 0.3]]))
    torch.testing.assert_close(mix([one, other], equal_weights(2)), torch.tensor([[0.6, 0.4]]))


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_weights_are_those_of_an_outside_optimiser(runs: int) -> None:
    minimize = pytest.importorskip("scipy.optimize").minimize
    probabilities, labels = draw(runs)
    truth = np.stack([each[torch.arange(60), labels].double().numpy() for each in probabilities])

    def loss(weights: np.ndarray) -> float:
        return float(-np.log(weights @ truth).mean())

    found = minimize(
        loss,
        np.full(runs, 1 / runs),
        bounds=[(0, 1)] * runs,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-12},
    )
    ours = np.array(fit_weights(probabilities, labels))
    assert ours.sum() == pytest.approx(1) and (ours >= 0).all()
    assert loss(ours) <= found.fun + 2e-6
    assert loss(ours) < loss(np.full(runs, 1 / runs))


def test_a_good_run_beside_a_random_one_gets_the_weight() -> None:
    (good,), labels = draw(1, clips=400, strength=4.0)
    (random,), _ = draw(1, clips=400, strength=0.0)
    weights = fit_weights([random, good], labels)
    assert weights[1] > 0.95


def test_equal_runs_keep_equal_weights() -> None:
    (one,), labels = draw(1)
    assert fit_weights([one, one, one], labels) == pytest.approx([1 / 3] * 3)
    assert fit_weights([one], labels) == [1.0]


def test_runs_that_give_the_truth_no_chance_leave_finite_weights() -> None:
    wrong = torch.tensor([[1.0, 0.0]]).repeat(5, 1)
    weights = fit_weights([wrong, wrong], torch.ones(5, dtype=torch.int64))
    assert weights == pytest.approx([0.5, 0.5])


def test_input_is_left_unchanged() -> None:
    probabilities, labels = draw(3)
    copies = [each.clone() for each in probabilities]
    fit_weights(probabilities, labels)
    mix(probabilities, equal_weights(3))
    assert all(torch.equal(a, b) for a, b in zip(probabilities, copies, strict=True))


@pytest.mark.parametrize("given", [(0.5,), (0.5, 0.6), (1.5, -0.5), (float("nan"), 1.0)])
def test_bad_weights(given: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="weights: expected 2 numbers, one a run"):
        check_weights(given, 2)
    assert check_weights((0.6, 0.4), 2) == [0.6, 0.4]
