from __future__ import annotations

import torch

from skelgraph.graphs import load_layout
from skelgraph.models import MODELS, AsGcn
from skelgraph.models.st_gcn import PAPER
from tests.models.test_as_gcn import count


def test_paper_preset_against_the_release() -> None:
    """3,098,832 parameters as released (3.10 M), at 60 classes, 25 joints and 1 body slot.

    The release's count is the sum of its layers, worked out from their shapes: it has a tenth
    block, of 64 channels, where the paper has nine.
    """
    model = AsGcn(load_layout("kinect_v2"), 60, config=PAPER)
    widths = 3 * 64 + 3 * 128 + 3 * 256
    link_biases, temporal_biases, shortcut_biases = 3 * widths, widths, 128 + 256
    visibility_channel = 3 * 64
    tenth_block = (3 * 64 * 64 + 3 * 64) + (9 * 64 * 64 + 64) + 4 * 64 + 3 * 25 * 25
    biases = link_biases + temporal_biases + shortcut_biases
    assert count(model) == 3_041_725
    assert count(model) + biases - visibility_channel + tenth_block == 3_098_832


def test_it_is_the_paper_s_network() -> None:
    for config in MODELS["st_gcn"].presets.values():
        model = AsGcn(load_layout("kinect_v2"), 60, config=config)
        assert model.aim is None and model.forecaster is None
        assert len(model.backbone.blocks) == 9
        for block in model.backbone.blocks:
            assert block.graph.s_links.shape == (3, 25, 25)
            assert block.graph.free is None
            assert torch.equal(block.graph.s_mask, torch.ones(3, 25, 25))
    assert PAPER.strides == (1, 1, 1, 2, 1, 1, 2, 1, 1) and PAPER.kernel == 9
    assert PAPER.channels == (64,) * 3 + (128,) * 3 + (256,) * 3


def test_small_preset_is_small() -> None:
    model = AsGcn(load_layout("kinect_v2"), 60, config=MODELS["st_gcn"].presets["small"])
    assert count(model) < 300_000
