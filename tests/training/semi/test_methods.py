"""What every method of the table owes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields

import pytest
import torch
from torch import Tensor

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import STRONG, WEAK, Method, StepBatch
from skelgraph.training.semi.methods.table import METHODS, find_method, make_method
from tests.training.semi.simulated import calibrated, errors, expected_errors
from tests.training.semi.steps import (
    make_batch,
    make_learner,
    make_setting,
    take_steps,
    weights_of,
)

# Weights of all that is learned from unlabelled clips, by method; and options with which some
# clips are taken from the first steps of a test on.
UNSUPERVISED = {
    "pseudo_label": ("weight",),
    "fixmatch": ("weight",),
    "flexmatch": ("weight",),
    "freematch": ("weight", "fairness"),
    "softmatch": ("weight",),
    "mean_teacher": ("weight",),
    "entropy": ("weight",),
}
EAGER = {
    "pseudo_label": {"begin": 0.0, "full": 0.2},
    "fixmatch": {"threshold": 0.4},
    "flexmatch": {"threshold": 0.4},
    "freematch": {"decay": 0.9},
    "softmatch": {"decay": 0.9},
    "mean_teacher": {},
    "entropy": {"weight": 0.5},
}
# Options with which even a model that knows nothing takes clips.
UNSURE = {"fixmatch": {"threshold": 0.0}}


def eager(name: str, **values: float) -> Method:
    return make_method(name, {**EAGER[name], **values}, make_setting())


def losses(
    method: Method, learner: Learner, batch: StepBatch, share: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute a step's losses with repeatable noise in the model."""
    torch.manual_seed(11)
    result = method.losses([learner], batch, share=share)
    return result.losses[0], result.terms


@pytest.mark.parametrize("name", EAGER)
def test_training_falls_in_loss(name: str, store: Store) -> None:
    terms = list(take_steps(eager(name), [make_learner(store)], store))
    supervised = [float(term["supervised"]) for term in terms]
    assert sum(supervised[-5:]) < sum(supervised[:5])
    assert any(float(term["unlabelled"]) > 0 for term in terms)
    assert all(value.ndim == 0 and not value.requires_grad for value in terms[-1].values())
    assert len({frozenset(term) for term in terms}) == 1  # the same columns in each row


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_with_weights_of_zero_only_given_labels_teach(name: str, store: Store) -> None:
    method = eager(name, **dict.fromkeys(UNSUPERVISED[name], 0.0))
    learner, batch = make_learner(store), make_batch(store)
    total, terms = losses(method, learner, batch, 0.5)
    changed = make_batch(store)
    changed.labelled.label.copy_(changed.labelled.label.roll(1))
    other, other_terms = losses(method, make_learner(store), changed, 0.5)
    # What is left beside it, the model's own losses, knows no labels.
    difference = terms["supervised"] - other_terms["supervised"]
    assert difference.abs() > 1e-4
    assert torch.allclose(total - other, difference, atol=1e-5)
    full = make_method(name, {**EAGER[name], **UNSURE.get(name, {})}, make_setting())
    free, free_terms = losses(full, make_learner(store), batch, 0.5)
    assert torch.equal(free_terms["supervised"], terms["supervised"])
    assert not torch.isclose(free, total)


@pytest.mark.parametrize("name", EAGER)
def test_a_run_that_was_stopped_goes_on_alike(name: str, store: Store) -> None:
    whole, learner = eager(name), make_learner(store)
    torch.manual_seed(5)
    steps = take_steps(whole, [learner], store, count=6)
    for _ in range(3):
        next(steps)
    state, weights = whole.state_dict(), learner.state_dict()
    kept = deepcopy((state, weights))
    chance = torch.get_rng_state()
    rest = [next(steps) for _ in range(3)]

    resumed, again = eager(name), make_learner(store, seed=1)
    resumed.load_state_dict(kept[0])
    again.load_state_dict(kept[1])
    torch.set_rng_state(chance)
    for step, terms in enumerate(rest, start=3):
        again.set_lr(again.options.lr, share=step / 6)
        found = resumed.step([again], make_batch(store, seed=step), share=step / 6)
        again.average.update(again.bare)
        assert all(torch.equal(found[key], terms[key]) for key in terms)
    expected, found_weights = weights_of(learner), weights_of(again)
    assert all(torch.equal(expected[key], found_weights[key]) for key in expected)


@pytest.mark.parametrize("name", EAGER)
def test_selecting_changes_nothing(name: str, store: Store) -> None:
    method = eager(name)
    list(take_steps(method, [make_learner(store)], store, count=2))
    before = deepcopy(method.state_dict())
    probabilities, _ = calibrated(50, classes=3)
    first, second = method.select(probabilities), method.select(probabilities)
    assert torch.equal(first.weights, second.weights)
    after = method.state_dict()
    assert all(torch.equal(torch.as_tensor(before[k]), torch.as_tensor(after[k])) for k in before)


@pytest.mark.parametrize("name", EAGER)
def test_labels_of_calibrated_predictions_are_as_wrong_as_they_say(name: str, store: Store) -> None:
    method = eager(name)
    list(take_steps(method, [make_learner(store)], store, count=4))
    probabilities, truth = calibrated(20_000, classes=3)
    selection = method.select(probabilities)
    assert torch.equal(selection.labels, probabilities.argmax(1))
    expected, spread = expected_errors(probabilities, selection.weights)
    assert abs(errors(selection.labels, selection.weights, truth) - expected) < 4 * spread


@pytest.mark.parametrize("name", [name for name in EAGER if STRONG in METHODS[name].method.views])
def test_gradients_reach_the_strong_views_and_not_the_weak(name: str, store: Store) -> None:
    learner, batch = make_learner(store), make_batch(store)
    method = make_method(name, {**EAGER[name], **UNSURE.get(name, {})}, make_setting())
    for view in batch.views.values():
        view.positions.requires_grad_(True)
    total, _ = losses(method, learner, batch, 0.5)
    total.backward()
    assert batch.views[STRONG].positions.grad.abs().sum() > 0
    assert batch.views[WEAK].positions.grad is None
    assert all(p.grad is not None for p in learner.bare.parameters() if p.requires_grad)


def test_every_method_has_options_of_its_own() -> None:
    kinds = [entry.options for entry in METHODS.values()]
    assert len(set(kinds)) == len(kinds)
    for name, entry in METHODS.items():
        assert make_method(name, {}, make_setting()).options == entry.options()


def test_an_unknown_method_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"method: .* got 'fixmtch'. Did you mean 'fixmatch'"):
        find_method("fixmtch")


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"method fixmatch, key: .*Did you mean 'threshold'"):
        make_method("fixmatch", {"treshold": 0.5}, make_setting())


@pytest.mark.parametrize(
    ("name", "values", "fault"),
    [
        ("fixmatch", {"threshold": "high"}, "threshold: expected a number, got 'high'"),
        ("fixmatch", {"weight": True}, "weight: expected a number, got True"),
        ("fixmatch", {"weight": None}, "weight: expected a number, got None"),
        ("softmatch", {"align": "no"}, "align: expected true or false, got 'no'"),
        ("softmatch", {"align": 1}, "align: expected true or false, got 1"),
        ("curriculum", {"restart": False}, "restart: expected a word, got False"),
    ],
)
def test_options_of_another_kind_are_refused(name: str, values: dict, fault: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}, {fault}"):
        make_method(name, values, make_setting())


@pytest.mark.parametrize("name", EAGER)
def test_each_option_that_is_no_number_is_refused(name: str) -> None:
    for item in fields(METHODS[name].options):
        if item.type == "float":
            with pytest.raises(ConfigError, match=f"{name}, {item.name}: expected .* got nan"):
                make_method(name, {item.name: float("nan")}, make_setting())
