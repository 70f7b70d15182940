"""The losses of two views by hand, and that keys only follow."""

from __future__ import annotations

import math

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.training.pretrain.contrastive import chance, divergence, info_nce, matched, pooled
from tests.training.pretrain.steps import make_draw, make_learner, make_objective


def test_losses_by_hand() -> None:
    scores = torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    first, second = math.exp(2) / (math.exp(2) + 1), 1 / (math.e + 1)
    expected = -(math.log(first) + math.log(second)) / 2
    assert float(info_nce(scores)) == pytest.approx(expected)
    assert float(matched(scores)) == 0.5
    normal = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]])
    rows = [
        -(0.5 * math.log(first) + 0.5 * math.log(1 - first)),
        -(0.25 * math.log(1 - second) + 0.75 * math.log(second)),
    ]
    assert float(divergence(scores, normal)) == pytest.approx(sum(rows) / 2)
    assert float(chance(torch.zeros(5, 5))) == pytest.approx(math.log(5))
    assert float(info_nce(torch.zeros(5, 5))) == pytest.approx(math.log(5))
    assert float(divergence(torch.zeros(5, 5), torch.zeros(5, 5))) == pytest.approx(math.log(5))


def test_the_normal_view_learns_nothing_from_the_extreme_one() -> None:
    scores, normal = (torch.randn(3, 3, requires_grad=True) for _ in range(2))
    divergence(scores, normal).backward()
    assert scores.grad is not None and normal.grad is None


def test_keys_come_from_the_averaged_weights_and_take_no_gradient(store: Store) -> None:
    objective = make_objective(store, "contrastive")
    learner = make_learner(objective)
    learner.set_training()
    draw = make_draw(store)
    batch = draw.view(objective.augmentation, crop=1.0)
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    with torch.no_grad():
        for parameter in objective.parameters():
            parameter.add_(0.1)
    keys = objective.keys_of(learner, batch)
    assert not keys.requires_grad
    assert objective.training
    objective.load_state_dict(before)
    objective.eval()
    torch.testing.assert_close(keys, objective(batch.positions, batch.visible, batch.frames)[0])


def test_the_average_follows_and_takes_no_step_of_its_own(store: Store) -> None:
    objective = make_objective(store, "contrastive")
    learner = make_learner(objective)
    learner.set_training()
    learner.set_lr(1e-3)
    shadow = {name: value.clone() for name, value in learner.average.shadow.items()}
    learner.step(objective.terms(learner, make_draw(store))["loss"])
    assert all(torch.equal(learner.average.shadow[name], shadow[name]) for name in shadow)
    learner.average.update(learner.bare)
    name = "projector.0.weight"
    new = dict(objective.named_parameters())[name]
    torch.testing.assert_close(learner.average.shadow[name], shadow[name].lerp(new, 0.9))


def test_padding_and_absent_bodies_change_no_place(store: Store) -> None:
    objective = make_objective(store, "contrastive").eval()
    batch = make_draw(store).view(objective.augmentation, crop=1.0)
    padded = torch.cat([batch.positions, torch.randn_like(batch.positions)], 2)
    visible = torch.cat([batch.visible, torch.zeros_like(batch.visible)], 1)
    frames = torch.cat([batch.frames, torch.zeros_like(batch.frames)], 1)
    short = objective.model.encode(batch.positions, batch.visible, batch.frames)
    long = objective.model.encode(padded, visible, frames)
    torch.testing.assert_close(pooled(short), pooled(long))
    assert not batch.bodies[:, 1].any()


def test_places_lie_on_the_unit_sphere_and_no_extreme_view_is_made_in_vain(store: Store) -> None:
    objective = make_objective(store, "contrastive", divergence_weight=0.0)
    learner = make_learner(objective)
    draw = make_draw(store)
    keys = objective.keys_of(learner, draw.view(objective.augmentation, crop=1.0))
    torch.testing.assert_close(keys.norm(dim=1), torch.ones(6))
    terms = objective.terms(learner, draw)
    assert "divergence" not in terms
    assert float(terms["trivial"]) == pytest.approx(math.log(6))
