from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.errors import ConfigError, LayoutError
from skelgraph.graphs import Layout, load_layout
from skelgraph.models import MODELS, AsGcn, AsGcnConfig
from skelgraph.models.plain import from_plain, to_plain
from skelgraph.nn.bodies import gather_bodies
from skelgraph.nn.forecast_head import cut_forecast
from skelgraph.transforms.streams import STREAMS
from tests.graphs.made_up import random_layouts, relabelled
from tests.models.clips import damaged_clips, random_clips, tiny
from tests.models.test_models import made_up


def count(*modules: torch.nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def test_small_preset_is_small() -> None:
    model = AsGcn(load_layout("kinect_v2"), 60, config=MODELS["as_gcn"].presets["small"])
    assert count(model) < 500_000
    assert len(model.backbone.blocks) == 9


@pytest.mark.parametrize(
    "config", [*MODELS["as_gcn"].presets.values(), AsGcnConfig(streams=("bone",))]
)
def test_configuration_to_plain_values_and_back(config: AsGcnConfig) -> None:
    plain = to_plain(config)
    assert isinstance(plain["aim"], dict)
    assert isinstance(plain["channels"], list)
    assert from_plain(AsGcnConfig, plain) == config


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'head'"):
        from_plain(AsGcnConfig, {"heed": "gated"})
    with pytest.raises(ConfigError, match="Did you mean 'width'"):
        from_plain(AsGcnConfig, {"aim": {"widht": 3}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head": "gate"}, "Did you mean 'gated'"),
        ({"num_coords": 4}, "num_coords: expected 2 or 3, got 4"),
        ({"strides": (1, 2)}, "strides: expected one a block, 3 in all, got 2"),
        ({"channels": (), "strides": ()}, "one a block, 0 in all"),
        ({"channels": (4, 0, 6)}, "channels: expected 1 or more"),
        ({"strides": (1, 0, 2)}, "strides: expected 1 or more"),
        ({"kernel": 0}, "kernel: expected 1 frame or more"),
        ({"dropout": 1.0}, "dropout: expected a share"),
        ({"s_order": -1}, "s_order: expected 0 or more"),
        ({"forecast": -1}, "forecast: expected 0 or more"),
        ({"streams": ("joints",)}, "Did you mean 'joint'"),
        ({"num_classes": 0}, "num_classes: expected at least 1"),
    ],
)
def test_bad_options(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny(made_up(), **change)


def test_bad_input() -> None:
    model = tiny(made_up())
    with pytest.raises(ConfigError, match="3 coordinates of 5 joints, got 2 of 5"):
        model(*random_clips(made_up(), coords=2))
    with pytest.raises(ConfigError, match="Did you mean 'a_links'"):
        model(*random_clips(made_up()), returns=("a_link",))
    hands = tiny(made_up(hands=True))
    with pytest.raises(LayoutError, match="body slots: expected at most 2"):
        hands(*random_clips(made_up(), bodies=3))


@pytest.mark.parametrize("coords", [2, 3])
@pytest.mark.parametrize("streams", [("joint",), ("bone", "joint_motion", "bone_motion")])
def test_coordinates_and_streams(coords: int, streams: tuple[str, ...]) -> None:
    model = tiny(made_up(), num_coords=coords, streams=streams)
    out = model(*damaged_clips(made_up(), coords=coords), returns=("losses",))
    assert out.logits.shape == (3, 3)
    assert out.losses.keys() == {"aim_nll", "aim_kl"}


@pytest.mark.parametrize("change", [{"s_order": 0}, {"s_form": "hops"}])
def test_forms_of_the_s_links(change: dict) -> None:
    model = tiny(made_up(), **change)
    assert model(*damaged_clips(made_up())).logits.isfinite().all()
    links = model.backbone.blocks[0].graph.s_links
    assert len(links) == (1 if change.get("s_order") == 0 else 3)


@pytest.mark.parametrize("streams", [("joint",), STREAMS])
def test_filled_in_values_of_a_joint_never_seen_reach_nobody_else(streams: tuple) -> None:
    """Its own features differ; they are sent nowhere and pooled nowhere."""
    model = tiny(made_up(), streams=streams).double().eval()
    positions, visible, frames = random_clips(made_up())
    visible[:, :, 1] = False  # a joint with a child, whose bone has no end then
    before = model(positions.double(), visible, frames).logits
    positions[:, :, :, 1] += 1
    torch.testing.assert_close(model(positions.double(), visible, frames).logits, before)


@pytest.mark.parametrize("cut", [5, 8])
def test_causal_features_ignore_later_frames(cut: int) -> None:
    model = tiny(made_up(), causal=True, streams=("joint", "joint_motion")).eval()
    positions, visible, frames = random_clips(made_up(), frames=13)
    visible[:, :3, 2] = False
    changed, hidden = positions.clone(), visible.clone()
    changed[:, :, cut:] += 1
    hidden[:, cut:, 1] = False
    kept = -(-cut // 4)  # strided frames that end before the cut
    outs = []
    for values, shown in ((positions, visible), (changed, hidden)):
        bodies = gather_bodies(values, shown, frames)
        graph = model._graph(bodies, model.infer_links(bodies))
        features, stride = model.backbone(model._embed(bodies), graph)
        assert stride == 4
        tower = model.head.step_tower
        tokens = tower.encoder(tower.embed(features.mean(3).transpose(1, 2)))[0]
        outs.append((features, tokens))
    (one, one_tokens), (other, other_tokens) = outs
    torch.testing.assert_close(one[:, :, :kept], other[:, :, :kept], rtol=0, atol=0)
    torch.testing.assert_close(one_tokens[:, :kept], other_tokens[:, :kept])
    assert not torch.allclose(one[:, :, kept:], other[:, :, kept:])


@pytest.mark.parametrize("causal", [False, True])
def test_joint_frame_weights_lie_on_valid_frames(causal: bool) -> None:
    clips = damaged_clips(made_up())
    out = tiny(made_up(), causal=causal).eval()(*clips, returns=("joint_frame_weights",))
    assert (out.joint_frame_weights[~clips[2]] == 0).all()
    torch.testing.assert_close(out.joint_frame_weights.sum((1, 2)), torch.ones(3))
    assert out.body_joint_frame_weights[0, 1].sum() == 0
    torch.testing.assert_close(out.joint_weights.sum(1), torch.ones(3))


def test_a_links_are_probabilities_from_joint_to_joint() -> None:
    out = tiny(made_up()).eval()(*damaged_clips(made_up()), returns=("a_links",))
    present = out.a_links[1]
    torch.testing.assert_close(present.sum(1), torch.ones(2, 5, 5))
    assert (present[:, 0].diagonal(dim1=1, dim2=2) == 1).all()
    assert (out.a_links[0, 1] == 0).all()


def test_warm_up_trains_the_a_links_alone() -> None:
    model = tiny(made_up())
    sum(model.warm_up_losses(*damaged_clips(made_up())).values()).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == name.startswith("aim."), name
    assert tiny(made_up(), a_links=False).warm_up_losses(*damaged_clips(made_up())) == {}


def test_classification_trains_the_encoder_through_the_links() -> None:
    model = tiny(made_up())
    model(*damaged_clips(made_up())).logits.sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in model.aim.encoder.parameters())
    assert all(p.grad is None for p in model.aim.decoder.parameters())


def test_forecast_starts_at_the_last_pose_and_its_loss_hides_the_target() -> None:
    model = tiny(made_up(), forecast=2).eval()
    positions, visible, frames = random_clips(made_up(), bodies=1)
    with torch.no_grad():
        model.forecaster.out.weight.zero_()
        model.forecaster.carry.zero_()
    out = model(positions, visible, frames, returns=("forecast",))
    torch.testing.assert_close(out.forecast[:, :, 0], positions[:, :, -1])
    held = (positions[:, :, -2:] - positions[:, :, -3:-2]).norm(dim=1).mean()
    out = model(positions, visible, frames, returns=("losses",))
    torch.testing.assert_close(out.losses["forecast"], held)
    changed = positions.clone()
    changed[:, :, -2:] += 1
    again = model(changed, visible, frames, returns=("losses",))
    torch.testing.assert_close(again.logits, out.logits)


@pytest.mark.parametrize("causal", [False, True])
def test_hidden_frames_reach_neither_the_forecast_nor_the_logits(causal: bool) -> None:
    """Bit for bit, also through what was filled or centred with their help."""
    model = tiny(made_up(), forecast=2, causal=causal).eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    positions, visible, frames = damaged_clips(made_up(), frames=12)
    visible[1, 6:10, 0] = False  # the centre joint, up to the frames that are hidden
    visible[2, :5, 3] = False  # seen for the first time among them
    hidden = frames & ~cut_forecast(positions, visible, frames, num_frames=2).frames
    assert hidden.sum(1).tolist() == [2, 2, 2]
    unknown = hidden[:, None, :, None, None] | ~visible[:, None]
    changed, seen = torch.where(unknown, positions + 3, positions), visible.clone()
    seen[hidden] = ~seen[hidden]
    one = model(positions, visible, frames, returns=("losses", "a_links"))
    other = model(changed, seen, frames, returns=("losses", "a_links"))
    for name in ("logits", "forecast", "a_links"):
        assert torch.equal(getattr(other, name), getattr(one, name)), name
    assert other.losses["forecast"] != one.losses["forecast"]


@pytest.mark.parametrize("causal", [False, True])
def test_a_batch_without_a_valid_frame_has_losses(causal: bool) -> None:
    model = tiny(made_up(), forecast=2, causal=causal)
    positions, visible, frames = random_clips(made_up())
    nothing = (torch.zeros_like(values) for values in (visible, frames))
    losses = model(positions, *nothing, returns=("losses",)).losses
    assert losses["forecast"] == 0
    assert all(loss.isfinite() for loss in losses.values())


def test_a_model_with_a_prediction_head_ignores_where_the_clip_is() -> None:
    model = tiny(made_up(), forecast=2).double().eval()
    positions, visible, frames = damaged_clips(made_up())
    one = model(positions.double(), visible, frames, returns=("forecast",))
    other = model(positions.double() + 5, visible, frames, returns=("forecast",))
    torch.testing.assert_close(other.logits, one.logits)
    present = visible.any(2).any(1)[:, None, None, None].expand_as(one.forecast)
    torch.testing.assert_close(other.forecast[present], one.forecast[present] + 5)


@given(random_layouts(max_joints=8), st.integers(1, 7))
@settings(max_examples=10)
def test_random_trees_learn(layout: Layout, frames: int) -> None:
    model = tiny(layout)
    out = model(*damaged_clips(layout, frames=frames), returns=("losses",))
    (out.logits.sum() + sum(out.losses.values())).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_relabelled_joints_keep_the_logits() -> None:
    """Only masks, joint embeddings and input statistics belong to joints by their place."""
    order = torch.tensor([3, 1, 4, 0, 2])
    one = tiny(made_up()).double().eval()
    other = tiny(relabelled(made_up(), order.numpy())).double().eval()
    state = one.state_dict()
    for name, value in state.items():
        if name.endswith("s_mask"):
            state[name] = torch.rand_like(value)
            one.state_dict()[name].copy_(state[name])
            state[name] = state[name][:, order][:, :, order]
        elif name.endswith("identity"):
            state[name] = value[order]
        elif name.startswith("input_norm") and value.ndim:
            state[name] = value.view(5, 3)[order].flatten()
    other.load_state_dict(state)
    positions, visible, frames = damaged_clips(made_up())
    positions = positions.double()
    straight = one(positions, visible, frames, returns=("a_links",))
    moved = other(positions[:, :, :, order], visible[:, :, order], frames, returns=("a_links",))
    torch.testing.assert_close(moved.logits, straight.logits)
    torch.testing.assert_close(moved.joint_weights, straight.joint_weights[:, order])
    torch.testing.assert_close(moved.a_links, straight.a_links[..., order, :][..., order])
