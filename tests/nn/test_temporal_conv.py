from __future__ import annotations

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.nn import temporal_conv
from skelgraph.nn.temporal_conv import TemporalConv, frames_between, stride_mask
from tests.nn.checks import draw, randomise

FORMS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.mark.parametrize(("separable", "causal"), FORMS)
@pytest.mark.parametrize(("frames", "stride", "kept"), [(1, 1, 1), (1, 2, 1), (9, 2, 5), (8, 4, 2)])
def test_shape(separable: bool, causal: bool, frames: int, stride: int, kept: int) -> None:
    conv = TemporalConv(2, 4, kernel=5, stride=stride, separable=separable, causal=causal)
    assert conv(torch.zeros(3, 2, frames, 6)).shape == (3, 4, kept, 6)
    assert stride_mask(torch.ones(3, frames), stride).shape == (3, kept)
    visible = torch.ones(3, frames, 6, dtype=torch.bool)
    assert frames_between(visible, stride, causal=causal).shape == (3, kept, 6)


def test_values_worked_by_hand() -> None:
    x = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 3, 1)
    centred = TemporalConv(1, 1, kernel=3)
    past = TemporalConv(1, 1, kernel=3, causal=True)
    for conv in (centred, past):
        conv.depthwise.weight.data = torch.tensor([1.0, 10.0, 100.0]).view(1, 1, 3, 1)
    assert centred(x).flatten().tolist() == [210, 321, 32]
    assert past(x).flatten().tolist() == [100, 210, 321]


@pytest.mark.parametrize("separable", [False, True])
def test_dilated_values_worked_by_hand(separable: bool) -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 1, 4, 1)
    centred = TemporalConv(1, 1, kernel=3, dilation=2, separable=separable)
    past = TemporalConv(1, 1, kernel=3, dilation=2, separable=separable, causal=True)
    for conv in (centred, past):
        conv.depthwise.weight.data = torch.tensor([1.0, 10.0, 100.0]).view(1, 1, 3, 1)
        if separable:
            conv.mix.weight.data.fill_(1.0)
    assert centred(x).flatten().tolist() == [310, 420, 31, 42]
    assert past(x).flatten().tolist() == [100, 200, 310, 420]


@pytest.mark.parametrize(("separable", "causal"), FORMS)
@pytest.mark.parametrize("stride", [1, 2])
def test_padded_frames_change_nothing(separable: bool, causal: bool, stride: int) -> None:
    conv = randomise(
        TemporalConv(2, 3, kernel=5, stride=stride, separable=separable, causal=causal)
    )
    x, frames = draw(2, 2, 12, 4), torch.arange(12).expand(2, -1) < 7
    alone, kept = conv(x[:, :, :7]), -(-7 // stride)
    torch.testing.assert_close(conv(x, frames)[:, :, :kept], alone)
    assert stride_mask(frames, stride).sum() == 2 * kept


@pytest.mark.parametrize("separable", [False, True])
def test_causal_output_ignores_later_frames(separable: bool) -> None:
    conv = randomise(TemporalConv(2, 3, kernel=4, stride=2, separable=separable, causal=True))
    x = draw(1, 2, 9, 2)
    changed = x.clone()
    changed[:, :, 5:] += 1
    torch.testing.assert_close(conv(x)[:, :, :3], conv(changed)[:, :, :3], rtol=0, atol=0)
    assert not torch.allclose(conv(x)[:, :, 3], conv(changed)[:, :, 3])


def test_gradcheck() -> None:
    conv = randomise(TemporalConv(2, 2, kernel=3, stride=2, separable=True))
    assert torch.autograd.gradcheck(conv, (draw(1, 2, 4, 2).requires_grad_(),))


def test_strided_frames_stand_for_those_after_or_before() -> None:
    visible = torch.tensor([0, 0, 1, 0, 0, 0, 0], dtype=torch.bool).view(1, 7, 1)
    assert frames_between(visible, 2, causal=False).flatten().tolist() == [0, 1, 0, 0]
    assert frames_between(visible, 2, causal=True).flatten().tolist() == [0, 1, 0, 0]
    visible = visible.roll(1, 1)
    assert frames_between(visible, 2, causal=False).flatten().tolist() == [0, 1, 0, 0]
    assert frames_between(visible, 2, causal=True).flatten().tolist() == [0, 0, 1, 0]


def test_an_even_kernel_needs_the_causal_form() -> None:
    with pytest.raises(ConfigError, match="odd number of frames, got 4"):
        TemporalConv(1, 1, kernel=4)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("separable", [False, True])
def test_one_short_clip_goes_through_the_fast_kernel(causal: bool, separable: bool) -> None:
    layer = TemporalConv(4, 6, kernel=9, stride=2, causal=causal, separable=separable)
    x = draw(1, 4, 20, 5).float()
    assert not temporal_conv._is_small(x)
    expected = layer(x)
    with torch.no_grad():
        assert temporal_conv._is_small(x)
        assert not temporal_conv._is_small(x.expand(2, -1, -1, -1))
        torch.testing.assert_close(layer(x), expected)
