from __future__ import annotations

import torch

from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.forecast_head import ForecastHead, cut_forecast, forecast_error, last_valid
from skelgraph.nn.st_block import BlockConfig
from tests.graphs.made_up import chain
from tests.nn.checks import draw, randomise


def test_cut_takes_the_last_valid_frames_of_clips_long_enough() -> None:
    positions = torch.arange(8.0).expand(2, 1, 8)[..., None]
    visible = torch.ones(2, 8, 1, dtype=torch.bool)
    frames = torch.arange(8) < torch.tensor([[7], [4]])
    task = cut_forecast(positions, visible, frames, num_frames=2)
    assert task.frames.sum(1).tolist() == [5, 4]
    assert task.target[0, 0, :, 0].tolist() == [5, 6]
    assert task.mask[..., 0].tolist() == [[True, True], [False, False]]
    whole = cut_forecast(positions, visible, None, num_frames=3)
    assert whole.target[1, 0, :, 0].tolist() == [5, 6, 7]


def head() -> ForecastHead:
    config, s_links = BlockConfig(kernel=3), torch.tensor(chain(3).s_links(1))
    return randomise(
        ForecastHead(4, num_coords=2, num_frames=5, s_links=s_links, config=config)
    ).eval()


def test_shape_and_displacement_from_the_last_pose() -> None:
    module, pose = head(), draw(2, 2, 3)
    module.out.weight.data.zero_()
    module.out.bias.data = torch.arange(10.0).double()
    graph = ClipGraph(None, 1, None, None)
    out = module(draw(2, 4, 7, 3), pose, graph=graph, stride=4)
    assert out.shape == (2, 2, 5, 3)
    # Frame f's displacement is (2 f, 2 f + 1): frames first, then coordinates.
    change = torch.stack((torch.arange(0, 10, 2), torch.arange(1, 10, 2)))[None, :, :, None]
    torch.testing.assert_close(out, pose[:, :, None] + change)


def test_padded_frames_change_nothing() -> None:
    module, features, pose = head(), draw(2, 4, 9, 3), draw(2, 2, 3)
    frames = torch.arange(18).expand(2, -1) < 11
    short = module(features[:, :, :6], pose, graph=ClipGraph(None, 1, None, None), stride=2)
    long = module(features, pose, graph=ClipGraph(None, 1, frames, None), stride=2)
    torch.testing.assert_close(long, short)


def test_last_valid_frame() -> None:
    frames = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    assert last_valid(frames, torch.zeros(3, 1, 3, 1)).tolist() == [1, 2, 0]
    assert last_valid(None, torch.zeros(2, 1, 3, 1)).tolist() == [2, 2]


def test_error_is_over_joints_seen() -> None:
    predicted, target = torch.zeros(1, 2, 1, 2), torch.tensor([[[[1.0, 9.0]], [[3.0, 9.0]]]])
    assert forecast_error(predicted, target, torch.tensor([[[True, False]]])).item() == 5
    assert forecast_error(predicted, target, torch.tensor([[[False, False]]])).item() == 0
