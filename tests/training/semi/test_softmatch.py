"""SoftMatch: weights under a truncated Gaussian, and uniform alignment."""

from __future__ import annotations

import math
from copy import deepcopy

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.training.semi.methods.softmatch import SoftMatchOptions, TruncatedGaussian
from tests.training.semi.simulated import calibrated

DECAY, WIDTH, CLASSES = 0.8, 2.0, 4


class Slow:
    """Equations 6 to 10 of the paper, number by number."""

    def __init__(self, *, align: bool) -> None:
        self.align = align
        self.mu, self.variance = 1 / CLASSES, 1.0
        self.p = [1 / CLASSES] * CLASSES

    def confidence(self, row: list[float]) -> float:
        if not self.align:
            return max(row)
        even = [x * (1 / CLASSES) / p for x, p in zip(row, self.p, strict=True)]
        return max(even) / sum(even)

    def step(self, rows: list[list[float]]) -> list[float]:
        count = len(rows)
        for c in range(CLASSES):
            mean = sum(row[c] for row in rows) / count
            self.p[c] = DECAY * self.p[c] + (1 - DECAY) * mean
        sure = [self.confidence(row) for row in rows]
        mean = sum(sure) / count
        variance = sum((x - mean) ** 2 for x in sure) / count
        self.mu = DECAY * self.mu + (1 - DECAY) * mean
        self.variance = DECAY * self.variance + (1 - DECAY) * count / (count - 1) * variance
        return [self.weight(x) for x in sure]

    def weight(self, confidence: float) -> float:
        if confidence >= self.mu:
            return 1.0
        return math.exp(-((confidence - self.mu) ** 2) / (2 * self.variance / WIDTH**2))


def make_rule(*, align: bool) -> TruncatedGaussian:
    return TruncatedGaussian(decay=DECAY, width=WIDTH, align=align, num_classes=CLASSES)


@pytest.mark.parametrize("align", [False, True])
def test_the_rule_is_that_of_the_paper_over_many_steps(align: bool) -> None:
    rule, slow = make_rule(align=align), Slow(align=align)
    for step in range(30):
        probabilities, _ = calibrated(16, seed=step)
        probabilities = probabilities * torch.tensor([1.0, 1.0, 1.0, 3.0])  # not balanced
        probabilities = probabilities / probabilities.sum(1, keepdim=True)
        selection = rule.judge(probabilities, torch.arange(16))
        expected = slow.step(probabilities.tolist())
        assert selection.weights.tolist() == pytest.approx(expected, abs=1e-5)
        assert torch.equal(selection.labels, probabilities.argmax(1))
        assert float(rule.mean) == pytest.approx(slow.mu, abs=1e-6)
        assert float(rule.variance) == pytest.approx(slow.variance, abs=1e-6)
    assert 0 < selection.weights.min() < 0.9


def test_at_first_every_clip_counts_fully() -> None:
    assert (make_rule(align=True).select(calibrated(50)[0]).weights == 1).all()


@pytest.mark.parametrize("count", [1, 5])
def test_clips_that_are_equally_sure_count_fully(count: int) -> None:
    rule = TruncatedGaussian(decay=0.0, width=WIDTH, align=False, num_classes=CLASSES)
    same = torch.tensor([[0.7, 0.1, 0.1, 0.1]]).expand(count, -1)
    selection = rule.judge(same, torch.arange(count))
    assert selection.weights.tolist() == pytest.approx([1.0] * count)


def test_the_state_comes_back() -> None:
    rule, again = make_rule(align=True), make_rule(align=True)
    rule.judge(calibrated(30)[0], torch.arange(30))
    again.load_state_dict(deepcopy(rule.state_dict()))
    following = calibrated(30, seed=1)[0]
    first, second = (one.judge(following, torch.arange(30)) for one in (rule, again))
    assert torch.equal(first.weights, second.weights)
    assert first.weights.min() < 1


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"softmatch, width: expected a number above 0, got 0"):
        SoftMatchOptions(width=0.0)
