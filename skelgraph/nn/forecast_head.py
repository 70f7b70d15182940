"""The prediction head: the next poses from the backbone's features and the last pose."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.backbone import Backbone
from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.graph_conv import ActStructConv
from skelgraph.nn.processes import mean_count
from skelgraph.nn.st_block import BlockConfig

HALVINGS = 2


class ForecastHead(nn.Module):
    """Predict how the joints move in the frames after the last valid one.

    Two blocks of stride 2 gather time; their last valid step is put beside the last observed
    pose, and two graph convolutions give displacements from that pose.

    Args:
        channels: Features of the backbone.
        num_coords: Coordinates of a joint.
        num_frames: Frames to predict.
        s_links: Fixed links, shape (K, V, V).
        config: What blocks share.

    Source:
        Li et al. 2019, section 3.5, arXiv:1904.12659. The paper's blocks shrink one fixed
        length to one step; taking the last valid step fits any length. The release orders the
        displacements frame by frame and reads them coordinate by coordinate; here the axes
        are named by their place, (frames, coordinates).
    """

    def __init__(
        self,
        channels: int,
        *,
        num_coords: int,
        num_frames: int,
        s_links: Tensor,
        config: BlockConfig,
    ) -> None:
        super().__init__()
        self.num_frames = num_frames
        self.shrink = Backbone(
            channels,
            (channels,) * HALVINGS,
            (2,) * HALVINGS,
            s_links=s_links,
            config=config,
            first_residual=True,
        )
        self.mix = ActStructConv(channels + num_coords, channels, s_links=s_links)
        self.out = ChannelMix(channels, num_frames * num_coords, bias=True)

    def forward(
        self, features: Tensor, last_pose: Tensor, *, graph: ClipGraph, stride: int
    ) -> Tensor:
        """Predict.

        Args:
            features: Backbone's features, shape (P, C, T', V).
            last_pose: Coordinates in the last valid frame, shape (P, coords, V).
            graph: Links and masks of the observed frames.
            stride: Input frames between two of the features' frames.

        Returns:
            Coordinates, shape (P, coords, num_frames, V).
        """
        x, stride = self.shrink(features, graph, stride=stride)
        frames = graph.at(stride, x.shape[2])["frames"]
        state = at_frame(x, last_valid(frames, x))
        state = torch.cat((state, last_pose.to(state.dtype)), dim=1)[:, :, None]
        change = self.out(functional.relu(self.mix(state)))  # (P, F * coords, 1, V)
        change = change.view(len(x), self.num_frames, *last_pose.shape[1:]).transpose(1, 2)
        return last_pose[:, :, None] + change


@dataclass
class ForecastTask:
    """A clip cut into what is observed and what is to be predicted.

    Args:
        frames: Observed frames, bool, shape (P, T).
        target: Coordinates of the frames cut off, shape (P, C, F, V).
        mask: Target joints that were seen, in clips long enough, bool, shape (P, F, V).
    """

    frames: Tensor
    target: Tensor
    mask: Tensor


def cut_forecast(
    positions: Tensor, visible: Tensor, frames: Tensor | None, *, num_frames: int
) -> ForecastTask:
    """Cut the last `num_frames` valid frames off clips that have more than twice as many.

    Args:
        positions: Coordinates, shape (P, C, T, V).
        visible: Joints seen, bool, shape (P, T, V).
        frames: Valid frames, from frame 0 on, bool, shape (P, T). None: all.
        num_frames: Frames to predict.
    """
    if frames is None:
        frames = visible.new_ones(visible.shape[:2])
    count = frames.sum(1)
    enough = count > 2 * num_frames
    observed = torch.where(enough, count - num_frames, count)
    steps = torch.arange(frames.shape[1], device=frames.device)
    places = observed[:, None] + torch.arange(num_frames, device=frames.device)
    places = places.clamp(max=frames.shape[1] - 1)
    rows = torch.arange(len(frames), device=frames.device)[:, None]
    target = positions.transpose(1, 2)[rows, places].transpose(1, 2)
    mask = visible[rows, places] & enough[:, None, None]
    return ForecastTask(frames & (steps < observed[:, None]), target, mask)


def last_valid(frames: Tensor | None, x: Tensor) -> Tensor:
    """Number of each row's last valid frame, shape (P,); 0 if there is none."""
    if frames is None:
        return torch.full((len(x),), x.shape[2] - 1, device=x.device)
    steps = torch.arange(frames.shape[1], device=x.device)
    return (steps * frames).amax(1)


def at_frame(x: Tensor, frame: Tensor) -> Tensor:
    """Pick one frame a row: x (P, C, T, V) and frame (P,) to (P, C, V)."""
    return x[torch.arange(len(x), device=x.device), :, frame]


def forecast_error(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over coordinates of the joints seen, a scalar.

    Args:
        predicted: Shape (P, C, F, V).
        target: Shape (P, C, F, V).
        mask: Shape (P, F, V).
    """
    errors = functional.mse_loss(predicted, target, reduction="none").mean(1)
    return (errors * mask).sum() / mean_count(mask.sum())
