"""Which of two models validation prefers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from skelgraph.evaluation.metrics import fit_temperature
from skelgraph.training.semi.guard import Candidate, compare, judge


def logits_for(labels: Tensor, *, right: int, sure: float = 3.0) -> Tensor:
    """Logits that name the true class of the first clips, and another of the rest."""
    told = torch.where(torch.arange(len(labels)) < right, labels, (labels + 1) % 3)
    return sure * torch.nn.functional.one_hot(told, 3).float()


LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def test_accuracy_goes_before_cross_entropy() -> None:
    better = Candidate(top1=0.6, nll=2.0, temperature=1.0)
    assert better.better_than(Candidate(top1=0.5, nll=0.1, temperature=1.0))
    assert Candidate(0.5, 0.1, 1.0).better_than(Candidate(0.5, 0.2, 1.0))
    assert not Candidate(0.5, 0.2, 1.0).better_than(Candidate(0.5, 0.2, 1.0))


def test_a_method_without_cycles_to_choose_is_scored_at_its_last() -> None:
    cycles = [[logits_for(LABELS, right=8), logits_for(LABELS, right=4)]]
    found = judge(cycles, [LABELS], best=False)
    assert (found.candidate.top1, found.candidate.cycle) == (0.5, 1)


def test_the_cycle_of_a_fold_is_chosen_by_the_others() -> None:
    """Cycle 1 is best in one fold and cycle 2 in the other: each is scored at the other's."""
    first = [logits_for(LABELS, right=right) for right in (2, 8, 3)]
    second = [logits_for(LABELS, right=right) for right in (2, 4, 7)]
    found = judge([first, second], [LABELS, LABELS], best=True)
    assert found.candidate.top1 == (3 + 4) / 16
    assert found.candidate.cycle == 1  # 8 + 4 over both


def test_one_fold_is_scored_at_its_own_best() -> None:
    cycles = [[logits_for(LABELS, right=right) for right in (2, 6, 5)]]
    found = judge(cycles, [LABELS], best=True)
    assert (found.candidate.top1, found.candidate.cycle) == (0.75, 1)


def test_comparison_prefers_and_says_how_sure() -> None:
    worse, better = Candidate(0.25, 1.0, 1.0), Candidate(0.75, 0.5, 1.0)
    right = torch.tensor([True] * 2 + [False] * 6), torch.tensor([True] * 6 + [False] * 2)
    found = compare(worse, better, right=right, groups=np.arange(8))
    assert found["prefers"] == "method"
    assert found["difference"] == pytest.approx(0.5)
    low, high = found["interval"]
    assert low <= 0.5 <= high
    assert compare(better, worse, right=right[::-1], groups=np.arange(8))["prefers"] == "supervised"


def test_few_clips_leave_the_temperature_near_one() -> None:
    logits = logits_for(LABELS, right=8)
    assert fit_temperature(logits, LABELS) == pytest.approx(0.05, abs=1e-3)
    assert 0.3 < fit_temperature(logits, LABELS, prior=1.0) < 1.0


def test_many_clips_outweigh_the_prior() -> None:
    generator = torch.Generator().manual_seed(0)
    true = 2 * torch.randn(5000, 3, generator=generator)
    labels = torch.multinomial(true.softmax(1), 1, generator=generator)[:, 0]
    assert fit_temperature(4 * true, labels, prior=1.0) == pytest.approx(4.0, rel=0.1)


def test_one_group_decides_nothing() -> None:
    worse, better = Candidate(0.5, 1.0, 1.0), Candidate(1.0, 0.5, 1.0)
    right = (torch.tensor([True, False, False, True]), torch.ones(4, dtype=torch.bool))
    found = compare(worse, better, right=right, groups=np.zeros(4, dtype=int))
    assert found["prefers"] == "method"
    assert (found["interval"], found["decided"]) == ([-1.0, 1.0], False)


def test_few_groups_that_agree_decide_nothing() -> None:
    worse, better = Candidate(0.0, 1.0, 1.0), Candidate(0.5, 0.5, 1.0)
    for number, decided in ((2, False), (5, False), (6, True)):
        right = torch.tensor([False, False] * number), torch.tensor([True, False] * number)
        found = compare(worse, better, right=right, groups=np.arange(number).repeat(2))
        assert found["interval"] == [0.5, 0.5]
        assert (found["num_groups"], found["decided"]) == (number, decided)
