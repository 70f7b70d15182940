from __future__ import annotations

import pytest
import torch

from skelgraph.nn.attention import TowerConfig
from skelgraph.nn.bodies import gather_bodies
from skelgraph.nn.gated_head import Gate, GatedHead, HeadInput
from skelgraph.nn.pooled_head import PooledHead
from tests.nn import reference_head
from tests.nn.checks import assert_same_with_gradients, draw, randomise

TINY = TowerConfig(width=4, heads=2, layers=1, hidden=3, dropout=0.0)
WANTED = ("step_attention", "joint_attention", "joint_frame_weights")


def given(
    *, frames: int = 5, padding: int = 0, clips: int = 2, slots: int = 2, gaps: bool = False
) -> HeadInput:
    """Features of clips; one joint of the first body is never seen.

    With gaps, the second body is not seen in frames 1 and 3, and the last body is absent.
    """
    size = frames + padding
    positions = torch.zeros(clips, 3, size, 3, slots)
    visible = torch.ones(clips, size, 3, slots, dtype=torch.bool)
    visible[0, :, 1, 0] = False
    visible[0, 0, 2, 0] = False
    if gaps:
        visible[0, [1, 3], :, 1] = False
        visible[-1, ..., -1] = False
    valid = torch.arange(size).expand(clips, -1) < frames
    bodies = gather_bodies(positions, visible, valid)
    features = draw(len(bodies.clip), 6, frames, 3)
    wild = torch.full((len(bodies.clip), 6, padding, 3), 9.0, dtype=torch.float64)
    return HeadInput(torch.cat((features, wild), 2), bodies.visible, bodies.frames, bodies)


def head(*, slots: int | None = None, causal: bool = False) -> GatedHead:
    return randomise(GatedHead(6, 3, num_classes=4, config=TINY, num_slots=slots, causal=causal))


@pytest.mark.parametrize("slots", [None, 2])
def test_shape(slots: int | None) -> None:
    out = head(slots=slots)(given(), returns=WANTED)
    shapes = {name: tuple(value.shape) for name, value in out.items()}
    assert shapes == {
        "logits": (2, 4),
        "features": (2, 8),
        "gate": (2, 2),
        "joint_weights": (4, 3),
        "step_weights": (4, 5),
        "step_attention": (4, 1, 2, 5, 5),
        "joint_attention": (4, 1, 2, 3, 3),
        "joint_frame_weights": (4, 5, 3),
    }


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("slots", [None, 2])
def test_agrees_with_loops(slots: int | None, whole: bool, padding: int, causal: bool) -> None:
    """Towers, gate and bodies: all seen, or joints and whole frames unseen and a body absent."""
    module, data = head(slots=slots, causal=causal), given(padding=padding, gaps=not whole)
    if whole:
        data.visible[:] = True
    data.features.requires_grad_()

    def fast() -> torch.Tensor:
        out = module(data)
        return torch.cat((out["logits"], out["gate"]), dim=1)

    assert_same_with_gradients(
        fast,
        lambda: torch.cat(reference_head.gated_head(module, data), dim=1),
        [data.features, *module.parameters()],
    )


def test_frames_in_which_no_joint_is_seen_are_no_tokens() -> None:
    module, data = head(), given(gaps=True)
    out = module(data, returns=WANTED)
    assert out["step_weights"][1].eq(0).tolist() == [False, True, False, True, False]
    assert (out["step_attention"][1][..., [1, 3]] == 0).all()
    changed = data.features.clone()
    changed[1, :, [1, 3]] += 1
    again = module(HeadInput(changed, data.visible, data.frames, data.bodies), returns=WANTED)
    torch.testing.assert_close(again["step_weights"], out["step_weights"])


def test_a_body_that_no_strided_frame_shows_keeps_its_valid_frames() -> None:
    """In the causal form frame 5 of 6 stands for none of two strided frames."""
    data = given(frames=2, padding=1)
    data.visible[2] = False
    weights = head()(data, returns=WANTED)["step_weights"]
    assert weights[2].eq(0).tolist() == [False, False, True]


def test_gate_worked_by_hand() -> None:
    gate = Gate(1)
    gate.score.weight.data = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    gate.score.bias.data.zero_()
    out, weights = gate(torch.log(torch.tensor([[3.0]])), torch.zeros(1, 1))
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.25]]))
    torch.testing.assert_close(out, torch.tensor([[0.75 * 1.0986123, 0.0]]))


def test_gradcheck() -> None:
    module, data = head(), given(frames=2)

    def run(features: torch.Tensor) -> torch.Tensor:
        return module(HeadInput(features, data.visible, data.frames, data.bodies))["logits"]

    assert torch.autograd.gradcheck(run, (data.features.requires_grad_(),))


@pytest.mark.parametrize("kind", ["gated", "pooled"])
def test_padded_frames_change_nothing(kind: str) -> None:
    pooled = randomise(PooledHead(6, num_classes=4, num_slots=None))
    module = head() if kind == "gated" else pooled
    short, long = module(given(), returns=WANTED), module(given(padding=3), returns=WANTED)
    torch.testing.assert_close(long["logits"], short["logits"])
    if kind == "gated":
        for name in ("step_weights", "joint_frame_weights"):
            torch.testing.assert_close(long[name][:, :5], short[name])
            assert (long[name][:, 5:] == 0).all()


def test_padding_that_shows_joints_is_no_token() -> None:
    """In the causal form a strided frame of padding stands for valid frames before it."""
    module, short, long = head(causal=True), given(), given(padding=1)
    short.visible[:], long.visible[:] = True, True
    assert short.complete and not long.complete
    one, other = module(short, returns=WANTED), module(long, returns=WANTED)
    torch.testing.assert_close(other["logits"], one["logits"])
    assert (other["step_weights"][:, 5:] == 0).all()


def test_weights_are_probabilities_over_what_was_seen() -> None:
    out = head()(given(padding=2), returns=WANTED)
    ones = torch.ones(4, dtype=torch.float64)
    for name in ("joint_weights", "step_weights", "joint_frame_weights"):
        torch.testing.assert_close(out[name].flatten(1).sum(1), ones)
        assert (out[name] >= 0).all()
    assert out["joint_weights"][0, 1] == 0
    torch.testing.assert_close(out["gate"].sum(1), ones[:2])
    torch.testing.assert_close(out["joint_frame_weights"].sum(1), out["joint_weights"])


def test_a_frame_s_share_is_its_part_of_the_token() -> None:
    """One joint moves the token in frame 1 only: its weight lies there."""
    module, data = head(), given(clips=1, slots=1, frames=3)
    data.features.data.zero_()
    data.features.data[0, :, 1, 0] = draw(6)
    module.joint_tower.embed.bias.data.zero_()
    weights = module(data, returns=WANTED)["joint_frame_weights"][0, :, 0]
    assert weights[1] > 0
    assert weights[0] == weights[2] == 0


def test_a_joint_not_seen_changes_nothing() -> None:
    for module in (head(), randomise(PooledHead(6, num_classes=4, num_slots=None))):
        data = given()
        before = module(data)["logits"]
        data.features[0, :, :, 1] += 1
        torch.testing.assert_close(module(data)["logits"], before)


def test_pooled_head_is_a_mean() -> None:
    module, data = PooledHead(6, num_classes=4, num_slots=None).double(), given()
    data.visible[:] = True
    expected = data.features.mean((2, 3)).view(2, 2, 6).mean(1)
    out = module(data)
    torch.testing.assert_close(out["features"], expected)
    torch.testing.assert_close(out["logits"], module.classifier(expected))
