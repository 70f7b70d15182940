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
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.processes import mean_count
from skelgraph.nn.st_block import BlockConfig

HALVINGS = 2
RECENT = 4  # frames before the last whose way to it is given to the head
SMALLEST = 1e-4  # added to each distance in the loss, whose gradient at 0 is then 0, in metres
FADING = 3.0  # frames in which an untrained head lets the last velocity fall to 1 / e


class ForecastHead(nn.Module):
    """Predict how the joints move in the frames after the last valid one.

    Two blocks of stride 2 gather time; their last valid step is put beside the last observed
    pose and the mean velocities towards it over the last few frames, and two graph convolutions
    give displacements from that pose. Beside them the velocities go on, each for a share that is
    learned for each frame ahead and is the same for all joints. Untrained, the head lets the
    last velocity die away.

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
        are named by their place, (frames, coordinates). The velocities are ours: after a total
        stride of 16 or more the features alone do not tell the speed at the end.
    """

    ahead: Tensor

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
        self.motion_norm = MaskedBatchNorm(num_coords * RECENT)
        given = channels + num_coords * (1 + RECENT)
        self.mix = ActStructConv(given, channels, s_links=s_links)
        self.mix_norm = MaskedBatchNorm(channels)
        self.out = ChannelMix(channels, num_frames * num_coords, bias=True)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        ahead = torch.arange(1.0, num_frames + 1)
        carry = torch.zeros(num_frames, RECENT)
        carry[:, 0] = FADING * (1 - (-ahead / FADING).exp()) / ahead
        self.carry = nn.Parameter(carry)
        self.register_buffer("ahead", ahead, persistent=False)

    def forward(
        self, features: Tensor, positions: Tensor, *, graph: ClipGraph, stride: int
    ) -> Tensor:
        """Predict.

        Args:
            features: Backbone's features, shape (P, C, T', V).
            positions: Coordinates of the observed frames, shape (P, coords, T, V).
            graph: Links and masks of the observed frames.
            stride: Input frames between two of the features' frames.

        Returns:
            Coordinates, shape (P, coords, num_frames, V).
        """
        last = last_valid(graph.frames, positions)
        pose, speed = at_frame(positions, last), recent_velocity(positions, last)
        x, stride = self.shrink(features, graph, stride=stride)
        kept = graph.at(stride, x.shape[2])
        end = last_valid(kept["frames"], x)
        motion = self.motion_norm(speed.flatten(1, 2)[:, :, None])[:, :, 0]
        state = torch.cat((at_frame(x, end), pose.to(x.dtype), motion.to(x.dtype)), dim=1)
        hidden = self.mix(state[:, :, None], None, senders_at(kept["senders"], end))
        change = self.out(functional.relu(self.mix_norm(hidden)))  # (P, F * coords, 1, V)
        change = change.view(len(x), self.num_frames, *pose.shape[1:]).transpose(1, 2)
        return pose[:, :, None] + self._carried(speed) + change

    def _carried(self, speed: Tensor) -> Tensor:
        """Way that the velocities go on: (P, coords, RECENT, V) to (P, coords, F, V).

        Not as a matrix product, which lower precisions would round.
        """
        share = (self.carry * self.ahead[:, None]).to(speed.dtype)
        return (share[:, :, None] * speed[:, :, None]).sum(3)


@dataclass
class ForecastTask:
    """Clips cut into what is observed and what is to be predicted.

    Args:
        frames: Observed frames, bool, shape (N, T).
        target: Coordinates of the frames cut off, shape (N, C, F, V, ...).
        mask: Target joints that were seen, in clips long enough, bool, shape (N, F, V, ...).
    """

    frames: Tensor
    target: Tensor
    mask: Tensor


def cut_forecast(
    positions: Tensor, visible: Tensor, frames: Tensor, *, num_frames: int
) -> ForecastTask:
    """Cut the last `num_frames` valid frames off clips that have more than twice as many.

    Args:
        positions: Coordinates, shape (N, C, T, V, ...).
        visible: Joints seen, bool, shape (N, T, V, ...).
        frames: Valid frames, from frame 0 on, bool, shape (N, T).
        num_frames: Frames to predict.
    """
    count = frames.sum(1)
    enough = count > 2 * num_frames
    observed = torch.where(enough, count - num_frames, count)
    steps = torch.arange(frames.shape[1], device=frames.device)
    places = observed[:, None] + torch.arange(num_frames, device=frames.device)
    places = places.clamp(max=frames.shape[1] - 1)
    rows = torch.arange(len(frames), device=frames.device)[:, None]
    target = positions.transpose(1, 2)[rows, places].transpose(1, 2)
    long = enough.view(-1, *[1] * (visible.dim() - 1))
    return ForecastTask(frames & (steps < observed[:, None]), target, visible[rows, places] & long)


def recent_velocity(positions: Tensor, last: Tensor) -> Tensor:
    """Mean velocity towards each row's last frame over the 1, 2, ... RECENT frames before it.

    Args:
        positions: Shape (P, C, T, V).
        last: Number of the last frame, shape (P,).

    Returns:
        Way a frame, shape (P, C, RECENT, V); a clip that is shorter counts from its first frame.
    """
    steps = torch.arange(1, RECENT + 1, device=last.device)
    start = (last[:, None] - steps).clamp(min=0)  # (P, RECENT)
    rows = torch.arange(len(last), device=last.device)[:, None]
    way = at_frame(positions, last)[:, None] - positions.transpose(1, 2)[rows, start]
    passed = (last[:, None] - start).clamp(min=1).to(way.dtype)
    return (way / passed[:, :, None, None]).transpose(1, 2)


def senders_at(senders: Tensor | None, frame: Tensor) -> Tensor | None:
    """Joints that may send in one frame a row: (P, 1 or T, V) and (P,) to (P, 1, V)."""
    if senders is None or senders.shape[1] == 1:
        return senders
    return senders[torch.arange(len(frame), device=frame.device), frame][:, None]


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
    """Mean distance of the joints seen from where they are predicted, a scalar.

    Args:
        predicted: Shape (P, C, F, V).
        target: Shape (P, C, F, V).
        mask: Shape (P, F, V).

    Source:
        Li et al. 2019 take the mean square, in which the few joints that move far drown the
        others; the distance is also what forecasts are scored by.
    """
    distances = ((predicted - target).square().sum(1) + SMALLEST**2).sqrt()
    return (distances * mask).sum() / mean_count(mask.sum())
