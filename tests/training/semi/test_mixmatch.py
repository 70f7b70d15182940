"""MixMatch against its algorithm written out, and what of two skeletons mixes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from skelgraph.data.dataset import Batch
from skelgraph.data.joining import join_batches
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.learner import Learner
from skelgraph.training.semi.method import WEAK, WEAK_AGAIN, StepBatch
from skelgraph.training.semi.methods.mixmatch import (
    MixMatch,
    MixMatchOptions,
    draw_shares,
    mix,
    sharpen,
)
from skelgraph.training.semi.passes import logits_of, predict
from tests.training.semi.steps import (
    gradients_of,
    make_batch,
    make_learner,
    make_setting,
    take_steps,
)

STILL = {"a_links": False, "head": "pooled", "dropout": 0.0}


def make_clips(count: int, *, frames: int = 4, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return Batch(
        positions=torch.randn(count, 3, frames, 5, 2, generator=generator),
        visible=torch.rand(count, frames, 5, 2, generator=generator) > 0.3,
        frames=torch.ones(count, frames, dtype=torch.bool),
        label=torch.arange(count) % 3,
        index=torch.arange(count),
    )


def by_hand(
    learner: Learner, batch: StepBatch, logits: list[Tensor], options: MixMatchOptions
) -> Tensor:
    """The algorithm, clip by clip, from the logits of both views; chance is used up alike."""
    views = [batch.views[WEAK], batch.views[WEAK_AGAIN]]
    first, second = (view.softmax(1) for view in logits)
    guesses = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        powers = [
            ((a + b) / 2) ** (1 / options.temperature) for a, b in zip(one, other, strict=True)
        ]
        guesses.append([power / sum(powers) for power in powers])
    given = [[float(c == label) for c in range(3)] for label in batch.labelled.label.tolist()]
    labels = torch.tensor(given + guesses + guesses)
    clips = join_batches([batch.labelled, *views])
    partners = torch.randperm(len(clips)).tolist()
    drawn = torch.distributions.Beta(options.mixing, options.mixing).sample((len(clips),))
    mixtures, targets = [], []
    for place, (partner, own) in enumerate(zip(partners, drawn.tolist(), strict=True)):
        own = max(own, 1 - own)
        both = clips.visible[place] & clips.visible[partner]
        mixed = own * clips.positions[place] + (1 - own) * clips.positions[partner]
        mixtures.append(torch.where(both, mixed, clips.positions[place]))
        targets.append(own * labels[place] + (1 - own) * labels[partner])
    mixed_clips = replace(clips, positions=torch.stack(mixtures))
    (rows,), extra = logits_of(learner, mixed_clips)
    total = extra
    number = len(batch.labelled)
    for place, (row, target) in enumerate(zip(rows, targets, strict=True)):
        if place < number:
            total = total - (target * row.log_softmax(0)).sum() / number
        else:
            error = (row.softmax(0) - target).square().mean()
            total = total + options.weight / 2 * error / (len(rows) - number)
    return total


def test_the_loss_is_the_algorithm_s(store: Store) -> None:
    options = MixMatchOptions(weight=10.0)
    learner, batch = make_learner(store, overrides=STILL), make_batch(store)
    # First, since statistics of normalisation move with every pass in training.
    logits = predict(learner, batch.views[WEAK], batch.views[WEAK_AGAIN])
    torch.manual_seed(5)
    found = MixMatch(options, make_setting()).losses([learner], batch, share=0.5).losses[0]
    torch.manual_seed(5)
    torch.testing.assert_close(found, by_hand(learner, batch, logits, options))


def test_no_gradient_flows_through_the_guesses(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, batch = make_learner(store, overrides=STILL), make_batch(store)
    method = MixMatch(MixMatchOptions(), make_setting())
    guess = predict(learner, batch.views[WEAK], batch.views[WEAK_AGAIN])
    torch.manual_seed(5)
    found = gradients_of(learner, method.losses([learner], batch, share=1.0).losses[0])
    # The same guesses as numbers that have nothing to do with the model.
    monkeypatch.setattr(
        "skelgraph.training.semi.methods.mixmatch.predict",
        lambda *_: [torch.tensor(logits.tolist()) for logits in guess],
    )
    torch.manual_seed(5)
    expected = gradients_of(learner, method.losses([learner], batch, share=1.0).losses[0])
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])


def test_before_the_ramp_only_the_labelled_mixtures_count(store: Store) -> None:
    learner, batch = make_learner(store, overrides=STILL), make_batch(store)
    method = MixMatch(MixMatchOptions(), make_setting())
    result = method.losses([learner], batch, share=0.0)
    torch.testing.assert_close(result.losses[0].detach(), result.terms["supervised"])
    assert float(result.terms["unlabelled"]) > 0


def test_sharpening_by_hand() -> None:
    rows = sharpen(torch.tensor([[0.6, 0.2, 0.2], [0.0, 0.5, 0.5]]), temperature=0.5)
    expected = torch.tensor([[0.36 / 0.44, 0.04 / 0.44, 0.04 / 0.44], [0.0, 0.5, 0.5]])
    torch.testing.assert_close(rows, expected)


def test_the_own_clip_has_the_larger_share() -> None:
    torch.manual_seed(0)
    shares = draw_shares(4000, mixing=0.75)
    assert bool(((shares >= 0.5) & (shares <= 1)).all())
    # The mean of max(x, 1 - x) under Beta(0.75, 0.75), by numeric integration.
    x = torch.linspace(0.5, 1, 200_001, dtype=torch.float64)[:-1]
    density = (x * (1 - x)) ** -0.25
    assert float(shares.mean()) == pytest.approx(
        float((x * density).sum() / density.sum()), abs=0.01
    )


def test_joints_mix_only_where_both_are_seen() -> None:
    own, other = make_clips(6), make_clips(6, seed=1)
    shares = torch.linspace(0.5, 1, 6)
    mixed = mix(own, other, shares)
    for clip, share in enumerate(shares.tolist()):
        both = (own.visible & other.visible)[clip].expand(3, -1, -1, -1)
        mean = share * own.positions[clip] + (1 - share) * other.positions[clip]
        torch.testing.assert_close(mixed.positions[clip][both], mean[both])
        assert torch.equal(mixed.positions[clip][~both], own.positions[clip][~both])
    assert torch.equal(mixed.visible, own.visible)
    assert torch.equal(mixed.frames, own.frames)
    assert torch.equal(mixed.label, own.label)


def test_a_shorter_partner_leaves_the_frames_after_its_end() -> None:
    own, other = make_clips(3, frames=6), make_clips(3, frames=4, seed=1)
    joined = join_batches([own, other])
    mixed = mix(
        joined.select(torch.arange(3)), joined.select(torch.arange(3, 6)), torch.ones(3) / 2
    )
    assert torch.equal(mixed.positions[:, :, 4:], own.positions[:, :, 4:])
    assert not torch.equal(mixed.positions[:, :, :4], own.positions[:, :, :4])
    assert torch.equal(mixed.frames, own.frames)


def test_a_skeleton_mixed_with_itself_stays(store: Store) -> None:
    clips = make_batch(store).labelled
    mixed = mix(clips, clips, torch.full((len(clips),), 0.7))
    torch.testing.assert_close(mixed.positions, clips.positions)


def test_the_same_seed_gives_the_same_step(store: Store) -> None:
    method, batch = MixMatch(MixMatchOptions(), make_setting()), make_batch(store)
    losses = []
    for seed in (3, 3, 4):
        learner = make_learner(store)
        torch.manual_seed(seed)
        losses.append(method.losses([learner], batch, share=0.5).losses[0].item())
    assert losses[0] == losses[1] != losses[2]
    assert method.state_dict() == {}


def test_training_falls_in_loss(store: Store) -> None:
    torch.manual_seed(0)
    method = MixMatch(MixMatchOptions(weight=5.0), make_setting())
    learner, labelled = make_learner(store), make_batch(store).labelled
    before = method.supervised(predict(learner, labelled)[0], labelled)
    list(take_steps(method, [learner], store))
    assert method.supervised(predict(learner, labelled)[0], labelled) < 0.9 * before


def test_every_clip_is_taken() -> None:
    chosen = MixMatch(MixMatchOptions(), make_setting()).select(torch.eye(3)[[2, 0]])
    assert chosen.labels.tolist() == [2, 0]
    assert chosen.weights.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"temperature": 0.0}, "mixmatch, temperature: expected a number above 0, got 0.0"),
        ({"mixing": -1.0}, "mixmatch, mixing: expected a number above 0"),
        ({"weight": math.inf}, "mixmatch, weight"),
        ({"full": 1.1}, r"mixmatch, full: expected a share in \[0, 1\]"),
    ],
)
def test_bad_options_are_refused(change: dict[str, float], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        MixMatchOptions(**change)
