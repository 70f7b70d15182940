from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.errors import ConfigError, LayoutError
from skelgraph.graphs import load_layout
from skelgraph.models import MODELS, Gtn, GtnConfig, SeriesGtn
from skelgraph.models.gtn import RETURNS, join_hands
from skelgraph.models.plain import from_plain, to_plain
from skelgraph.nn.series import Series
from tests.models.clips import damaged_clips, random_clips
from tests.models.gtn_forms import tiny_gtn, tiny_series
from tests.models.test_models import made_up
from tests.nn import reference
from tests.nn.checks import assert_same_with_gradients, draw, randomise
from tests.nn.test_series_towers import exact_positions, slow_tower

FORMS = pytest.mark.parametrize(
    "change", [{}, {"flatten": True}, {"kernel": 5}], ids=["pooled", "flattened", "convolved"]
)


def count(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def published(name: str, num_classes: int) -> Gtn:
    """126 channels (two hands of 21 joints) x 100 frames, flattened, nothing of ours added."""
    preset = MODELS[name].presets["paper"]
    config = replace(preset, flatten=True, flags=False, normalise=False)
    return Gtn(load_layout("mediapipe_hands"), num_classes, config=config)


def test_parameters_of_the_published_gtn() -> None:
    """20.91 M in the release, of which the 16 encoder layers hold 18.94 M."""
    model = published("gtn", 14)
    assert count(model) == 20_911_120
    towers = (model.gtn.step_tower, model.gtn.channel_tower)
    assert sum(count(tower.encoder) for tower in towers) == 18_942_976
    assert count(published("gtn", 15)) - count(model) == 115_712 + 1


def test_parameters_of_the_published_conv_gtn() -> None:
    """'Over 18 M' at 11 classes: heads 64 wide give it with the four layers that are stated,
    heads 8 wide only with seven."""
    model = published("conv_gtn", 11)
    assert count(model) == 18_963_981
    for layers, expected in ((4, 11_613_197), (7, 18_716_813)):
        tower = replace(model.config.tower, query_width=8, value_width=8, layers=layers)
        config = replace(model.config, tower=tower)
        assert count(Gtn(load_layout("mediapipe_hands"), 11, config=config)) == expected


@pytest.mark.parametrize("name", ["gtn", "conv_gtn"])
def test_presets(name: str) -> None:
    for config in MODELS[name].presets.values():
        assert from_plain(GtnConfig, to_plain(config)) == config
        assert bool(config.kernel) == (name == "conv_gtn")
    small = Gtn(load_layout("kinect_v2"), 60, config=MODELS[name].presets["small"])
    assert count(small) < 500_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_coords": 4}, "num_coords: expected 2 or 3, got 4"),
        ({"frames": 0}, "frames: expected 1 or more"),
        ({"kernel": 4}, "kernel: expected an odd number of frames, or 0, got 4"),
        ({"kernel": -1}, "kernel: expected an odd number of frames"),
        ({"dropout": 1.0}, "dropout: expected a share"),
        ({"streams": ("joints",)}, "Did you mean 'joint'"),
        ({"num_classes": 0}, "num_classes: expected at least 1"),
    ],
)
def test_bad_options(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tiny_gtn(made_up(), **change)


def test_bad_input() -> None:
    model = tiny_gtn(made_up())
    with pytest.raises(ConfigError, match="3 coordinates of 5 joints, got 2 of 5"):
        model(*random_clips(made_up(), coords=2))
    with pytest.raises(ConfigError, match="Did you mean 'channel_attention'"):
        model(*random_clips(made_up()), returns=("chanel_attention",))
    with pytest.raises(LayoutError, match="body slots: expected at most 2"):
        tiny_gtn(made_up(hands=True))(*random_clips(made_up(), bodies=3))
    with pytest.raises(ConfigError, match=r"expected \(clips, 4 channels, frames\), got"):
        tiny_series(4)(torch.zeros(2, 3, 9))


@FORMS
def test_gate_and_weights_are_probabilities(change: dict) -> None:
    for hands in (False, True):
        model = randomise(tiny_gtn(made_up(hands=hands), **change)).eval()
        positions, visible, frames = damaged_clips(made_up())
        out = model(positions.double(), visible, frames, returns=RETURNS)
        ones = torch.ones(3, dtype=torch.float64)
        torch.testing.assert_close(out.gate.sum(1), ones)
        if change.get("flatten"):
            assert out.joint_weights is None and out.joint_frame_weights is None
            continue
        for value in (out.step_weights, out.channel_weights, out.joint_weights):
            torch.testing.assert_close(value.sum(1), ones)
        torch.testing.assert_close(out.joint_frame_weights.sum((1, 2)), ones)
        assert out.body_joint_weights[0, 1].sum() == 0
        torch.testing.assert_close(out.body_joint_weights[1].sum(1), ones[:2])
        assert (out.joint_frame_weights[~frames] == 0).all()
        torch.testing.assert_close(out.body_joint_frame_weights.sum(2), out.body_joint_weights)


def test_joint_weights_sum_channels_of_a_joint() -> None:
    model = tiny_gtn(made_up(), streams=("joint", "bone")).eval()
    out = model(*random_clips(made_up()))
    assert out.channel_weights.shape == (3, 2 * 3 * 5)
    torch.testing.assert_close(out.joint_weights, out.channel_weights.view(3, 6, 5).sum(1))


def test_hands_stand_side_by_side() -> None:
    x = torch.arange(12).view(1, 1, 3, 4)  # (..., V, M)
    assert join_hands(x, 2)[0, 0, :, 0].tolist() == [0, 4, 8, 1, 5, 9]
    assert join_hands(x[..., :1], 2)[0, 0, :, 0].tolist() == [0, 4, 8, 0, 0, 0]
    model = tiny_gtn(made_up(hands=True), streams=("bone",))
    assert model.parents.tolist() == [0, 0, 0, 1, 2, 5, 5, 5, 6, 7]


@pytest.mark.parametrize("bodies", [1, 2, 4])
def test_a_hand_s_weights_stay_in_its_slot(bodies: int) -> None:
    positions, visible, frames = random_clips(made_up(), bodies=bodies)
    visible[..., 2:] = False
    out = tiny_gtn(made_up(hands=True))(positions, visible, frames, returns=RETURNS)
    sums = out.body_joint_weights.sum(2)
    torch.testing.assert_close(sums, (torch.arange(bodies) < 2).float().expand(3, -1))
    assert out.body_joint_frame_weights.shape == (3, bodies, 9, 5)


@FORMS
@pytest.mark.parametrize("streams", [("joint",), ("bone", "joint_motion", "bone_motion")])
def test_what_stands_where_nothing_was_seen_never_matters(
    change: dict, streams: tuple[str, ...]
) -> None:
    model = tiny_gtn(made_up(), streams=streams, **change).double().eval()
    positions, visible, frames = damaged_clips(made_up())
    positions = positions.double()
    before = model(positions, visible, frames).logits
    hidden = ~visible[:, None].expand_as(positions)
    for anything in (50.0, torch.nan):
        after = model(positions.masked_fill(hidden, anything), visible, frames).logits
        torch.testing.assert_close(after, before)


@FORMS
def test_series_length_and_padding_change_nothing(change: dict) -> None:
    model, values = randomise(tiny_series(2, **change)).eval(), draw(3, 2, 8)
    frames = torch.arange(8)[None] < torch.tensor([[8], [5], [1]])
    together = model(values, frames).logits
    for row, length in enumerate((8, 5, 1)):
        alone = model(values[row : row + 1, :, :length]).logits
        torch.testing.assert_close(alone[0], together[row], rtol=1e-9, atol=1e-9)


@FORMS
def test_missing_values_of_series(change: dict) -> None:
    model, values = randomise(tiny_series(2, **change)).eval(), draw(3, 2, 8)
    seen = torch.rand(3, 2, 8, generator=torch.Generator().manual_seed(0)) > 0.3
    seen[0, 1] = False
    out = model(values, seen=seen, returns=("step_attention", "channel_attention")).logits
    assert out.isfinite().all()
    torch.testing.assert_close(model(values.masked_fill(~seen, torch.nan)).logits, out)
    assert not torch.allclose(model(values).logits, out)


def slow_resample(values: torch.Tensor, size: int) -> torch.Tensor:
    """Read each channel at equally spaced places, first to last: (C, T) to (C, size)."""
    out = []
    for i in range(size):
        place = i * (values.shape[1] - 1) / (size - 1)
        low = min(int(place), values.shape[1] - 2)
        out.append((1 - place + low) * values[:, low] + (place - low) * values[:, low + 1])
    return torch.stack(out, dim=1)


def slow_series(model: SeriesGtn, clips: list[torch.Tensor]) -> torch.Tensor:
    """The whole network a clip at a time: norm, towers, gate, classifier; nothing missing."""
    norm, logits = model.input_norm, []
    for clip in clips:
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        x = (clip - norm.running_mean[:, None]) * scale[:, None] + norm.bias[:, None]
        fixed = slow_resample(x, model.config.frames)
        features = []
        for tower in (model.step_tower, model.channel_tower):
            seen = fixed if tower is model.channel_tower or model.config.flatten else x
            whole = torch.ones_like(seen, dtype=torch.bool)
            rows = Series(seen[None], whole[None], whole[None, 0])
            features.append(slow_tower(tower, rows)[0])
        h = reference.affine(model.gate.score, torch.cat(features))
        g = h.exp() / h.exp().sum()
        gated = torch.cat([part * weight for part, weight in zip(features, g, strict=True)])
        logits.append(reference.affine(model.classifier, gated))
    return torch.stack(logits)


@FORMS
@pytest.mark.parametrize("norm_first", [True, False])
def test_series_agree_with_loops(
    change: dict, norm_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact_positions(monkeypatch)
    model = randomise(tiny_series(2, norm_first=norm_first, **change)).eval()
    model.input_norm.running_mean.copy_(draw(2, seed=1))
    lengths, values = (6, 4, 2), draw(3, 2, 6).requires_grad_()
    frames = torch.arange(6)[None] < torch.tensor(lengths)[:, None]
    assert_same_with_gradients(
        lambda: model(values, frames).logits,
        lambda: slow_series(model, [values[i, :, :n] for i, n in enumerate(lengths)]),
        [values, *model.parameters()],
    )


def test_series_outputs() -> None:
    out = tiny_series(4)(draw(2, 4, 6).float(), returns=RETURNS)
    assert out.logits.shape == (2, 3)
    assert out.features.shape == (2, 16)
    assert out.step_weights.shape == (2, 6)
    assert out.channel_weights.shape == (2, 4)
    assert out.step_attention.shape == (2, 1, 2, 6, 6)
    assert out.channel_attention.shape == (2, 1, 2, 4, 4)


@FORMS
def test_series_without_dropout_give_the_same_in_training_and_evaluation(change: dict) -> None:
    model, values = tiny_series(2, normalise=False, **change), draw(3, 2, 8).float()
    assert torch.equal(model.train()(values).logits, model.eval()(values).logits)


@FORMS
def test_series_gradcheck(change: dict) -> None:
    model, values = randomise(tiny_series(2, **change)).eval(), draw(2, 2, 4)
    values[0, 1, 2] = torch.nan
    seen = ~values.isnan()
    values = values.nan_to_num().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: model(x, seen=seen).logits, (values,))


def test_skeleton_and_series_are_one_network() -> None:
    """One body, everything seen, no flags: the skeleton's channels as a plain series."""
    model = randomise(tiny_gtn(made_up(), flags=False)).eval()
    positions, visible, frames = random_clips(made_up(), bodies=1)
    series = positions.double()[..., 0].transpose(2, 3).flatten(1, 2)
    assert isinstance(model.gtn, SeriesGtn)
    torch.testing.assert_close(
        model(positions.double(), visible, frames).logits, model.gtn(series).logits
    )
