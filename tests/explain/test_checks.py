"""The checks themselves: worked by hand, and on a model whose truth is known."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skelgraph.explain import ExplainOptions, explain_batch
from skelgraph.explain.checks.bootstrap import mean_interval
from skelgraph.explain.checks.curves import area, curves, ranks_of
from skelgraph.explain.checks.fidelity import fidelity
from skelgraph.explain.checks.gate import beats, check_methods, mirror_question
from skelgraph.explain.checks.noise import noise_of, with_noise
from skelgraph.explain.checks.randomising import randomised, stages
from skelgraph.explain.checks.ranks import known_mean, rank_correlation
from skelgraph.explain.groups import joint_groups
from skelgraph.explain.question import Question
from skelgraph.graphs import load_layout
from tests.explain.questions import make_batch, make_question

KEY = 9  # the only joint that the model below looks at


class OneJoint(torch.nn.Module):
    """Sure of class 0 as far as one joint is away from where it stands when it is still."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(200.0))

    def forward(self, positions: torch.Tensor, *_: torch.Tensor, **__: object) -> SimpleNamespace:
        about = positions[:, :, :, KEY] - positions.mean(3)
        moved = about.std(2).sum((1, 2)) * self.slope - 2
        return SimpleNamespace(logits=torch.stack([moved, torch.zeros_like(moved)], 1))


@pytest.fixture
def question() -> Question:
    layout = load_layout("coco17")
    batch = make_batch(layout, clips=8, absent=False)
    batch = replace(batch, frames=torch.ones_like(batch.frames))
    batch = replace(batch, visible=torch.ones_like(batch.visible))
    return Question(OneJoint().eval(), layout, batch, torch.zeros(8, dtype=torch.int64))


def test_correlation_of_ranks_by_scipy() -> None:
    from scipy.stats import spearmanr

    draw = np.random.default_rng(0)
    first, second = draw.integers(0, 5, (4, 12)).astype(float), draw.normal(size=(4, 12))
    expected = [spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(rank_correlation(first, second), expected)
    first[0, :11] = np.nan
    second[1] = 3.0
    assert np.isnan(rank_correlation(first, second)[:2]).all()
    assert known_mean(np.array([np.nan, 2.0])) == 2.0
    assert known_mean(np.array([np.nan])) is None


def test_area_and_order_by_hand() -> None:
    assert area(torch.tensor([[1.0, 0.5, 0.0]])).tolist() == [0.5]
    values = torch.tensor([[0.1], [0.9], [0.5], [7.0]])
    exists = torch.tensor([[True], [True], [True], [False]])
    assert ranks_of(values, exists)[:, 0].tolist() == [2, 0, 1, 3]


def test_intervals_narrow_with_clips() -> None:
    draw = np.random.default_rng(0)
    few, many = draw.normal(size=20), draw.normal(size=2000)
    mean, low, high = mean_interval(many)
    assert low < mean < high and mean == pytest.approx(many.mean())
    assert mean_interval(few)[2] - mean_interval(few)[1] > 4 * (high - low)
    assert mean_interval(few) == mean_interval(few)


def test_curves_go_as_the_joint_goes(question: Question) -> None:
    groups = joint_groups(question.batch, question.layout)
    values = torch.zeros(groups.exists.shape)
    values[[2 * KEY, 2 * KEY + 1]] = 1.0  # both bodies' joint first
    found = curves(question, groups, ranks_of(values, groups.exists), ExplainOptions())
    whole = question.model(question.batch.positions).logits.softmax(1)[:, 0]
    torch.testing.assert_close(found.deletion[:, 0], whole)
    torch.testing.assert_close(found.insertion[:, 10], whole)
    torch.testing.assert_close(found.insertion[:, 0], found.deletion[:, 10])
    assert (found.deletion_area < found.insertion_area - 0.2).all()
    backwards = curves(question, groups, ranks_of(-values, groups.exists), ExplainOptions())
    assert (backwards.deletion_area > backwards.insertion_area).all()


def test_fidelity_of_the_joint_that_matters(question: Question) -> None:
    groups = joint_groups(question.batch, question.layout)
    values = torch.zeros(groups.exists.shape)
    values[[2 * KEY, 2 * KEY + 1]] = 1.0
    plus, minus = fidelity(question, groups, ranks_of(values, groups.exists), ExplainOptions())
    assert plus.shape == (3, 8)
    assert plus[0].all()  # 10 % of 34 joints hold both
    plus, minus = fidelity(question, groups, ranks_of(-values, groups.exists), ExplainOptions())
    assert not plus.any() and minus.all()


def test_the_gate_tells_methods_apart(question: Question) -> None:
    seen: list[str] = []
    methods = ("occlusion", "integrated_gradients", "occlusion_spans", "random")
    report = check_methods(
        [question], methods=methods, options=ExplainOptions(spans=2), tick=seen.append
    )
    assert seen == list(methods)
    assert report["num_clips"] == 8
    found = report["methods"]
    assert found["occlusion"]["beats_random"] and not found["random"]["beats_random"]
    assert found["occlusion"]["deletion"][0] < report["random"]["joints"]["deletion"][0]
    assert found["occlusion"]["reversed_deletion"] == found["occlusion"]["insertion"]
    for name, sign in (("deletion", 1), ("insertion", -1)):
        gain, low, high = found["occlusion"][f"{name}_gain"]
        lead = report["random"]["joints"][name][0] - found["occlusion"][name][0]
        assert gain == pytest.approx(sign * lead) and 0 < low < gain < high
        assert found["random"][f"{name}_gain"][0] < low
    assert found["occlusion"]["noise"] > 0.1
    assert found["random"]["randomised"] == {} and found["random"]["mirror"] is None
    assert set(report["random"]) == {"joints", "frames"}
    agreement = report["agreement"]
    assert agreement["occlusion"]["occlusion"] == pytest.approx(1)
    assert abs(agreement["occlusion"]["random"]) < 0.4
    assert "occlusion_spans" not in agreement


def test_beating_means_intervals_apart() -> None:
    random = {"deletion": [0.5, 0.4, 0.6], "insertion": [0.5, 0.4, 0.6]}
    assert beats({"deletion": [0.3, 0.2, 0.39], "insertion": [0.7, 0.61, 0.8]}, random)
    assert not beats({"deletion": [0.3, 0.2, 0.41], "insertion": [0.7, 0.61, 0.8]}, random)
    assert not beats({"deletion": [0.3, 0.2, 0.39], "insertion": [0.7, 0.59, 0.8]}, random)


def test_weights_are_lost_from_the_head_down() -> None:
    question = make_question()
    before = copy.deepcopy(question.model.state_dict())
    names, changed = [], set[str]()
    for name, model in randomised(question.model):
        now = {
            key
            for key, value in model.named_parameters()
            if value.numel() > 1 and not torch.equal(value, before[key])
        }
        assert changed < now
        names.append(name)
        changed = now
    assert names == ["head", "block 3", "block 2", "block 1", "rest"]
    assert all(torch.equal(before[k], v) for k, v in question.model.state_dict().items())
    every = sum(p.numel() for p in question.model.parameters())
    listed = sum(p.numel() for _, ps in stages(question.model) for p in ps)
    assert every == listed


def test_noise_is_found_again() -> None:
    batch = make_batch(load_layout("coco17"), clips=4, frames=40, absent=False)
    smooth = torch.linspace(0, 1, 40).view(1, 1, -1, 1, 1).expand_as(batch.positions)
    still = replace(batch, positions=smooth.contiguous())
    assert noise_of(still) < 1e-6
    noisy = with_noise(still, 0.01, seed=0)
    assert noise_of(noisy) == pytest.approx(0.01, rel=0.05)
    assert with_noise(still, 0.01, seed=0).positions.equal(noisy.positions)
    hidden = replace(still, visible=torch.zeros_like(still.visible))
    assert noise_of(hidden) == 0
    assert with_noise(hidden, 0.01, seed=0).positions.equal(still.positions)


@pytest.mark.parametrize("layout", ["coco17", "mediapipe_hands"])
def test_a_symmetric_model_has_mirrored_maps(layout: str) -> None:
    """A model that answers the mean of a clip's and its mirror's answers."""
    question = make_question(layout, a_links=False)
    model = question.model

    def both(*given: torch.Tensor) -> SimpleNamespace:
        batch = replace(question.batch.select(torch.zeros(len(given[0])).long()))
        batch = replace(batch, positions=given[0], visible=given[1], frames=given[2])
        other, _ = mirror_question(replace(question, batch=batch))
        there = model(other.batch.positions, other.batch.visible, other.batch.frames)
        return SimpleNamespace(logits=model(*given).logits + there.logits)

    symmetric = replace(question, model=both)
    options = ExplainOptions(steps=4)
    mirrored, back = mirror_question(symmetric)
    for method in ("integrated_gradients", "occlusion"):
        own = explain_batch(symmetric, method=method, options=options)
        assert own.abs().max() > 1e-3
        other = back(explain_batch(mirrored, method=method, options=options))
        torch.testing.assert_close(other, own, rtol=1e-3, atol=1e-4)
