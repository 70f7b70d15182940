from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelgraph.errors import ConfigError
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.multi_scale_conv import MultiScaleConv
from tests.nn.checks import assert_same_with_gradients, draw, randomise

LENGTHS = (9, 6)
FRAMES = torch.arange(9) < torch.tensor(LENGTHS)[:, None]


def conv(stride: int = 1) -> MultiScaleConv:
    return randomise(MultiScaleConv(3, 8, kernel=3, stride=stride))


def rescale(norm: MaskedBatchNorm, feature: int, value: Tensor) -> Tensor:
    """Normalise one feature as in evaluation."""
    centred = value - norm.running_mean[feature]
    scale = norm.weight[feature] / torch.sqrt(norm.running_var[feature] + norm.eps)
    return centred * scale + norm.bias[feature]


def slow(layer: MultiScaleConv, x: Tensor) -> Tensor:
    """All branches in evaluation, a body, joint and strided frame at a time, on valid frames."""
    bodies, _, size, joints = x.shape
    width, outs = layer.width, torch.zeros(bodies, 8, -(-size // layer.stride), joints)
    rows = {}
    for p in range(bodies):
        for v in range(joints):
            mixed = []
            for t in range(LENGTHS[p]):
                values = layer.mix.weight @ x[p, :, t, v]
                mixed.append([rescale(layer.mix_norm, c, values[c]) for c in range(8)])
            for s, t in enumerate(range(0, LENGTHS[p], layer.stride)):
                rows[p, s, v] = _branches(layer, mixed, t, width)
    outs = outs.to(x.dtype)
    for (p, s, v), values in rows.items():
        outs[p, :, s, v] = values
    return outs


def _branches(layer: MultiScaleConv, mixed: list, t: int, width: int) -> Tensor:
    out, size = [], len(mixed)
    for branch, dilation in enumerate((1, 2)):
        kernel = layer.convolutions[branch].depthwise.weight[..., 0]  # (out, in, tap)
        for c in range(width):
            total = torch.zeros((), dtype=kernel.dtype)
            for tap in range(3):
                at = t + (tap - 1) * dilation
                for d in range(width):
                    if 0 <= at < size:
                        total = total + kernel[c, d, tap] * mixed[at][branch * width + d].relu()
            out.append(rescale(layer.norm, len(out), total))
    for c in range(2 * width, 3 * width):
        near = [mixed[at][c].relu() for at in (t - 1, t, t + 1) if 0 <= at < size]
        out.append(rescale(layer.norm, len(out), torch.stack(near).max()))
    return torch.stack([*out, *mixed[t][3 * width :]])


@pytest.mark.parametrize(("frames", "stride", "kept"), [(1, 1, 1), (1, 2, 1), (9, 2, 5)])
def test_shape(frames: int, stride: int, kept: int) -> None:
    assert conv(stride)(draw(2, 3, frames, 4)).shape == (2, 8, kept, 4)


def test_values_worked_by_hand() -> None:
    """One channel a branch, taps of 1, norms that change nothing."""
    layer = MultiScaleConv(1, 4, kernel=3).double().eval()
    with torch.no_grad():
        layer.mix.weight.fill_(1.0)
        for branch in layer.convolutions:
            branch.depthwise.weight.fill_(1.0)
        for norm in (layer.mix_norm, layer.norm):
            norm.running_var.fill_(1 - norm.eps)
        x = torch.tensor([1.0, 2.0, 3.0, -4.0]).double().view(1, 1, 4, 1)
        near, far, largest, passed = layer(x)[0, :, :, 0].tolist()
    assert near == pytest.approx([3, 6, 5, 3])
    assert far == pytest.approx([4, 2, 4, 2])
    assert largest == pytest.approx([2, 3, 3, 3])
    assert passed == pytest.approx([1, 2, 3, -4])


@pytest.mark.parametrize("stride", [1, 2])
def test_agrees_with_loops(stride: int) -> None:
    layer, x = conv(stride).eval(), draw(2, 3, 9, 2).requires_grad_()
    for norm in (layer.mix_norm, layer.norm):
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2)
    kept = FRAMES[:, None, ::stride, None]
    assert_same_with_gradients(
        lambda: layer(x, FRAMES) * kept, lambda: slow(layer, x), [x, *layer.parameters()]
    )


def test_gradcheck() -> None:
    layer = conv(2)
    inputs = (draw(2, 3, 9, 2).requires_grad_(),)
    assert torch.autograd.gradcheck(lambda x: layer(x, FRAMES)[:, :, :3], inputs)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
def test_padded_frames_change_nothing(stride: int, training: bool) -> None:
    x, kept = draw(1, 3, 9, 4), -(-6 // stride)
    layer = conv(stride).train(training)
    alone = layer(x[:, :, :6])
    torch.testing.assert_close(layer(x, FRAMES[1:])[:, :, :kept], alone)


def test_input_is_left_unchanged() -> None:
    x = draw(2, 3, 9, 4)
    copy = x.clone()
    conv()(x, FRAMES)
    assert torch.equal(x, copy)


def test_channels_that_cannot_be_shared_out() -> None:
    with pytest.raises(ConfigError, match=r"multiple of the 4 branches .*, got 6"):
        MultiScaleConv(3, 6)
