"""The curriculum's choice of clips: numbers, ties, cycles, and what it never does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from skelgraph.errors import ConfigError, RunError
from skelgraph.training.semi.methods.curriculum import (
    RANKINGS,
    Curriculum,
    CurriculumOptions,
    SturmOptions,
    count_surest,
)
from tests.training.semi.steps import make_setting


def make_curriculum(size: int, *, counts: tuple[int, ...] = (3, 3, 3), **given: Any) -> Curriculum:
    setting = make_setting(
        num_unlabelled=size, num_classes=len(counts), label_counts=torch.tensor(counts)
    )
    return Curriculum(CurriculumOptions(**given), setting)


def draw(size: int, *, classes: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, classes, generator=generator, dtype=torch.float64).softmax(1)


def by_percentile(probabilities: Tensor, cycle: int, cycles: int) -> list[int]:
    """The paper's rule, clip by clip."""
    scores = probabilities.max(1).values.numpy()
    threshold = np.percentile(scores, 100 - 100 * cycle / cycles)
    labels = []
    for row, score in zip(probabilities.tolist(), scores, strict=True):
        taken = score >= threshold or np.isclose(score, threshold, rtol=0, atol=1e-12)
        labels.append(row.index(max(row)) if taken else -1)
    return labels


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 20, 101])
@pytest.mark.parametrize("cycles", [1, 5])
def test_labels_are_those_above_the_percentile(size: int, cycles: int) -> None:
    method = make_curriculum(size, cycles=cycles)
    for cycle in range(1, cycles + 1):
        probabilities = draw(size, seed=cycle)
        plan = method.plan(cycle, probabilities)
        assert plan.labels.tolist() == by_percentile(probabilities, cycle, cycles)
        assert plan.restart == "start"


def test_labels_of_a_class_are_those_above_its_own_percentile() -> None:
    method, probabilities = make_curriculum(40, ranking="class"), draw(40)
    labels = method.plan(2, probabilities).labels
    predicted = probabilities.argmax(1)
    for label in range(3):
        own = predicted == label
        assert labels[own].tolist() == by_percentile(probabilities[own], 2, 5)


def test_the_first_cycle_has_the_given_labels_only() -> None:
    method = make_curriculum(4)
    plan = method.plan(0, None)
    assert method.num_cycles == 6
    assert plan.labels.tolist() == [-1] * 4
    assert not method.select(draw(4)).weights.any()


def test_removed_clips_keep_their_label_and_grow_by_a_fifth() -> None:
    method = Curriculum(SturmOptions(), make_setting(num_unlabelled=10))
    before = torch.full((10,), -1)
    for cycle in range(1, 6):
        probabilities = draw(10, seed=cycle)
        plan = method.plan(cycle, probabilities)
        had = before >= 0
        assert int((plan.labels >= 0).sum()) == 2 * cycle
        assert torch.equal(plan.labels[had], before[had])
        fresh = (plan.labels >= 0) & ~had
        assert torch.equal(plan.labels[fresh], probabilities.argmax(1)[fresh])
        left = (plan.labels < 0).nonzero()[:, 0]
        if len(left):
            scores = probabilities.max(1).values
            assert scores[fresh].min() > scores[left].max()
        assert plan.restart == "start"
        before = plan.labels


def test_relabelling_forgets_what_was_chosen() -> None:
    method = make_curriculum(10)
    method.plan(1, draw(10, seed=1))
    other = draw(10, seed=2)
    assert torch.equal(method.plan(2, other).labels, make_curriculum(10).plan(2, other).labels)


@pytest.mark.parametrize("labelling", ["relabel", "remove"])
def test_equal_scores_go_by_the_order_of_clips(labelling: str) -> None:
    method = make_curriculum(10, labelling=labelling)
    for cycle in range(1, 6):
        labels = method.plan(cycle, torch.full((10, 3), 1 / 3)).labels
        assert (labels >= 0).tolist() == [True] * (2 * cycle) + [False] * (10 - 2 * cycle)


def test_a_balanced_choice_is_not_flooded() -> None:
    flooded = torch.tensor([[0.98, 0.01, 0.01]]).repeat(30, 1)
    flooded[:3] = torch.tensor([0.3, 0.4, 0.3])
    plain, balanced = (
        make_curriculum(30, ranking=ranking).plan(5, flooded).labels
        for ranking in ("all", "balanced")
    )
    assert torch.bincount(plain, minlength=3).tolist() == [27, 3, 0]
    assert torch.bincount(balanced[balanced >= 0], minlength=3).tolist() == [10, 3, 0]


def test_a_balanced_choice_follows_the_given_labels() -> None:
    method = make_curriculum(40, counts=(6, 2, 0), ranking="balanced")
    sizes = [size for _, size in method._groups(torch.zeros(40, dtype=torch.int64))]
    assert sizes == [27, 9, 5]  # 40 * 6/9, 40 * 2/9, 40 * 1/9, rounded up


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("labelling", ["relabel", "remove"])
@pytest.mark.parametrize("size", [0, 1, 3])
def test_fewer_clips_than_cycles(ranking: str, labelling: str, size: int) -> None:
    method = make_curriculum(size, ranking=ranking, labelling=labelling)
    counts = []
    for cycle in range(1, 6):
        probabilities = torch.full((size, 3), 0.1)
        probabilities[:, :1] = 0.8
        counts.append(int((method.plan(cycle, probabilities).labels >= 0).sum()))
    assert counts == sorted(counts)
    # Balanced, a class is taken to have a third of the clips, rounded up.
    assert counts[-1] == (-(-size // 3) if ranking == "balanced" else size)


def test_select_is_what_the_cycle_taught_and_changes_nothing() -> None:
    method, probabilities = make_curriculum(20, labelling="remove"), draw(20)
    labels = method.plan(2, probabilities).labels
    state = method.state_dict()
    chosen = method.select(probabilities)
    assert torch.equal(torch.where(chosen.weights > 0, chosen.labels, -1), labels)
    method.select(draw(20, seed=5))
    assert method.state_dict()["cycle"] == state["cycle"]
    assert torch.equal(method.state_dict()["labels"], state["labels"])


def test_state_goes_on_as_if_never_stopped() -> None:
    whole, stopped = (make_curriculum(20, labelling="remove") for _ in range(2))
    for cycle in (1, 2):
        whole.plan(cycle, draw(20, seed=cycle))
    stopped.load_state_dict(whole.state_dict())
    # A plan that is asked for again, after a kill within its cycle, is the same.
    assert torch.equal(stopped.plan(2, draw(20, seed=2)).labels, whole.labels)
    assert torch.equal(
        stopped.plan(3, draw(20, seed=3)).labels, whole.plan(3, draw(20, seed=3)).labels
    )


def test_the_plan_s_labels_are_its_own() -> None:
    method = make_curriculum(10)
    method.plan(1, draw(10)).labels.fill_(2)
    assert int((method.labels == 2).sum()) < 10


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    probabilities = draw(10)
    probabilities[3, 1] = float("nan")
    with pytest.raises(RunError, match="got 1 clips of 10"):
        make_curriculum(10).plan(1, probabilities)


def test_sturm_is_a_fifth_of_all_at_each_cycle() -> None:
    assert [count_surest(25, cycle, 5) for cycle in range(6)] == [0, 5, 10, 15, 20, 25]
    assert SturmOptions().keep == "last"


def test_bad_options_are_refused_all_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        CurriculumOptions(cycles=0, labelling="forget", restart="scrach", keep="first")
    text = str(caught.value)
    assert "cycles: expected a whole number of at least 1, got 0" in text
    assert "Did you mean 'scratch'" in text
    assert all(name in text for name in ("labelling", "keep"))


def test_half_a_cycle_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"whole number of at least 1, got 2\.5"):
        CurriculumOptions(cycles=2.5)  # type: ignore[arg-type]
