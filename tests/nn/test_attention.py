from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.nn.attention import Encoder, SelfAttention, TowerConfig, sinusoidal_positions
from tests.nn import reference
from tests.nn.checks import assert_same_with_gradients, draw, randomise

TINY = TowerConfig(width=6, heads=2, layers=2, hidden=5, dropout=0.0)
PAPER = replace(TINY, query_width=4, value_width=5, norm_first=False, activation="relu")
MASK = torch.tensor([[True, True, True, True], [True, True, False, False]])


def test_shape() -> None:
    tokens, attention = Encoder(TINY)(torch.zeros(2, 4, 6), MASK, explicit=True)
    assert tokens.shape == (2, 4, 6)
    assert attention.shape == (2, 2, 2, 4, 4)


@pytest.mark.parametrize("config", [TINY, PAPER], ids=["norm first", "as published"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("explicit", [False, True])
def test_encoder_agrees_with_loops(config: TowerConfig, causal: bool, explicit: bool) -> None:
    module, tokens = randomise(Encoder(config, causal=causal)), draw(2, 4, 6).requires_grad_()

    def slow() -> torch.Tensor:
        rows = [reference.encoder(module, tokens[p], MASK[p]) for p in range(2)]
        return torch.stack(rows) * MASK[..., None]

    assert_same_with_gradients(
        lambda: module(tokens, MASK, explicit=explicit)[0] * MASK[..., None],
        slow,
        [tokens, *module.parameters()],
    )


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, MASK])
def test_both_paths_agree_in_single_precision(causal: bool, mask: torch.Tensor | None) -> None:
    layer, tokens = SelfAttention(6, heads=3), torch.randn(2, 4, 6)
    fused, _ = layer(tokens, mask, causal=causal)
    written, weights = layer(tokens, mask, causal=causal, explicit=True)
    torch.testing.assert_close(fused, written, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 4))


def test_masked_tokens_change_nothing() -> None:
    module, tokens = randomise(Encoder(TINY)), draw(2, 4, 6)
    alone = module(tokens[1:, :2])[0]
    torch.testing.assert_close(module(tokens, MASK)[0][1:, :2], alone)


def test_causal_tokens_ignore_later_ones() -> None:
    module, tokens = randomise(Encoder(TINY, causal=True)), draw(1, 4, 6)
    changed = tokens.clone()
    changed[:, 2:] += 1
    torch.testing.assert_close(module(changed)[0][:, :2], module(tokens)[0][:, :2])


def test_gradcheck() -> None:
    module = randomise(Encoder(TowerConfig(width=4, heads=2, layers=1, hidden=3, dropout=0.0)))
    assert torch.autograd.gradcheck(
        lambda tokens: module(tokens, MASK)[0], (draw(2, 4, 4).requires_grad_(),)
    )


def test_positions() -> None:
    positions = sinusoidal_positions(50, 7)
    assert positions.shape == (50, 7)
    assert positions[3, :2].tolist() == pytest.approx([0.14112, -0.98999], abs=1e-4)
    assert (positions[1:] - positions[:-1]).norm(dim=-1).min() > 0.1


def test_positions_made_for_prediction_serve_training() -> None:
    with torch.inference_mode():
        sinusoidal_positions(51, 7)
    weight = torch.ones(7, requires_grad=True)
    (sinusoidal_positions(51, 7) * weight).sum().backward()
    assert weight.grad is not None


class Positioned(torch.nn.Module):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        positions = sinusoidal_positions(*tokens.shape[1:], device=tokens.device)
        return tokens + positions


def test_an_export_leaves_nothing_behind_and_takes_any_length() -> None:
    module, tokens = Positioned(), torch.zeros(1, 53, 7)
    length = torch.export.Dim("length", min=2, max=90)
    exported = torch.export.export(module, (tokens,), dynamic_shapes=({1: length},)).module()
    for size in (53, 60):
        given = torch.zeros(1, size, 7)
        torch.testing.assert_close(exported(given), module(given))
    assert type(module(tokens)) is torch.Tensor


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="divisor of the width 6, got 4"):
        SelfAttention(6, heads=4)
    with pytest.raises(ConfigError, match="divisor of the width 6, got 4"):
        SelfAttention(6, heads=4, query_width=3)
    wide = SelfAttention(6, heads=4, query_width=3, value_width=2)
    assert wide(torch.zeros(1, 5, 6))[0].shape == (1, 5, 6)


def test_unknown_activation() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'gelu'"):
        Encoder(replace(TINY, activation="gleu"))


def test_a_new_layer_normalises_and_does_no_more() -> None:
    tokens = draw(2, 4, 6).float()
    torch.testing.assert_close(
        Encoder(PAPER)(tokens)[0],
        torch.nn.functional.layer_norm(tokens, (6,)),
        rtol=1e-4,
        atol=1e-4,
    )
