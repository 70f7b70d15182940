"""The whole network against one made of loops only."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelgraph.models import AsGcn
from skelgraph.nn.bodies import gather_bodies
from skelgraph.nn.gated_head import HeadInput
from tests.models.clips import tiny
from tests.models.test_models import made_up
from tests.nn import reference, reference_block, reference_head
from tests.nn.checks import assert_same_with_gradients, draw, randomise, settled

STREAMS = ("joint", "bone", "joint_motion", "bone_motion")


def clips() -> tuple[Tensor, Tensor, Tensor]:
    """Two clips: gaps, a joint never seen, frames without any joint, an absent body, padding."""
    positions = draw(2, 3, 9, 5, 2).cumsum(2) / 10
    visible = draw(2, 9, 5, 2, seed=1) > -1
    visible[0, :, 3, 0] = False
    visible[0, 4:6, :, 0] = False
    visible[1, ..., 1] = False
    frames = torch.arange(9) < torch.tensor([[9], [7]])
    return positions, visible & frames[..., None, None], frames


def streams(x: Tensor, parents: list[int]) -> Tensor:
    """Joint, bone and what each has moved since the frame before: (C, T, V) to (4 C, T, V)."""
    bone = torch.stack([x[:, :, v] - x[:, :, p] for v, p in enumerate(parents)], dim=2)
    moved = [
        torch.stack([s[:, t] - s[:, max(t - 1, 0)] for t in range(x.shape[1])], dim=1)
        for s in (x, bone)
    ]
    return torch.cat((x, bone, *moved))


def embed(model: AsGcn, x: Tensor, visible: Tensor) -> Tensor:
    """Each stream's channel of each joint to the past's mean 0 and variance 1; what was seen.

    A difference of which one end was not seen is zero.
    """
    parents = model.parents.tolist()
    values, norm = streams(x, parents), model.input_norm
    coords = len(x)
    channels, _, joints = values.shape
    rows = []
    for v in range(joints):
        for c in range(channels):
            place = v * channels + c
            spread = torch.sqrt(norm.running_var[place] + norm.eps)
            scaled = (values[c, :, v] - norm.running_mean[place]) / spread
            scaled = scaled * norm.weight[place] + norm.bias[place]
            ends = [v, parents[v]] if c // coords in (1, 3) else [v]
            for t in range(x.shape[1]):
                times = [t, max(t - 1, 0)] if c // coords in (2, 3) else [t]
                measured = all(bool(visible[time, end]) for time in times for end in ends)
                if c // coords > 0 and not measured:
                    scaled = torch.cat((scaled[:t], scaled.new_zeros(1), scaled[t + 1 :]))
            rows.append(scaled)
    flat = torch.stack(rows).view(joints, channels, -1).permute(1, 2, 0)
    return torch.cat((flat, visible[None].double()))


def network(model: AsGcn, positions: Tensor, visible: Tensor, frames: Tensor) -> Tensor:
    """Logits and gate of every clip, a body after another."""
    bodies = gather_bodies(positions, visible, frames)
    features, shown = [], []
    for p in range(len(bodies.clip)):
        x, seen, valid = bodies.positions[p], bodies.visible[p], frames[bodies.clip[p]]
        ever = torch.tensor([bool(seen[:, v].any()) for v in range(5)])
        series = reference.resample(x, valid, model.config.aim.frames)
        flat = series.transpose(0, 1).reshape(1, 5, -1)
        scores = reference.aim_encoder(model.aim.encoder, flat, ever[None])[0]
        links = reference.links_of(scores.exp() / scores.exp().sum(-1, keepdim=True))
        a_links = reference.a_link_adjacency(links, ever)[None, None]
        hidden, kept, now = embed(model, x, seen)[None], valid[None], seen
        for block in model.backbone.blocks:
            hidden = reference_block.block(
                block, hidden, a_links=a_links, frames=kept, senders=ever[None, None], causal=False
            )
            kept = kept[:, :: block.stride]
            step = range(0, len(now), block.stride)
            now = torch.stack([now[t : t + block.stride].any(0) for t in step])
        features.append(hidden[0])
        shown.append(now)
    strided = frames[bodies.clip][:, ::4]
    data = HeadInput(torch.stack(features), torch.stack(shown), strided, bodies)
    return torch.cat(reference_head.gated_head(model.head, data), dim=1)


@pytest.mark.parametrize(("hands", "separable"), [(False, True), (True, False)])
def test_network_agrees_with_loops(hands: bool, separable: bool) -> None:
    """Positions to logits and gate: values, and the gradients of all that is learned."""
    model = tiny(
        made_up(hands=hands), streams=STREAMS, s_order=2, free_links=1, separable=separable
    )
    settled(randomise(model)).eval()
    positions, visible, frames = clips()
    positions.requires_grad_()
    learned = [p for name, p in model.named_parameters() if not name.startswith("aim.decoder")]

    def fast() -> Tensor:
        out = model(positions, visible, frames)
        return torch.cat((out.logits, out.gate), dim=1)

    assert_same_with_gradients(
        fast, lambda: network(model, positions, visible, frames), [positions, *learned]
    )
