"""The learner and batches that tests of methods stand on."""

from __future__ import annotations

import torch

from skelgraph.data.store import Store
from skelgraph.training.semi.method import STRONG, WEAK, Method
from tests.training.semi.steps import (
    UNLABELLED,
    make_batch,
    make_learner,
    make_setting,
    take_steps,
    weights_of,
)


def test_batches_hold_other_clips_with_and_without_labels(store: Store) -> None:
    batch = make_batch(store, seed=1)
    weak, strong = batch.views[WEAK], batch.views[STRONG]
    assert set(weak.label.tolist()) == {-1}
    assert sorted(set(batch.labelled.label.tolist())) == [0, 1, 2]
    assert torch.equal(weak.index, strong.index)
    assert int(weak.index.max()) < UNLABELLED
    assert not torch.equal(weak.positions, strong.positions)
    again = make_batch(store, seed=1)
    assert torch.equal(again.views[STRONG].positions, strong.positions)


def test_the_same_seed_makes_the_same_learner(store: Store) -> None:
    first, second = (weights_of(make_learner(store, seed=3)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_supervised_training_falls_in_loss_and_takes_no_clip(store: Store) -> None:
    method, learner = Method(None, make_setting()), make_learner(store)
    terms = [float(term["supervised"]) for term in take_steps(method, [learner], store)]
    assert sum(terms[-5:]) < sum(terms[:5])
    assert not method.select(torch.eye(3)).weights.any()
