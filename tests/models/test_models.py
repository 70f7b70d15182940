"""What every model owes, driven by one table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.models import MODELS, Gtn
from skelgraph.models.recognising import RETURNS
from skelgraph.transforms.streams import STREAMS
from tests.graphs.made_up import description
from tests.models.clips import damaged_clips, random_clips, tiny, tiny_ctr
from tests.models.gtn_forms import tiny_gtn

Make = Callable[..., nn.Module]

# A tiny form of every model, by its name in MODELS and what sets the form apart.
FORMS: dict[tuple[str, str], Make] = {
    ("as_gcn", "gated"): tiny,
    ("as_gcn", "pooled"): lambda layout, **given: tiny(layout, head="pooled", **given),
    ("as_gcn", "causal"): lambda layout, **given: tiny(layout, causal=True, **given),
    ("as_gcn", "no A-links"): lambda layout, **given: tiny(layout, a_links=False, **given),
    ("as_gcn", "plain"): lambda layout, **given: tiny(
        layout, **{"separable": False, "s_order": 2, "forecast": 2, **given}
    ),
    ("st_gcn", "pooled"): lambda layout, **given: tiny(
        layout, a_links=False, head="pooled", streams=STREAMS, **given
    ),
    ("ctr_gcn", "gated"): tiny_ctr,
    ("ctr_gcn", "pooled"): lambda layout, **given: tiny_ctr(
        layout, head="pooled", streams=STREAMS, **given
    ),
    ("gtn", "pooled"): tiny_gtn,
    ("gtn", "flattened"): lambda layout, **given: tiny_gtn(layout, flatten=True, **given),
    ("gtn", "post-norm"): lambda layout, **given: tiny_gtn(layout, norm_first=False, **given),
    ("conv_gtn", "pooled"): lambda layout, **given: tiny_gtn(layout, kernel=5, **given),
}
FORM = pytest.mark.parametrize("make", FORMS.values(), ids=["-".join(key) for key in FORMS])


def made_up(*, hands: bool = False) -> Layout:
    """Five joints in a fork."""
    plan = description([-1, 0, 0, 1, 2], centre=[0])
    if hands:
        plan["instances"] = "hands"
    return Layout.from_dict(plan)


def test_no_model_is_missing_from_the_table() -> None:
    assert {name for name, _ in FORMS} == set(MODELS)


@pytest.mark.parametrize("name", available_layouts())
def test_forward_on_every_shipped_layout(name: str) -> None:
    layout = load_layout(name)
    for make in FORMS.values():
        out = make(layout).eval()(*damaged_clips(layout, clips=2, frames=6))
        assert out.logits.shape == (2, 3)
        assert out.logits.isfinite().all()


@FORM
@pytest.mark.parametrize("hands", [False, True])
def test_shapes_on_a_made_up_layout(make: Make, hands: bool) -> None:
    model = make(made_up(hands=hands))
    clips = damaged_clips(made_up())
    out = model(*clips, returns=[name for name in RETURNS if name != "losses"])
    shapes = {
        "logits": (3, 3),
        "gate": (3, 2),
        "joint_weights": (3, 5),
        "body_joint_weights": (3, 2, 5),
        "step_weights": (3, 3),
        "a_links": (3, 2, 3, 5, 5),
        "step_attention": (3, 1, 2, 3, 3),
        "joint_attention": (3, 1, 2, 5, 5),
        "joint_frame_weights": (3, 9, 5),
        "body_joint_frame_weights": (3, 2, 9, 5),
        "forecast": (3, 3, 2, 5, 2),
    }
    if isinstance(model, Gtn) and out.step_weights is not None:
        shapes |= {"step_weights": (3, 9), "step_attention": (3, 1, 2, 9, 9)}  # no stride
    for name, shape in shapes.items():
        value = getattr(out, name)
        assert value is None or value.shape == shape, name
        assert value is None or value.isfinite().all(), name
    losses = model(*clips, returns=("losses",)).losses
    assert all(term.isfinite() for term in losses.values())


@FORM
@pytest.mark.parametrize("hands", [False, True])
def test_finite_gradient_on_every_parameter(make: Make, hands: bool) -> None:
    model = make(made_up(hands=hands))
    with torch.no_grad():  # what starts as zero passes no gradient on before it has moved
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    out = model(*damaged_clips(made_up(), frames=12), returns=("losses",))
    loss = functional.cross_entropy(out.logits, torch.arange(3)) + sum(out.losses.values())
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@FORM
def test_save_and_load_give_the_same(make: Make, tmp_path: Path) -> None:
    layout = made_up()
    model, clips = make(layout), damaged_clips(layout)
    model(*clips)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    torch.manual_seed(1)
    other = make(layout)
    nn.init.constant_(next(other.parameters()), 7)
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert torch.equal(model.eval()(*clips).logits, other.eval()(*clips).logits)


@FORM
def test_overfits_eight_clips(make: Make) -> None:
    layout = made_up()
    model, clips = make(layout, num_classes=4), random_clips(layout, clips=8, bodies=1)
    label = torch.arange(8) % 4
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        functional.cross_entropy(model(*clips).logits, label).backward()
        optimiser.step()
    assert (model(*clips).logits.argmax(1) == label).all()


@FORM
@pytest.mark.parametrize(("frames", "bodies"), [(1, 1), (1, 2), (9, 5), (2000, 1)])
def test_any_length_and_any_number_of_bodies(make: Make, frames: int, bodies: int) -> None:
    layout = made_up()
    clips = random_clips(layout, clips=1, frames=frames, bodies=bodies)
    model = make(layout)
    for training in (True, False):
        out = model.train(training)(*clips, returns=("losses",))
        assert out.logits.isfinite().all()
        assert all(term.isfinite() for term in out.losses.values())


@FORM
def test_a_clip_without_any_joint_is_allowed(make: Make) -> None:
    positions, visible, frames = random_clips(made_up(), clips=2)
    model = make(made_up())
    visible[0] = False
    assert model(positions, visible, frames, returns=RETURNS).logits.isfinite().all()
    nothing = torch.zeros_like(visible)
    assert model(positions, nothing, frames, returns=RETURNS).logits.isfinite().all()


@FORM
def test_half_precision_is_close(make: Make) -> None:
    model, clips = make(made_up()).eval(), damaged_clips(made_up())
    whole = model(*clips, returns=RETURNS).logits
    with torch.autocast("cpu", torch.bfloat16):
        half = model(*clips, returns=RETURNS)
    torch.testing.assert_close(half.logits.float(), whole, rtol=0.1, atol=0.1)
    assert all(term.isfinite() for term in half.losses.values())


def double(model: nn.Module, clips: tuple[Tensor, ...]) -> tuple[nn.Module, tuple[Tensor, ...]]:
    positions, visible, frames = clips
    return model.double().eval(), (positions.double(), visible, frames)


def same(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@FORM
def test_padding_changes_nothing(make: Make) -> None:
    model, (positions, visible, frames) = double(make(made_up()), damaged_clips(made_up()))
    more = torch.full((3, 3, 4, 5, 2), 50.0, dtype=torch.float64)
    padded = (
        torch.cat((positions, more), 2),
        torch.cat((visible, torch.ones(3, 4, 5, 2, dtype=torch.bool)), 1),
        torch.cat((frames, torch.zeros(3, 4, dtype=torch.bool)), 1),
    )
    short = model(positions, visible, frames, returns=("a_links",))
    long = model(*padded, returns=("a_links",))
    same(long.logits, short.logits)
    if short.a_links is not None and not model.config.causal:
        same(long.a_links, short.a_links)


@FORM
def test_absent_bodies_change_nothing(make: Make) -> None:
    model, (positions, visible, frames) = double(make(made_up()), damaged_clips(made_up()))
    more = torch.full((3, 3, 9, 5, 3), 50.0, dtype=torch.float64)
    unseen = torch.zeros(3, 9, 5, 3, dtype=torch.bool)
    wide = model(torch.cat((positions, more), 4), torch.cat((visible, unseen), 3), frames)
    same(wide.logits, model(positions, visible, frames).logits)


@FORM
def test_swapped_people_keep_the_logits_and_swapped_hands_do_not(make: Make) -> None:
    for hands in (False, True):
        model, (positions, visible, frames) = double(
            make(made_up(hands=hands)), damaged_clips(made_up())
        )
        straight = model(positions, visible, frames).logits
        crossed = model(positions.flip(-1), visible.flip(-1), frames).logits
        assert torch.allclose(straight, crossed, rtol=1e-9, atol=1e-9) != hands


@FORM
def test_rows_of_a_batch_are_independent_and_repeatable(make: Make) -> None:
    model, clips = double(make(made_up()), damaged_clips(made_up()))
    together = model(*clips).logits
    assert torch.equal(together, model(*clips).logits)
    for row in range(3):
        same(model(*(part[row : row + 1] for part in clips)).logits[0], together[row])


@FORM
def test_input_is_left_unchanged(make: Make) -> None:
    clips = damaged_clips(made_up(), frames=12)
    copies = [part.clone() for part in clips]
    make(made_up())(*clips, returns=RETURNS)
    for part, copy in zip(clips, copies, strict=True):
        assert torch.equal(part, copy)


@FORM
def test_same_seed_same_training_step(make: Make) -> None:
    outs = []
    for _ in range(2):
        model = make(made_up(), dropout=0.5)
        torch.manual_seed(3)
        out = model(*damaged_clips(made_up()), returns=("losses",))
        outs.append((out.logits, *out.losses.values()))
    assert all(torch.equal(a, b) for a, b in zip(*outs, strict=True))
