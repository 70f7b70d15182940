"""What every method owes: shape, absent bodies and padding zero, clips alone, input unchanged."""

from __future__ import annotations

import copy
from dataclasses import fields

import pytest
import torch

from skelgraph.cli import explain as command
from skelgraph.errors import ConfigError
from skelgraph.explain import DEFAULT_METHOD, METHODS, ExplainOptions, explain_batch
from skelgraph.explain.methods import joint_values
from skelgraph.explain.question import log_odds
from tests.explain.questions import make_question

QUICK = ExplainOptions(steps=4, samples=2, spans=3)
LAYOUTS = ("coco17", "mediapipe_hands")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", METHODS)
def test_values_are_of_joints_that_are_there(name: str, layout: str) -> None:
    question = make_question(layout)
    before = copy.deepcopy(question.batch)
    state = copy.deepcopy(question.model.state_dict())
    values = explain_batch(question, method=name, options=QUICK)
    clips, frames, joints, bodies = question.batch.visible.shape
    timed = values.dim() == 4
    assert values.shape == ((clips, bodies, frames, joints) if timed else (clips, bodies, joints))
    assert timed == (METHODS[name].finds in ("joints and frames", "frames"))
    assert torch.isfinite(values).all() and not values.requires_grad
    assert not values[2, 0].any()  # the absent body
    assert values[2, 1].any()
    if timed:
        assert not values[1, :, 7:].any()  # padding
    assert not question.model.training
    for item in fields(before):
        torch.testing.assert_close(getattr(question.batch, item.name), getattr(before, item.name))
    for key, value in question.model.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=0)


@pytest.mark.parametrize("name", METHODS)
def test_a_clip_has_the_same_importance_alone(name: str) -> None:
    question = make_question()
    every = explain_batch(question, method=name, options=QUICK)
    alone = explain_batch(question.select(torch.tensor([2])), method=name, options=QUICK)
    torch.testing.assert_close(alone[0], every[2], rtol=1e-3, atol=1e-5)


def test_people_may_swap_their_slots() -> None:
    question = make_question(batch={"absent": False})
    swapped = make_question(batch={"absent": False})
    swapped.batch.positions.copy_(question.batch.positions.flip(-1))
    for name in ("occlusion", "cam", "attention_rollout"):
        values = joint_values(explain_batch(question, method=name, options=QUICK))
        other = joint_values(explain_batch(swapped, method=name, options=QUICK))
        torch.testing.assert_close(other.flip(1), values, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("model", "lacking"), [("ctr_gcn", ()), ("gtn", ("cam", "grad_cam"))])
def test_other_models_answer_or_say_what_they_lack(model: str, lacking: tuple[str, ...]) -> None:
    question = make_question(model=model, batch={"clips": 2, "absent": False})
    for name in ("cam", "grad_cam", "attention", "integrated_gradients", "occlusion"):
        if name in lacking:
            with pytest.raises(ConfigError, match="expected a model with a graph backbone"):
                explain_batch(question, method=name, options=QUICK)
        else:
            assert explain_batch(question, method=name, options=QUICK).any()


@pytest.mark.parametrize("name", ["attention", "attention_rollout", "attention_gated"])
def test_attention_needs_towers(name: str) -> None:
    with pytest.raises(ConfigError, match=r"method: expected a model with .*--head gated"):
        explain_batch(make_question(head="pooled"), method=name)


def test_the_command_knows_the_methods() -> None:
    assert tuple(METHODS) == command.METHODS
    assert METHODS[DEFAULT_METHOD].judged


def test_log_odds_by_hand() -> None:
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    expected = [torch.log(torch.tensor(1 / (2.718281828 + 7.389056)))]
    found = log_odds(logits, torch.tensor([1, 2]))
    torch.testing.assert_close(found[0], expected[0])
    assert float(found[1]) == pytest.approx(-0.6931, abs=1e-4)
    with pytest.raises(ConfigError, match="classes: expected two or more"):
        log_odds(logits[:, :1], torch.tensor([0, 0]))


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"replacement: expected one of .*Did you mean 'neutral'"):
        ExplainOptions(replacement="neutrl")
    with pytest.raises(ConfigError, match="steps: expected 1 or more, got 0"):
        ExplainOptions(steps=0)
    with pytest.raises(ConfigError, match="samples: expected an even number, got 3"):
        ExplainOptions(samples=3)
    with pytest.raises(ConfigError, match="Did you mean 'grad_cam'"):
        explain_batch(make_question(), method="gradcam")
