"""Meta pseudo-labels: both steps by hand, the feedback, and what the student may see."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import STRONG, WEAK, StepBatch
from skelgraph.training.semi.methods.meta_pseudo_labels import (
    MetaPseudoLabels,
    MetaPseudoLabelsOptions,
)
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.steps import (
    make_batch,
    make_learner,
    make_setting,
    take_steps,
    weights_of,
)

# Without noise or dropout, so that two passes over a batch are one; plain gradient steps.
STILL = {"a_links": False, "head": "pooled", "dropout": 0.0}
PLAIN = {"optimiser": "sgd", "clip_norm": 0.0, "weight_decay": 0.0}
NESTEROV = 1.9  # what momentum 0.9 makes of the first step


def make_pair(store: Store, *, lr: float = 0.05) -> list[Learner]:
    """The same two learners at every call."""
    pair = [make_learner(store, seed=seed, overrides=STILL, **PLAIN) for seed in (0, 1)]
    for learner in pair:
        learner.set_lr(lr)
    return pair


def make_method(**options: float) -> MetaPseudoLabels:
    return MetaPseudoLabels(MetaPseudoLabelsOptions(**options), make_setting())


def gradients(learner: Learner, loss: Tensor) -> dict[str, Tensor]:
    """Gradients by name; the graph is kept for further losses."""
    named = dict(learner.bare.named_parameters())
    found = torch.autograd.grad(
        loss, list(named.values()), retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return dict(zip(named, found, strict=True))


def stepped_on(learner: Learner) -> dict[str, Tensor]:
    """The gradients of the last step, which stay on the parameters."""
    named = learner.bare.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def score(student: Learner, batch: StepBatch) -> Tensor:
    return functional.cross_entropy(predict(student, batch.labelled)[0], batch.labelled.label)


def test_the_teacher_s_gradient_is_h_times_its_own_plus_the_rest(store: Store) -> None:
    learners, batch, by_hand = make_pair(store), make_batch(store), make_pair(store)[1]
    method = make_method(consistency=2.0, full=0.5, threshold=0.0, temperature=0.5, decay=0.9)
    method.baseline = torch.tensor(0.01)
    (weak,) = predict(by_hand, batch.views[WEAK])
    (given, strong), extra = logits_of(by_hand, batch.labelled, batch.views[STRONG])
    own = gradients(by_hand, functional.cross_entropy(strong, strong.argmax(1)))
    rest = gradients(by_hand, functional.cross_entropy(given, batch.labelled.label) + extra)
    view = gradients(by_hand, functional.cross_entropy(strong, (weak * 2).softmax(1)))

    terms = method.step(learners, batch, share=0.25)

    feedback = float(terms["feedback"])
    assert abs(feedback) > 1e-4
    for name, found in stepped_on(learners[1]).items():
        # The ramp is at its half: weight 2 * 0.25 / 0.5.
        expected = feedback * own[name] + rest[name] + view[name]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_h_is_how_far_the_step_lowered_the_labelled_loss(store: Store) -> None:
    learners, batch, student = make_pair(store), make_batch(store), make_pair(store)[0]
    logits_of(student, batch.views[STRONG])  # the statistics of the student's own pass
    before = score(student, batch)
    method = make_method(decay=0.9)
    method.baseline = torch.tensor(0.02)
    feedback = method.step(learners, batch, share=0.0)["feedback"]
    change = before - score(learners[0], batch)
    torch.testing.assert_close(feedback, change - 0.02)
    torch.testing.assert_close(method.baseline, 0.9 * torch.tensor(0.02) + 0.1 * change)


def test_h_is_the_product_of_gradients_to_first_order(store: Store) -> None:
    lr = 2e-3
    learners, batch = make_pair(store, lr=lr), make_batch(store)
    student, teacher = make_pair(store)
    (_, guessed), _ = logits_of(teacher, batch.labelled, batch.views[STRONG])
    (strong,), extra = logits_of(student, batch.views[STRONG])
    towards = gradients(student, functional.cross_entropy(strong, guessed.argmax(1)) + extra)
    student.model.eval()
    (given,), _ = logits_of(student, batch.labelled)
    wanted = gradients(student, functional.cross_entropy(given, batch.labelled.label))
    product = sum(float((towards[name] * wanted[name]).sum()) for name in towards)
    feedback = float(make_method().step(learners, batch, share=0.0)["feedback"])
    assert feedback == pytest.approx(NESTEROV * lr * product, rel=0.1)


def test_the_student_steps_on_the_teacher_s_labels_alone(store: Store) -> None:
    learners, batch = make_pair(store), make_batch(store)
    student, teacher = make_pair(store)
    (_, guessed), _ = logits_of(teacher, batch.labelled, batch.views[STRONG])
    (strong,), extra = logits_of(student, batch.views[STRONG])
    expected = gradients(student, functional.cross_entropy(strong, guessed.argmax(1)) + extra)
    make_method().step(learners, batch, share=0.0)
    for name, found in stepped_on(learners[0]).items():
        torch.testing.assert_close(found, expected[name])


def test_given_labels_never_reach_the_student_s_step(store: Store) -> None:
    moved = []
    for shift in (0, 1):
        learners, batch = make_pair(store), make_batch(store)
        labelled = replace(batch.labelled, label=(batch.labelled.label + shift) % 3)
        make_method().step(learners, replace(batch, labelled=labelled), share=0.0)
        moved.append([weights_of(learner) for learner in learners])
    (student, teacher), (other_student, other_teacher) = moved
    assert all(torch.equal(student[name], other_student[name]) for name in student)
    assert any(not torch.equal(teacher[name], other_teacher[name]) for name in teacher)


def test_unsure_weak_views_give_no_consistency(store: Store) -> None:
    teacher, batch = make_pair(store)[1], make_batch(store)
    sure = predict(teacher, batch.views[WEAK])[0].softmax(1).amax(1)
    least = float(sure.median())
    lesson = make_method(threshold=least, temperature=1.0).teach(teacher, batch)
    teacher = make_pair(store)[1]
    (weak,) = predict(teacher, batch.views[WEAK])
    (_, strong), _ = logits_of(teacher, batch.labelled, batch.views[STRONG])
    total = torch.zeros(())
    for row, target in zip(strong, weak.softmax(1), strict=True):
        if float(target.max()) >= least:
            total = total - (target * row.log_softmax(0)).sum() / len(strong)
    torch.testing.assert_close(lesson.consistency, total)


def test_in_the_end_the_student_learns_the_given_labels_and_the_teacher_rests(
    store: Store,
) -> None:
    learners, batch, student = make_pair(store), make_batch(store), make_pair(store)[0]
    method, before = make_method(finetune_share=0.25), weights_of(learners[1])
    (given,), extra = logits_of(student, batch.labelled)
    expected = gradients(student, functional.cross_entropy(given, batch.labelled.label) + extra)
    method.step(learners, batch, share=0.75)
    for name, found in stepped_on(learners[0]).items():
        torch.testing.assert_close(found, expected[name])
    after = weights_of(learners[1])
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert float(method.baseline) == 0


def test_state_goes_on_as_if_never_stopped(store: Store) -> None:
    batch, ends = make_batch(store), []
    for stopped in (False, True):
        learners, method = make_pair(store), make_method()
        method.step(learners, batch, share=0.0)
        if stopped:
            state, method = method.state_dict(), make_method()
            method.load_state_dict(state)
        method.step(learners, batch, share=0.1)
        ends.append((weights_of(learners[1]), float(method.baseline)))
    assert ends[0][1] == ends[1][1] != 0
    assert all(torch.equal(ends[0][0][name], ends[1][0][name]) for name in ends[0][0])


def test_a_whole_model_trains(store: Store) -> None:
    learners = [make_learner(store), make_learner(store, seed=1)]
    labelled = make_batch(store).labelled
    method = make_method(finetune_share=0.5)
    before = method.supervised(predict(learners[0], labelled)[0], labelled)
    terms = list(take_steps(method, learners, store))
    assert len({frozenset(term) for term in terms}) == 1  # the same columns in each row
    assert float(terms[9]["unlabelled"]) > 0 == float(terms[10]["unlabelled"])
    assert method.supervised(predict(learners[0], labelled)[0], labelled) < before


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"consistency": -1.0}, "meta_pseudo_labels, consistency: expected a number of at least"),
        ({"temperature": 0.0}, "meta_pseudo_labels, temperature: expected a number above 0"),
        ({"decay": 1.0}, r"meta_pseudo_labels, decay: expected a decay in \[0, 1\), got 1.0"),
        ({"finetune_share": math.nan}, "meta_pseudo_labels, finetune_share"),
        ({"threshold": 2.0, "full": -1.0}, "(?s)full.*threshold"),
    ],
)
def test_bad_options_are_refused(change: dict[str, float], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        MetaPseudoLabelsOptions(**change)
