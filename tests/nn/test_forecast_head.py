from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.forecast_head import (
    FADING,
    ForecastHead,
    cut_forecast,
    forecast_error,
    last_valid,
    recent_velocity,
)
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
    whole = cut_forecast(positions, visible, torch.ones_like(frames), num_frames=3)
    assert whole.target[1, 0, :, 0].tolist() == [5, 6, 7]


def head() -> ForecastHead:
    config, s_links = BlockConfig(kernel=3), torch.tensor(chain(3).s_links(1))
    return randomise(
        ForecastHead(4, num_coords=2, num_frames=5, s_links=s_links, config=config)
    ).eval()


def still(pose: Tensor, frames: int) -> Tensor:
    return pose[:, :, None].expand(-1, -1, frames, -1)


def test_shape_and_displacement_from_a_pose_that_rests() -> None:
    module, pose = head(), draw(2, 2, 3)
    module.out.weight.data.zero_()
    module.out.bias.data = torch.arange(10.0).double()
    graph = ClipGraph(None, 1, None, None)
    out = module(draw(2, 4, 7, 3), still(pose, 28), graph=graph, stride=4)
    assert out.shape == (2, 2, 5, 3)
    # Frame f's displacement is (2 f, 2 f + 1): frames first, then coordinates.
    change = torch.stack((torch.arange(0, 10, 2), torch.arange(1, 10, 2)))[None, :, :, None]
    torch.testing.assert_close(out, pose[:, :, None] + change)


def test_a_perfect_forecast_has_a_finite_gradient() -> None:
    predicted = torch.zeros(1, 2, 1, 2, requires_grad=True)
    mask = torch.ones(1, 1, 2, dtype=torch.bool)
    forecast_error(predicted, torch.zeros(1, 2, 1, 2), mask).backward()
    assert predicted.grad is not None and predicted.grad.abs().sum() == 0


def test_untrained_the_last_velocity_dies_away() -> None:
    module = ForecastHead(
        4, num_coords=2, num_frames=5, s_links=torch.tensor(chain(3).s_links(1)),
        config=BlockConfig(kernel=3),
    ).eval()  # fmt: skip
    positions, graph = torch.randn(2, 2, 14, 3), ClipGraph(None, 1, None, None)
    out = module(torch.randn(2, 4, 7, 3), positions, graph=graph, stride=2)
    velocity = (positions[:, :, -1] - positions[:, :, -2])[:, :, None]
    way = FADING * (1 - torch.exp(-torch.arange(1.0, 6) / FADING))[:, None]
    torch.testing.assert_close(out, positions[:, :, -1:] + velocity * way)


def test_full_shares_of_the_last_velocity_are_constant_velocity() -> None:
    module = head()
    for parameter in (module.out.weight, module.out.bias, module.carry):
        parameter.data.zero_()
    module.carry.data[:, 0] = 1
    line = torch.arange(12.0).double() ** 2  # the last way is 11^2 - 10^2
    positions = line[None, None, :, None].expand(1, 2, 12, 3)
    out = module(draw(1, 4, 6, 3), positions, graph=ClipGraph(None, 1, None, None), stride=2)
    assert out[0, 0, :, 0].tolist() == [121 + 21 * step for step in range(1, 6)]


def test_velocities_reach_back_to_the_first_frame_at_most() -> None:
    positions = torch.tensor([0.0, 1, 4, 9, 16, 25])[None, None, :, None].repeat(2, 1, 1, 1)
    speed = recent_velocity(positions, torch.tensor([5, 2]))
    assert speed[0, 0, :, 0].tolist() == [9, 8, 7, 6]
    assert speed[1, 0, :, 0].tolist() == [3, 2, 2, 2]


def test_padded_frames_change_nothing() -> None:
    module, features, pose = head(), draw(2, 4, 9, 3), draw(2, 2, 18, 3)
    frames = torch.arange(18).expand(2, -1) < 11
    graph = ClipGraph(None, 1, None, None)
    short = module(features[:, :, :6], pose[:, :, :11], graph=graph, stride=2)
    long = module(features, pose, graph=ClipGraph(None, 1, frames, None), stride=2)
    torch.testing.assert_close(long, short)


@pytest.mark.parametrize("each_frame", [False, True])
def test_joints_never_seen_send_nothing(each_frame: bool) -> None:
    module, features, pose = head(), draw(1, 4, 6, 3), draw(1, 2, 12, 3)
    senders = torch.tensor([[[True, False, True]]]).expand(-1, 12 if each_frame else 1, -1)
    graph = ClipGraph(None, 1, None, senders)
    out = module(features, pose, graph=graph, stride=2)
    features[:, :, :, 1] += 1
    pose[:, :, :, 1] += 1
    again = module(features, pose, graph=graph, stride=2)
    assert torch.equal(again[..., [0, 2]], out[..., [0, 2]])
    everyone = module(features, pose, graph=ClipGraph(None, 1, None, None), stride=2)
    assert not torch.equal(everyone[..., [0, 2]], out[..., [0, 2]])


def test_last_valid_frame() -> None:
    frames = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    assert last_valid(frames, torch.zeros(3, 1, 3, 1)).tolist() == [1, 2, 0]
    assert last_valid(None, torch.zeros(2, 1, 3, 1)).tolist() == [2, 2]


def test_error_is_over_joints_seen() -> None:
    predicted, target = torch.zeros(1, 2, 1, 2), torch.tensor([[[[3.0, 9.0]], [[4.0, 9.0]]]])
    one = forecast_error(predicted, target, torch.tensor([[[True, False]]]))
    assert one.item() == pytest.approx(5)
    assert forecast_error(predicted, target, torch.tensor([[[False, False]]])).item() == 0
