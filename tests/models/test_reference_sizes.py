"""Our parameter counts, and each difference that leads from them to those of the release.

The release at 60 classes, 25 joints, 3 coordinates: A-link module 417,798 (encoder 185,475,
decoder 232,323), network 6,987,478, of which the prediction head has 2,190,211.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.graphs import load_layout
from skelgraph.models import MODELS, AsGcn
from skelgraph.nn.forecast_head import HALVINGS, RECENT
from skelgraph.nn.st_block import StBlock

PAPER, SMALL = (MODELS["as_gcn"].presets[name] for name in ("paper", "small"))
JOINTS, CLASSES, COORDS, FORECAST = 25, 60, 3, 10
S_LINKS, A_LINKS = 9, 2
MASKS = S_LINKS * JOINTS**2  # of one layer

# The release's prediction head: channels in and out, frames of the kernel, whether the input is
# mixed and added. The last one sees the last pose beside the features and gives ten frames.
RELEASE_HEAD = (
    (256, 128, 9, True),
    (128, 128, 9, True),
    (128, 128, 9, True),
    (128, 128, 9, True),
    (128, 128, 3, True),
    (128, 128, 5, False),
    (128 + COORDS, FORECAST * COORDS, 1, False),
)
RELEASE_HEAD_MASKS = 9  # seven layers use one each


def count(*modules: torch.nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def block_size(inputs: int, outputs: int, kernel: int, *, shortcut: bool) -> int:
    """Weights of a block without masks and without what batch normalisation makes useless."""
    norm, links = 2 * outputs, S_LINKS + A_LINKS
    size = links * inputs * outputs + norm + kernel * outputs**2 + norm
    return size + (inputs * outputs + norm if shortcut else 0)


def bias_size(outputs: int, *, shortcut: bool) -> int:
    """Biases before batch norms: of every link's mix, the temporal convolution, the shortcut."""
    return (S_LINKS + A_LINKS + 1 + shortcut) * outputs


def release_head_size() -> int:
    """Parameters of the release's prediction head, from its plan."""
    layers = [
        block_size(i, o, k, shortcut=s) + bias_size(o, shortcut=s) for i, o, k, s in RELEASE_HEAD
    ]
    return sum(layers) + RELEASE_HEAD_MASKS * MASKS


@pytest.fixture(scope="module")
def model() -> AsGcn:
    config = replace(PAPER, head="pooled", forecast=FORECAST)
    return AsGcn(load_layout("kinect_v2"), CLASSES, config=config)


def test_aim(model: AsGcn) -> None:
    """A network for the ghost, of a message's size, is all that the release's decoder adds."""
    assert model.aim is not None
    encoder, decoder, messages = model.aim.encoder, model.aim.decoder, model.aim.decoder.messages
    assert count(encoder) == 185_475
    assert count(decoder) == 182_915
    ghost_network = count(messages) // A_LINKS
    assert count(decoder) + ghost_network == 232_323
    assert count(encoder, decoder) + ghost_network == 417_798


def test_every_block(model: AsGcn) -> None:
    """The formula of a block's size, on which the accounts below rest, holds for each of ours."""
    widths = (COORDS + 1, *PAPER.channels)
    for number, block in enumerate(model.backbone.blocks):
        shortcut = number in (3, 6)
        expected = block_size(*widths[number : number + 2], PAPER.kernel, shortcut=shortcut)
        assert isinstance(block, StBlock)
        assert count(block) == expected + MASKS


def test_network_without_prediction(model: AsGcn) -> None:
    ours = count(model.input_norm, model.backbone, model.head)
    assert ours == 4_781_459
    biases = sum(
        bias_size(width, shortcut=number in (3, 6)) for number, width in enumerate(PAPER.channels)
    )
    visibility_channel = (S_LINKS + A_LINKS) * PAPER.channels[0]
    assert (biases, visibility_channel) == (16_512, 704)
    assert ours + biases - visibility_channel == 4_797_267


def test_prediction_head(model: AsGcn) -> None:
    """Two blocks of 256 that fit any length stand for the release's six of 128 for 300 frames."""
    forecaster, width = model.forecaster, PAPER.channels[-1]
    assert forecaster is not None
    assert count(forecaster) == 3_405_129
    shrink = HALVINGS * (block_size(width, width, PAPER.kernel, shortcut=True) + MASKS)
    mix = S_LINKS * (width + COORDS) * width + MASKS
    out = width * FORECAST * COORDS + FORECAST * COORDS
    # Ours besides: the joints' latest velocities, how they carry on, and two norms.
    velocities = S_LINKS * COORDS * RECENT * width + FORECAST * RECENT
    norms = 2 * COORDS * RECENT + 2 * width
    assert count(forecaster) == shrink + mix + out + velocities + norms
    assert release_head_size() == 2_190_211


def test_whole_network_of_the_release(model: AsGcn) -> None:
    ours = count(model) - count(model.aim)
    assert ours == 4_781_459 + 3_405_129
    biases_less_visibility = 16_512 - 704
    other_prediction_head = release_head_size() - count(model.forecaster)
    assert ours + biases_less_visibility + other_prediction_head == 6_987_478


@pytest.mark.parametrize(("preset", "parameters"), [("paper", 7_414_171), ("small", 336_924)])
def test_presets(preset: str, parameters: int) -> None:
    """With the gated head, as `skelgraph train` builds them for Kinect v2."""
    config = MODELS["as_gcn"].presets[preset]
    assert count(AsGcn(load_layout("kinect_v2"), CLASSES, config=config)) == parameters
