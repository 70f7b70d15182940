from __future__ import annotations

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.models import MODELS, CtrGcn, CtrGcnConfig
from skelgraph.models.plain import from_plain, to_plain
from skelgraph.transforms.streams import STREAMS
from tests.graphs.made_up import relabelled
from tests.models.clips import damaged_clips, random_clips, tiny_ctr
from tests.models.test_models import made_up


def count(*modules: torch.nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def test_paper_preset_against_the_release() -> None:
    """1,446,672 parameters as released, at 60 classes, 25 joints and 2 bodies (1.46 M at 120).

    The release's count is the sum of its layers, worked out from their shapes.
    """
    model = CtrGcn(load_layout("kinect_v2"), 60, config=MODELS["ctr_gcn"].presets["paper"])
    widths = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
    reduced = (8, 8, 8, 8, 8, 16, 16, 16, 32, 32)
    send_biases = 3 * sum(reduced)
    value_biases = 3 * sum(widths)
    branch_biases = sum(width + 2 * width // 4 for width in widths)  # each mix, two convolutions
    shortcut_biases = (64 + 128 + 256) + (128 + 256)  # after the links; around the block
    second_body_norm = 2 * 3 * 25
    visibility_channel = 3 * 64 + 3 * 2 * 8 + 64  # values, receive and send, shortcut
    biases = send_biases + value_biases + branch_biases + shortcut_biases
    assert count(model) == 1_439_202
    assert count(model) + biases + second_body_norm - visibility_channel == 1_446_672


def test_small_preset_is_small() -> None:
    model = CtrGcn(load_layout("kinect_v2"), 60, config=MODELS["ctr_gcn"].presets["small"])
    assert count(model) < 500_000
    assert len(model.blocks) == 10


@pytest.mark.parametrize("config", MODELS["ctr_gcn"].presets.values())
def test_configuration_to_plain_values_and_back(config: CtrGcnConfig) -> None:
    assert from_plain(CtrGcnConfig, to_plain(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head": "gate"}, "Did you mean 'gated'"),
        ({"num_coords": 4}, "num_coords: expected 2 or 3, got 4"),
        ({"strides": (1, 2)}, "strides: expected one a block, 3 in all, got 2"),
        ({"strides": (1, 0, 2)}, "strides: expected 1 or more"),
        ({"channels": (4, 6, 8)}, "channels: expected a multiple of the 4 branches"),
        ({"channels": (4, 8, 8), "dilations": (1,)}, "multiple of the 3 branches"),
        ({"channels": (4, 0, 8)}, "channels: expected 1 or more"),
        ({"dilations": (0, 1)}, "dilations: expected 1 or more"),
        ({"kernel": 0}, "kernel: expected 1 frame or more"),
        ({"kernel": 4}, "odd number of frames, got 4"),
        ({"reduction": 0}, "reduction: expected 1 channel or more"),
        ({"dropout": 1.0}, "dropout: expected a share"),
        ({"streams": ("joints",)}, "Did you mean 'joint'"),
        ({"num_classes": 0}, "num_classes: expected at least 1"),
    ],
)
def test_bad_options(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny_ctr(made_up(), **change)


def test_bad_input() -> None:
    model = tiny_ctr(made_up())
    with pytest.raises(ConfigError, match="3 coordinates of 5 joints, got 2 of 5"):
        model(*random_clips(made_up(), coords=2))
    with pytest.raises(ConfigError, match="Did you mean 'a_links'"):
        model(*random_clips(made_up()), returns=("a_link",))


@pytest.mark.parametrize("streams", [("joint",), STREAMS])
def test_filled_in_values_of_a_joint_never_seen_reach_nobody_else(streams: tuple) -> None:
    model = tiny_ctr(made_up(), streams=streams).double().eval()
    for block in model.blocks:
        block.graph.alpha.data.fill_(0.5)
    positions, visible, frames = random_clips(made_up())
    visible[:, :, 1] = False
    before = model(positions.double(), visible, frames).logits
    positions[:, :, :, 1] += 1
    torch.testing.assert_close(model(positions.double(), visible, frames).logits, before)


def test_relabelled_joints_keep_the_logits() -> None:
    """Only links, joint embeddings and input statistics belong to joints by their place."""
    order = torch.tensor([3, 1, 4, 0, 2])
    one = tiny_ctr(made_up()).double().eval()
    other = tiny_ctr(relabelled(made_up(), order.numpy())).double().eval()
    state = one.state_dict()
    for name, value in state.items():
        if name.endswith("links"):
            one.state_dict()[name].copy_(torch.rand_like(value))
            state[name] = one.state_dict()[name][:, order][:, :, order]
        elif name.endswith("alpha"):
            value.fill_(0.5)
        elif name.endswith("identity"):
            state[name] = value[order]
        elif name.startswith("input_norm") and value.ndim:
            state[name] = value.view(5, 3)[order].flatten()
    other.load_state_dict(state)
    positions, visible, frames = damaged_clips(made_up())
    positions = positions.double()
    straight = one(positions, visible, frames)
    moved = other(positions[:, :, :, order], visible[:, :, order], frames)
    torch.testing.assert_close(moved.logits, straight.logits)
    torch.testing.assert_close(moved.joint_weights, straight.joint_weights[:, order])
