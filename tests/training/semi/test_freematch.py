"""FreeMatch: adaptive thresholds and the fairness term."""

from __future__ import annotations

import math
from copy import deepcopy

import pytest
import torch
from torch import Tensor

from skelgraph.errors import ConfigError
from skelgraph.training.semi.methods.freematch import (
    AdaptiveThresholds,
    FreeMatchOptions,
    fairness_loss,
)
from tests.training.semi.simulated import calibrated

DECAY, CLASSES = 0.8, 4


class Slow:
    """Equations 5 to 8 and 11 of the paper, number by number."""

    def __init__(self) -> None:
        self.tau = 1 / CLASSES
        self.p = [1 / CLASSES] * CLASSES
        self.h = [1 / CLASSES] * CLASSES

    def step(self, rows: list[list[float]]) -> list[float]:
        count = len(rows)
        self.tau = DECAY * self.tau + (1 - DECAY) * sum(max(row) for row in rows) / count
        for c in range(CLASSES):
            mean = sum(row[c] for row in rows) / count
            self.p[c] = DECAY * self.p[c] + (1 - DECAY) * mean
            best = sum(row.index(max(row)) == c for row in rows) / count
            self.h[c] = DECAY * self.h[c] + (1 - DECAY) * best
        thresholds = [p / max(self.p) * self.tau for p in self.p]
        return [1.0 if max(row) >= thresholds[row.index(max(row))] else 0.0 for row in rows]


def slow_fairness(
    logits: list[list[float]], taken: list[float], p: list[float], h: list[float]
) -> float:
    """Equations 9, 10 and 12, without the classes that no strong view is predicted as."""
    rows = []
    for row, one in zip(logits, taken, strict=True):
        total = sum(math.exp(x) for x in row)
        if one:
            rows.append([math.exp(x) / total for x in row])
    if not rows:
        return 0.0
    mean = [sum(row[c] for row in rows) / len(rows) for c in range(CLASSES)]
    hist = [sum(row.index(max(row)) == c for row in rows) / len(rows) for c in range(CLASSES)]
    a = [x / y for x, y in zip(p, h, strict=True)]
    b = [x / y if y else 0.0 for x, y in zip(mean, hist, strict=True)]
    return sum(x / sum(a) * math.log(y / sum(b)) for x, y in zip(a, b, strict=True) if y)


def make_rule() -> AdaptiveThresholds:
    return AdaptiveThresholds(decay=DECAY, num_classes=CLASSES)


def test_the_rule_is_that_of_the_paper_over_many_steps() -> None:
    rule, slow = make_rule(), Slow()
    for step in range(30):
        probabilities, _ = calibrated(16, seed=step)
        selection = rule.judge(probabilities, torch.arange(16))
        assert selection.weights.tolist() == slow.step(probabilities.tolist())
        assert float(rule.confidence) == pytest.approx(slow.tau, abs=1e-6)
        assert rule.mean_probabilities.tolist() == pytest.approx(slow.p, abs=1e-6)
        assert rule.mean_labels.tolist() == pytest.approx(slow.h, abs=1e-6)
    assert 0 < selection.weights.mean() < 1


@pytest.mark.parametrize("taken", ["some", "all", "one", "none"])
def test_the_fairness_term_is_that_of_the_paper(taken: str) -> None:
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(10, CLASSES, generator=generator, dtype=torch.float64)
    logits[:, 3] -= 9  # no clip is predicted as the last class
    count = {"some": 6, "all": 10, "one": 1, "none": 0}[taken]
    weights = torch.zeros(10, dtype=torch.float64)
    weights[:count] = 1
    p, h = [0.1, 0.2, 0.3, 0.4], [0.4, 0.1, 0.2, 0.3]
    found = fairness_loss(
        logits,
        weights,
        mean_probabilities=torch.tensor(p, dtype=torch.float64),
        mean_labels=torch.tensor(h, dtype=torch.float64),
    )
    expected = slow_fairness(logits.tolist(), weights.tolist(), p, h)
    assert float(found) == pytest.approx(expected, abs=1e-9)
    # A single class that strong views are predicted as has b = 1.
    assert (expected == 0.0) == (taken in ("one", "none"))


def test_the_fairness_term_has_the_gradient_of_its_values() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(8, CLASSES, generator=generator, dtype=torch.float64)
    taken = torch.tensor([1.0, 1, 0, 1, 1, 0, 1, 1], dtype=torch.float64)
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)

    def term(x: Tensor) -> Tensor:
        return fairness_loss(x, taken, mean_probabilities=p, mean_labels=p.flip(0))

    assert torch.autograd.gradcheck(term, logits.requires_grad_(True))


def test_without_a_clip_the_gradient_is_zero_and_no_nan() -> None:
    logits = torch.randn(3, CLASSES, generator=torch.Generator().manual_seed(0))
    logits.requires_grad_(True)
    even = torch.full((CLASSES,), 1 / CLASSES)
    fairness_loss(logits, torch.zeros(3), mean_probabilities=even, mean_labels=even).backward()
    assert logits.grad is not None and not logits.grad.any()


def test_the_fairness_term_pulls_towards_classes_that_are_rare() -> None:
    """All clips lean to class 0; going down the term makes them lean less."""
    logits = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]], requires_grad=True)
    p = torch.tensor([0.7, 0.1, 0.1, 0.1])
    even = torch.full((CLASSES,), 1 / CLASSES)
    fairness_loss(logits, torch.ones(2), mean_probabilities=p, mean_labels=even).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0] > 0 > logits.grad[1, 1]


def test_the_state_comes_back() -> None:
    rule, again = make_rule(), make_rule()
    rule.judge(calibrated(30)[0], torch.arange(30))
    again.load_state_dict(deepcopy(rule.state_dict()))
    following = calibrated(30, seed=1)[0]
    first, second = (one.judge(following, torch.arange(30)) for one in (rule, again))
    assert torch.equal(first.weights, second.weights)
    assert torch.equal(again.thresholds(), rule.thresholds())


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"freematch, decay: expected a decay in \[0, 1\)"):
        FreeMatchOptions(decay=1.0)
