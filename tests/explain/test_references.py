"""Methods against slow references: loops, sums by hand, all orders."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import factorial

import pytest
import torch

from skelgraph.explain import ExplainOptions
from skelgraph.explain.attention import follow_back, gated_attention, tower_attention
from skelgraph.explain.cam import class_activation
from skelgraph.explain.features import look_at_head, over_input_frames
from skelgraph.explain.grad_cam import grad_cam
from skelgraph.explain.groups import part_groups, span_groups
from skelgraph.explain.integrated_gradients import integrated_gradients, with_completeness
from skelgraph.explain.occlusion import occlude_joints, occlude_parts, occlude_spans, scores_of
from skelgraph.explain.question import Question, log_odds
from skelgraph.explain.replacing import neutral_batch, remove_joints
from skelgraph.explain.shapley import shapley_parts, shapley_values
from tests.explain.questions import make_question


def score(question: Question, batch: object) -> torch.Tensor:
    output = question.model(batch.positions, batch.visible, batch.frames)
    return log_odds(output.logits, question.target)


@pytest.mark.parametrize("hide", [True, False])
def test_occlusion_one_by_one(hide: bool) -> None:
    question = make_question()
    options = ExplainOptions(hide=hide)
    found = occlude_joints(question, options)
    with torch.no_grad():
        whole = score(question, question.batch)
        for body, joint in ((0, 0), (1, 5), (1, 16)):
            removed = torch.zeros_like(question.batch.visible)
            removed[:, :, joint, body] = True
            changed = remove_joints(
                question.batch, removed, layout=question.layout, how="interpolation", hide=hide
            )
            expected = whole - score(question, changed)
            expected[~question.batch.bodies[:, body]] = 0
            torch.testing.assert_close(found[:, body, joint], expected, rtol=1e-3, atol=1e-5)


def test_occlusion_of_a_part_is_shared_by_its_joints() -> None:
    question = make_question()
    found = occlude_parts(question, ExplainOptions())
    part = list(next(iter(question.layout.parts.values())))
    removed = torch.zeros_like(question.batch.visible)
    removed[:, :, part, 1] = True
    changed = remove_joints(question.batch, removed, layout=question.layout, hide=True)
    with torch.no_grad():
        lost = score(question, question.batch) - score(question, changed)
    torch.testing.assert_close(found[:, 1, part].sum(1), lost, rtol=1e-3, atol=1e-5)
    assert found[0, 1, part].std() < 1e-6


def test_occlusion_of_a_span_is_shared_by_its_frames() -> None:
    question = make_question()
    found = occlude_spans(question, ExplainOptions(spans=2))
    removed = torch.zeros_like(question.batch.visible)
    removed[:, :5] = True
    changed = remove_joints(question.batch, removed, layout=question.layout, hide=True)
    with torch.no_grad():
        lost = score(question, question.batch) - score(question, changed)
    torch.testing.assert_close(found[0, :, :5].sum(), lost[0], rtol=1e-3, atol=1e-5)
    spans = span_groups(question.batch, question.layout, spans=2)
    assert spans.frames[:, 1].sum(1).tolist() == [4, 3]  # of seven valid frames


@pytest.mark.parametrize("layout", ["coco17", "mediapipe_hands"])
def test_cam_of_a_pooled_head_is_its_linear_map(layout: str) -> None:
    """Each place's part in the score of a head that averages and is linear, worked by loops."""
    question = make_question(layout, head="pooled", batch={"clips": 1, "absent": False})
    found = class_activation(question, ExplainOptions())
    seen = look_at_head(question)
    features, head = seen.given.features, question.model.head
    with torch.no_grad():
        logits = head.classifier.weight
        # Log-odds are linear only about the clip: their gradient by the logits.
        own = seen.logits.detach().requires_grad_()
    slope = torch.autograd.grad(log_odds(own, question.target).sum(), own)[0]
    weights = slope @ logits  # (1, C)
    expected = torch.zeros(2, *features.shape[2:])
    for row in range(2):
        vector = weights[0]
        if question.layout.instances == "hands":
            width = features.shape[1]
            vector = head.bodies.mix.weight[:, row * width : (row + 1) * width].T @ vector
        else:
            vector = vector / 2
        for frame in range(features.shape[2]):
            for joint in range(features.shape[3]):
                expected[row, frame, joint] = vector @ features[row, :, frame, joint]
    expected = expected / (features.shape[2] * features.shape[3])
    torch.testing.assert_close(found[0].sum(1), expected.sum(1).detach(), rtol=1e-3, atol=1e-5)


def test_grad_cam_by_hand() -> None:
    """The gradient by differences, channel by channel, at the features that the head sees."""
    question = make_question(batch={"clips": 1, "absent": False})
    question = replace(question, model=question.model.double())
    batch = question.batch
    question = replace(question, batch=replace(batch, positions=batch.positions.double()))
    seen = look_at_head(question)
    features, head = seen.given.features, question.model.head

    def answer(changed: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            parts = head(replace(seen.given, features=changed))
        return log_odds(parts["logits"], question.target)[0]

    small = 1e-4
    expected = torch.zeros(2, *features.shape[2:], dtype=torch.float64)
    for row in range(2):
        total = torch.zeros_like(expected[row])
        for channel in range(features.shape[1]):
            up = features.clone()
            up[row, channel] += small
            down = features.clone()
            down[row, channel] -= small
            slope = (answer(up) - answer(down)) / (2 * small)  # summed over all places
            total += slope / total.numel() * features[row, channel]
        expected[row] = total.clamp(min=0)
    found = grad_cam(question, ExplainOptions())[0]
    torch.testing.assert_close(found.sum(1), expected.sum(1), rtol=1e-4, atol=1e-8)
    assert expected.any()


def test_strided_frames_are_shared_by_those_they_stand_for() -> None:
    question = make_question()
    seen = look_at_head(question)
    values = torch.randn(seen.given.features.shape[0], *seen.given.features.shape[2:])
    valid = seen.given.frames
    values = values * valid[..., None]
    spread = over_input_frames(values, seen, question)
    bodies = seen.given.bodies
    for row, (clip, slot) in enumerate(zip(bodies.clip, bodies.slot, strict=True)):
        torch.testing.assert_close(
            spread[clip, slot].sum(0), values[row].sum(0), rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(spread[clip, slot, 0], values[row, 0] / 2)


def test_integrated_gradients_by_a_sum_by_hand() -> None:
    question = make_question()
    options = ExplainOptions(steps=6)
    found = integrated_gradients(question, options)
    batch = question.batch
    links = question.model.find_links(batch.positions, batch.visible, batch.frames)
    start = neutral_batch(batch, layout=question.layout).positions
    total = torch.zeros_like(start)
    for step in range(6):
        point = (start + (step + 0.5) / 6 * (batch.positions - start)).requires_grad_()
        output = question.model(point, batch.visible, batch.frames, links=links)
        answer = log_odds(output.logits, question.target).sum()
        total += torch.autograd.grad(answer, point, retain_graph=True)[0] / 6
    expected = (total * (batch.positions - start)).sum(1).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("layout", ["coco17", "mediapipe_hands"])
def test_integrated_gradients_are_complete(layout: str) -> None:
    question = make_question(layout)
    values, expected = with_completeness(question, ExplainOptions(steps=128))
    assert (expected.abs() > 1e-2).any()
    gap = (values.sum((1, 2, 3)) - expected).abs()
    assert float(gap.max()) <= 0.01 * float(expected.abs().max())


def test_rollout_by_loops() -> None:
    torch.manual_seed(0)
    attention = torch.softmax(torch.randn(2, 3, 4, 5, 5), -1)
    weights = torch.softmax(torch.randn(2, 5), -1)
    for row in range(2):
        product = torch.eye(5)
        for layer in range(3):
            mean = sum(attention[row, layer, head] for head in range(4)) / 4
            product = (0.5 * mean + 0.5 * torch.eye(5)) @ product
        expected = weights[row] @ product
        torch.testing.assert_close(follow_back(weights, attention)[row], expected)


def test_gated_attention_shares_out_both_towers() -> None:
    question = make_question(batch={"absent": False})
    values = gated_attention(question, ExplainOptions())
    torch.testing.assert_close(values.sum((2, 3)), torch.ones(3, 2), rtol=1e-4, atol=1e-4)
    gate = look_at_head(question).parts["gate"]
    joints = tower_attention(question, ExplainOptions()).sum(2)
    expected = gate[:, :1, None] / question.layout.num_joints + gate[:, 1:, None] * joints
    torch.testing.assert_close(values.sum(2)[0], expected[0], rtol=1e-3, atol=1e-4)


def three_players() -> Question:
    """One hand; palm, thumb and all other joints."""
    question = make_question("mediapipe_hands", batch={"clips": 1})
    layout = question.layout
    return replace(question, layout=replace(layout, parts={"palm": (0,), "thumb": (1, 2, 3, 4)}))


def test_shapley_of_three_parts_by_all_orders() -> None:
    question = three_players()
    groups = part_groups(question.batch, question.layout)
    assert groups.exists[:, 0].tolist() == [False] * 3 + [True] * 3
    options = ExplainOptions(samples=200)
    found = shapley_values(question, groups, options)[3:, 0]

    def worth(members: frozenset[int]) -> torch.Tensor:
        removed = torch.zeros_like(question.batch.visible)
        for player in set(range(3)) - members:
            removed |= groups.joints[3 + player][None, None]
        changed = remove_joints(
            question.batch, removed, layout=question.layout, how=options.replacement, hide=True
        )
        with torch.no_grad():
            return score(question, changed)[0]

    exact = torch.zeros(3)
    for order in permutations(range(3)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            exact[player] += (worth(before | {player}) - worth(before)) / factorial(3)
    torch.testing.assert_close(found, exact, rtol=0.1, atol=0.1 * float(exact.abs().max()))


def test_shapley_values_are_efficient() -> None:
    question = make_question()
    values = shapley_parts(question, ExplainOptions(samples=2))
    everything = torch.ones_like(question.batch.visible)
    nothing = remove_joints(question.batch, everything, layout=question.layout, hide=True)
    with torch.no_grad():
        gained = scores_of(question) - score(question, nothing)
    torch.testing.assert_close(values.sum((1, 2)), gained, rtol=1e-3, atol=1e-4)
