"""FlexMatch: thresholds by class from counts of what was learned."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.training.semi.methods.flexmatch import FlexMatchOptions, LearnedCounts
from tests.training.semi.simulated import calibrated

TAU, CLASSES, CLIPS = 0.7, 4, 60


class Slow:
    """Algorithm 1 of the paper, clip by clip."""

    def __init__(self) -> None:
        self.learned = [-1] * CLIPS

    def thresholds(self) -> list[float]:
        sigma = [sum(one == c for one in self.learned) for c in range(CLASSES)]
        unused = sum(one == -1 for one in self.learned)
        largest = max(sigma)
        if largest < unused:
            beta = [s / max(largest, CLIPS - sum(sigma)) for s in sigma]
        else:
            beta = [s / largest for s in sigma]
        return [b / (2 - b) * TAU for b in beta]

    def step(self, rows: list[list[float]], index: list[int]) -> list[float]:
        thresholds = self.thresholds()
        weights = []
        for row, place in zip(rows, index, strict=True):
            best = row.index(max(row))
            if row[best] >= TAU:
                self.learned[place] = best
            weights.append(1.0 if row[best] >= thresholds[best] else 0.0)
        return weights


def make_rule() -> LearnedCounts:
    return LearnedCounts(TAU, num_classes=CLASSES, num_unlabelled=CLIPS)


def test_the_rule_is_that_of_the_paper_over_many_steps() -> None:
    rule, slow = make_rule(), Slow()
    generator = torch.Generator().manual_seed(0)
    shares, warm, grown = [], 0, 0
    for step in range(40):
        probabilities, _ = calibrated(12, seed=step)
        index = torch.randperm(CLIPS, generator=generator)[:12]
        selection = rule.judge(probabilities, index)
        assert selection.weights.tolist() == slow.step(probabilities.tolist(), index.tolist())
        assert rule.thresholds().tolist() == pytest.approx(slow.thresholds())
        shares.append(float(selection.weights.mean()))
        counts = torch.bincount(rule.learned + 1, minlength=CLASSES + 1)
        warm, grown = warm + int(counts[0] > counts[1:].max()), grown + int(counts[0] == 0)
    assert warm > 0 and min(shares) < 1  # both branches of the rule were seen
    assert warm < 40


def test_all_thresholds_begin_at_zero() -> None:
    rule = make_rule()
    assert rule.thresholds().tolist() == [0.0] * CLASSES
    assert rule.select(calibrated(30)[0]).weights.all()


def test_a_clip_keeps_its_class_until_another_is_as_sure() -> None:
    rule, place = make_rule(), torch.tensor([3])
    rule.judge(torch.tensor([[0.8, 0.2, 0.0, 0.0]]), place)
    rule.judge(torch.tensor([[0.4, 0.6, 0.0, 0.0]]), place)
    assert rule.learned[3] == 0
    rule.judge(torch.tensor([[0.1, 0.9, 0.0, 0.0]]), place)
    assert rule.learned[3] == 1


def test_of_a_clip_that_comes_twice_the_surest_view_counts() -> None:
    rule, place = make_rule(), torch.tensor([3, 3, 3, 5])
    rows = [[0.8, 0.2, 0, 0], [0.1, 0.9, 0, 0], [0.3, 0.3, 0.4, 0], [0.4, 0, 0, 0.6]]
    rule.judge(torch.tensor(rows), place)
    assert rule.learned[3] == 1
    assert rule.learned[5] == -1


def test_the_class_that_is_learned_best_has_the_whole_threshold() -> None:
    rule = make_rule()
    rule.learned[:40], rule.learned[40:60] = 2, 1
    # b = 1 for class 2; b = 1/2, so a third of tau, for class 1.
    assert rule.thresholds().tolist() == pytest.approx([0, TAU / 3, TAU, 0])


def test_the_state_comes_back() -> None:
    rule, again = make_rule(), make_rule()
    rule.judge(calibrated(30)[0], torch.arange(30))
    again.load_state_dict(deepcopy(rule.state_dict()))
    assert torch.equal(again.thresholds(), rule.thresholds())
    assert rule.thresholds().any()


def test_without_unlabelled_clips_nothing_divides_by_zero() -> None:
    rule = LearnedCounts(TAU, num_classes=2, num_unlabelled=0)
    assert rule.thresholds().tolist() == [0.0, 0.0]


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"flexmatch, threshold: expected a probability"):
        FlexMatchOptions(threshold=-0.1)
