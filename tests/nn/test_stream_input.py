from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.stream_input import embed_streams
from skelgraph.transforms.streams import STREAMS
from tests.nn.checks import draw, randomise

PARENTS = torch.tensor([0, 0, 1])


def embed(
    positions: Tensor, visible: Tensor, norm: MaskedBatchNorm, streams: tuple[str, ...] = STREAMS
) -> Tensor:
    return embed_streams(positions, visible, parents=PARENTS, streams=streams, norm=norm)


def missing() -> Tensor:
    """Joints seen in six frames of two bodies; j1 of the first is missing in frames 2 and 3."""
    visible = torch.ones(2, 6, 3, dtype=torch.bool)
    visible[0, 2:4, 1] = False
    return visible


def test_shape_and_visibility_channel() -> None:
    out = embed(draw(2, 3, 6, 3), missing(), MaskedBatchNorm(36).double())
    assert out.shape == (2, 13, 6, 3)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(out[:, -1], missing().double())


def test_filled_in_ends_are_left_out_of_values_and_statistics() -> None:
    positions, visible, outs = draw(2, 3, 6, 3), missing(), []
    for fill in (0.0, 100.0):
        norm = randomise(MaskedBatchNorm(36))
        filled = positions.where(visible[:, None], torch.tensor(fill, dtype=torch.float64))
        outs.append((embed(filled, visible, norm)[:, 3:], norm.running_mean, norm.running_var))
    for one, other in zip(*outs, strict=True):
        assert torch.equal(one, other)
    bone = outs[0][0][0, :3]
    assert (bone[:, 2:4, 1:] == 0).all()  # of j1, and of j2 whose parent it is
    assert (bone[:, 4, 1:] != 0).all()
    motion = outs[0][0][0, 3:6]
    assert (motion[:, 2:5, 1] == 0).all() and (motion[:, 5, 1] != 0).all()
    assert (motion[:, :, 2] != 0).all()


def test_the_joint_stream_keeps_what_was_filled_in() -> None:
    norm = MaskedBatchNorm(9).double().eval()
    positions = draw(2, 3, 6, 3)
    out = embed(positions, missing(), norm, ("joint",))[:, :3]
    torch.testing.assert_close(out, positions, rtol=1e-5, atol=1e-5)


def test_with_nothing_missing_it_is_batch_normalisation_of_each_joint_s_channel() -> None:
    positions = draw(2, 3, 6, 3)
    visible, norm = torch.ones(2, 6, 3, dtype=torch.bool), MaskedBatchNorm(18).double()
    out = embed(positions, visible, norm, ("joint", "bone"))
    bones = positions - positions[..., PARENTS]
    for channel, values in ((1, positions[:, 1, :, 2]), (4, bones[:, 1, :, 2])):
        expected = (values - values.mean()) / (values.var(unbiased=False) + 1e-5).sqrt()
        torch.testing.assert_close(out[:, channel, :, 2], expected)


def test_input_is_left_unchanged() -> None:
    positions, visible = draw(2, 3, 6, 3), missing()
    copies = positions.clone(), visible.clone()
    embed(positions, visible, MaskedBatchNorm(36).double())
    assert torch.equal(positions, copies[0]) and torch.equal(visible, copies[1])
