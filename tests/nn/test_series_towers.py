from __future__ import annotations

import math

import pytest
import torch

from skelgraph.nn.attention import TowerConfig, sinusoidal_positions
from skelgraph.nn.series import Series
from skelgraph.nn.series_towers import ChannelTower, ConvEmbedding, SeriesStepTower, TokenPool
from tests.nn import reference
from tests.nn.checks import assert_same_with_gradients, draw, randomise

TINY = TowerConfig(
    width=4, heads=2, layers=2, hidden=3, dropout=0.0,
    query_width=3, value_width=1, norm_first=False, activation="relu",
)  # fmt: skip
FRAMES = 5
Tower = SeriesStepTower | ChannelTower


def given(*, length: int = FRAMES, padding: int = 0) -> Series:
    """Two series of three channels; the first never shows channel 1, nor channel 0 at first."""
    size = length + padding
    frames = (torch.arange(size) < length).expand(2, -1)
    values = torch.cat((draw(2, 3, length), torch.full((2, 3, padding), 9.0)), 2).double()
    seen = frames[:, None].expand_as(values).clone()
    seen[0, 1] = False
    seen[0, 0, 0] = False
    return Series(values, seen, frames)


def step_tower(*, flags: int = 3, kernel: int = 0, flatten: bool = False) -> SeriesStepTower:
    return randomise(
        SeriesStepTower(
            3, config=TINY, num_flags=flags, kernel=kernel, num_frames=FRAMES if flatten else 0
        )
    )


def channel_tower(*, flags: bool = True, flatten: bool = False) -> ChannelTower:
    return randomise(ChannelTower(3, FRAMES, config=TINY, flags=flags, flatten=flatten))


TOWERS = {
    "step": step_tower,
    "step, no flags": lambda **given: step_tower(flags=0, **given),
    "step, convolved": lambda **given: step_tower(kernel=3, **given),
    "channel": channel_tower,
    "channel, no flags": lambda **given: channel_tower(flags=False, **given),
}
TOWER = pytest.mark.parametrize("make", TOWERS.values(), ids=list(TOWERS))


@TOWER
@pytest.mark.parametrize("flatten", [False, True])
def test_shape(make, flatten: bool) -> None:
    module = make(flatten=flatten)
    tokens = 3 if isinstance(module, ChannelTower) else FRAMES
    out = module(given(), explicit=True)
    assert out.features.shape == (2, 4 * tokens if flatten else 4)
    assert (out.weights is None) == flatten
    assert flatten or out.weights.shape == (2, tokens)
    assert out.attention.shape == (2, 2, 2, tokens, tokens)


def slow_step_rows(tower: SeriesStepTower, values: torch.Tensor, seen: torch.Tensor) -> list:
    """Each frame's embedding: a linear map, or a sum over its neighbours, then a linear map."""
    size = values.shape[1]
    flags = [seen[c].to(values.dtype) for c in range(tower.num_flags)]
    rows = [torch.stack([*(c[t] for c in values), *(f[t] for f in flags)]) for t in range(size)]
    if not isinstance(tower.embed, ConvEmbedding):
        return [reference.affine(tower.embed, row) for row in rows]
    conv, out = tower.embed.conv, []
    kernel = conv.kernel_size[0]
    for t in range(size):
        total = conv.bias
        for k in range(kernel):
            if 0 <= t + k - kernel // 2 < size:
                total = total + conv.weight[:, :, k] @ rows[t + k - kernel // 2]
        mixed = reference.affine(tower.embed.mix, total)
        out.append(torch.where(mixed > 0, mixed, 0.01 * mixed))
    return out


def slow_sinusoid(t: int, width: int) -> torch.Tensor:
    angles = [t / 10000 ** (2 * (i // 2) / width) for i in range(width)]
    waves = [math.sin(a) if i % 2 == 0 else math.cos(a) for i, a in enumerate(angles)]
    return torch.tensor(waves, dtype=torch.float64)


def exact_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the tower the loops' positions: its own are single precision, not 1e-8."""

    def double(size: int, width: int, *, device: torch.device) -> torch.Tensor:
        exact = torch.stack([slow_sinusoid(t, width) for t in range(size)])
        own = sinusoidal_positions(size, width, device=device).double()
        torch.testing.assert_close(own, exact, rtol=0, atol=1e-6)
        return exact

    monkeypatch.setattr("skelgraph.nn.series_towers.sinusoidal_positions", double)


def slow_tower(tower: Tower, series: Series) -> torch.Tensor:
    """Equations of the paper, a series at a time."""
    out = []
    for values, seen in zip(series.values, series.seen, strict=True):
        if isinstance(tower, SeriesStepTower):
            mask = [True] * values.shape[1]
            rows = slow_step_rows(tower, values, seen)
            rows = [row + slow_sinusoid(t, len(row)) for t, row in enumerate(rows)]
        else:
            mask = [bool(channel.any()) for channel in seen]
            rows = []
            for c in range(len(values)):
                course = [values[c], seen[c].to(values.dtype)] if tower.flags else [values[c]]
                rows.append(reference.affine(tower.embed, torch.cat(course)))
                if tower.identity is not None:
                    rows[c] = rows[c] + tower.identity[c]
        tokens = reference.encoder(tower.encoder, torch.stack(rows), torch.tensor(mask))
        if tower.pool.pool is None:
            shown = [t if here else 0 * t for t, here in zip(tokens, mask, strict=True)]
            out.append(torch.cat(shown))
        else:
            kept = [t for t, here in zip(tokens, mask, strict=True) if here]
            scores = torch.stack([(tower.pool.pool.score.weight @ token)[0] for token in kept])
            weights = scores.exp() / scores.exp().sum()
            out.append(sum(w * token for w, token in zip(weights, kept, strict=True)))
    return torch.stack(out)


@TOWER
@pytest.mark.parametrize("flatten", [False, True])
def test_agrees_with_loops(make, flatten: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    exact_positions(monkeypatch)
    module, data = make(flatten=flatten), given()
    data.values.requires_grad_()
    assert_same_with_gradients(
        lambda: module(data).features,
        lambda: slow_tower(module, data),
        [data.values, *module.parameters()],
    )


@TOWER
def test_gradcheck(make) -> None:
    module, data = make(), given()

    def run(values: torch.Tensor) -> torch.Tensor:
        return module(Series(values, data.seen, data.frames)).features

    assert torch.autograd.gradcheck(run, (data.values.requires_grad_(),))


@pytest.mark.parametrize("kernel", [0, 3])
def test_padded_frames_change_nothing(kernel: int) -> None:
    module = step_tower(kernel=kernel)
    short, long = module(given()), module(given(padding=4))
    torch.testing.assert_close(long.features, short.features)
    torch.testing.assert_close(long.weights[:, :FRAMES], short.weights)
    assert (long.weights[:, FRAMES:] == 0).all()


@pytest.mark.parametrize("flatten", [False, True])
def test_a_channel_never_seen_changes_nothing(flatten: bool) -> None:
    module, data = channel_tower(flatten=flatten), given()
    before = module(data).features
    data.values[0, 1] += 1
    torch.testing.assert_close(module(data).features, before)


def test_flattened_channels_have_no_identity_and_pooled_ones_do() -> None:
    assert channel_tower(flatten=True).identity is None
    assert channel_tower().identity.shape == (3, 4)


def test_frame_weights_are_each_frame_s_part_of_the_token() -> None:
    module, data = channel_tower(), given()
    weights = draw(2, 3).abs()
    spread = module.frame_weights(data, weights)
    torch.testing.assert_close(spread.sum(1), weights)
    assert (spread >= 0).all()
    data.values[:, 2] = 0
    data.values[:, 2, 3] = 1
    one = torch.zeros(FRAMES, dtype=torch.float64)
    one[3] = 1
    spread = module.frame_weights(data, weights)
    torch.testing.assert_close(spread[0, :, 2], one * weights[0, 2])
    data.values[:, 2] = 0
    even = module.frame_weights(data, weights)[0, :, 2]
    torch.testing.assert_close(even, weights[0, 2].expand(FRAMES) / FRAMES)


def test_pool_worked_by_hand() -> None:
    module = TokenPool(1, num_tokens=0).double()
    module.pool.score.weight.data.fill_(1.0)
    tokens = torch.log(torch.tensor([[[1.0], [3.0], [7.0]]], dtype=torch.float64))
    mask = torch.tensor([[True, True, False]])
    features, weights = module(tokens, mask)
    torch.testing.assert_close(weights, torch.tensor([[0.25, 0.75, 0]], dtype=torch.float64))
    torch.testing.assert_close(features[0, 0], 0.75 * tokens[0, 1, 0])
    flat, none = TokenPool(1, num_tokens=3)(tokens, mask)
    assert none is None
    torch.testing.assert_close(flat, torch.stack([*tokens[0, :2, 0], 0 * tokens[0, 0, 0]])[None])
