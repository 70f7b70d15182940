"""Mean teacher: the averaged weights teach, and take no gradient."""

from __future__ import annotations

import math

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.semi.method import STRONG, WEAK
from skelgraph.training.semi.methods.mean_teacher import MeanTeacher, MeanTeacherOptions
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.steps import (
    gradients_of,
    make_batch,
    make_learner,
    make_setting,
)


def test_the_loss_by_hand_with_another_model_as_teacher(store: Store) -> None:
    batch, learner, teacher = make_batch(store), make_learner(store), make_learner(store, seed=4)
    learner.average.restart(teacher.bare)
    before = {name: value.clone() for name, value in learner.average.shadow.items()}
    own = [parameter.clone() for parameter in learner.bare.parameters()]
    method = MeanTeacher(MeanTeacherOptions(weight=5.0, full=0.5), make_setting())
    torch.manual_seed(0)
    result = method.losses([learner], batch, share=0.25)
    gradients = gradients_of(learner, result.losses[0])
    assert all(torch.equal(learner.average.shadow[name], before[name]) for name in before)
    assert all(map(torch.equal, learner.bare.parameters(), own))  # given back after the teacher's

    (weak,) = predict(teacher, batch.views[WEAK])
    pupil = make_learner(store)
    torch.manual_seed(0)
    (given, strong), extra = logits_of(pupil, batch.labelled, batch.views[STRONG])
    distance = sum(
        (p - q) ** 2
        for row, other in zip(strong.softmax(1), weak.softmax(1), strict=True)
        for p, q in zip(row, other.detach(), strict=True)
    ) / len(strong)
    factor = math.exp(-5 * (1 - 0.25 / 0.5) ** 2)
    total = method.supervised(given, batch.labelled) + 5.0 * factor * distance + extra
    assert torch.isclose(result.losses[0], total)
    expected = gradients_of(pupil, total)
    assert gradients.keys() == expected.keys()
    assert all(torch.allclose(gradients[key], expected[key], atol=1e-6) for key in expected)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"mean_teacher, full: expected a share in \[0, 1\]"):
        MeanTeacherOptions(full=1.5)
