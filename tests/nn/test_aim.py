from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.nn.a_links import (
    AimConfig,
    ALinks,
    in_own_units,
    link_adjacency,
    link_divergence,
    link_matrix,
)
from skelgraph.nn.aim_decoder import AimDecoder, gaussian_nll
from skelgraph.nn.aim_encoder import AimEncoder, off_diagonal, seen_edges, with_diagonal
from skelgraph.nn.pair_likeness import pair_likeness
from tests.nn import reference
from tests.nn.checks import assert_same_with_gradients, draw, gradients, randomise, settled

TINY = AimConfig(width=5, frames=4, dropout=0.0)


def encoder() -> AimEncoder:
    return randomise(AimEncoder(6, 3, width=5, dropout=0.0))


def test_pairs_without_and_with_the_diagonal() -> None:
    pairs = torch.arange(9.0).view(1, 3, 3, 1)
    edges = off_diagonal(pairs)
    assert edges[0, ..., 0].tolist() == [[1, 2], [3, 5], [6, 7]]
    assert with_diagonal(edges)[0, ..., 0].tolist() == [[0, 1, 2], [3, 0, 5], [6, 7, 0]]


# Of the second body, joint 1 is never seen and joint 3 only in the first frame.
SEEN = torch.tensor([[True, True, True, True], [True, False, True, True]])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("seen", [None, SEEN])
def test_encoder_agrees_with_loops(seen: torch.Tensor | None, training: bool) -> None:
    module, series = settled(encoder()).train(training), draw(2, 4, 6).requires_grad_()
    edges = 1 if seen is None else seen_edges(seen)[..., None]
    assert_same_with_gradients(
        lambda: module(series, seen) * edges,
        lambda: reference.aim_encoder(module, series, seen) * edges,
        [series, *module.parameters()],
    )


@pytest.mark.parametrize(("types", "memory"), [(2, True), (3, False), (4, True)])
def test_decoder_agrees_with_loops(types: int, memory: bool) -> None:
    module = randomise(AimDecoder(2, types, width=4, memory=memory))
    frames = draw(2, 4, 3, 2).requires_grad_()
    links = link_matrix(torch.softmax(draw(2, 3, 2, types), dim=-1)).requires_grad_()
    assert_same_with_gradients(
        lambda: module(frames, links),
        lambda: reference.aim_decoder(module, frames, links),
        [frames, links, *module.parameters()],
    )


def test_without_memory_only_links_let_a_joint_s_past_act_on_its_gates() -> None:
    """Two pasts that the kept share forgets: with no link they must end in one prediction."""
    torch.manual_seed(0)
    for memory in (False, True):
        module = randomise(AimDecoder(2, 2, width=4, memory=memory))
        with torch.no_grad():
            module.from_input.bias[4:8] = -40  # the gate that keeps the state is shut
            module.from_message.weight[4:8] = 0
            if module.from_state is not None:
                module.from_state.weight[4:8] = 0
        frames = draw(1, 4, 3, 2)
        other = frames.clone()
        other[:, :2] += 1
        ghosts = link_matrix(torch.tensor([1.0, 0.0]).expand(1, 3, 2, 2).double())
        alone, links = module(frames, ghosts), 1 - ghosts
        assert torch.allclose(alone[:, 2], module(other, ghosts)[:, 2]) != memory
        assert not torch.allclose(module(frames, links)[:, 2], module(other, links)[:, 2])


def damaged() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two bodies of seven frames: padding, joints seen in some frames and in none."""
    visible, frames = torch.ones(2, 7, 4, dtype=torch.bool), torch.ones(2, 7, dtype=torch.bool)
    frames[0, 5:] = False
    visible[0, 1, 2] = False
    visible[1, :, 1] = False
    visible[1, 1:, 3] = False
    return draw(2, 2, 7, 4), visible & frames[..., None], frames


def test_links_from_positions_to_losses_agree_with_loops() -> None:
    """Resampling, encoder, adjacency and both losses, from positions with gaps and padding."""
    module = settled(randomise(ALinks(2, config=replace(TINY, frames=5, scale=0.3)))).eval()
    positions, visible, frames = damaged()
    positions.requires_grad_()

    def fast() -> torch.Tensor:
        links = module(positions, visible, frames)
        losses = module.losses(links)
        adjacency = module.adjacency(links)[:, 0].flatten()
        return torch.cat((adjacency, torch.stack((losses["aim_nll"], losses["aim_kl"]))))

    def slow() -> torch.Tensor:
        series = torch.stack([reference.resample(positions[p], frames[p], 5) for p in range(2)])
        # The lines pass through 5 of 5 valid frames, and through every other of 7.
        mask = torch.stack(
            (visible[0, :5], visible[1, [0, 1, 3, 4, 6]] & visible[1, [0, 2, 3, 5, 6]])
        )
        flat = series.permute(0, 2, 1, 3).reshape(2, 4, 10)
        logits = reference.aim_encoder(module.encoder, flat, SEEN)
        weights = logits.exp() / logits.exp().sum(-1, keepdim=True)
        links = [reference.links_of(weights[p]) for p in range(2)]
        adjacency = [0.3 * reference.a_link_adjacency(links[p], SEEN[p]) for p in range(2)]
        losses = reference.aim_losses(module, series, logits, torch.stack(links), mask, SEEN)
        return torch.cat((torch.stack(adjacency).flatten(), torch.stack(losses)))

    assert_same_with_gradients(fast, slow, [positions, *module.parameters()])


def test_links_drawn_in_training_agree_with_the_formula() -> None:
    """Forward the arg-max of noisy scores, backward their softmax at the temperature."""
    module = randomise(ALinks(2, config=TINY))
    scores = draw(2, 3, 2, 3).requires_grad_()
    torch.manual_seed(1)
    drawn = module._choose(scores)
    torch.manual_seed(1)
    noise = -torch.empty_like(scores).exponential_().log()
    noisy = (scores + noise) / 0.5
    soft = noisy.exp() / noisy.exp().sum(-1, keepdim=True)
    best = torch.zeros_like(soft)
    for place in np.ndindex(2, 3, 2):
        best[(*place, int(noisy[place].argmax()))] = 1
    torch.testing.assert_close(drawn, best)
    torch.testing.assert_close(*(gradients(out, [scores]) for out in (drawn, soft)))


OWN = replace(TINY, movement=True, max_lag=1)


def test_movement_in_its_own_unit_by_hand() -> None:
    """Three frames, of which joint 1 is seen in two, at places 1 and 3."""
    series = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 9.0]]).view(1, 1, 3, 2, 1)
    mask = torch.tensor([[True, True], [True, True], [True, False]]).view(1, 1, 3, 2)
    moved, unit = in_own_units(series, mask)
    assert unit.item() == pytest.approx((10 / 5) ** 0.5)
    expected = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, 0.0]) / 2**0.5
    torch.testing.assert_close(moved.flatten(), expected)
    assert in_own_units(torch.ones(1, 1, 3, 2, 1), mask)[0].tolist() == [[[[[0], [0]]] * 3]]


def test_place_and_size_change_no_link_and_the_likelihood_is_in_metres() -> None:
    module = settled(randomise(ALinks(2, config=OWN))).eval()
    positions, visible = draw(2, 2, 6, 4), torch.ones(2, 6, 4, dtype=torch.bool)
    links = module(positions, visible, None)
    moved = module(3 * positions + draw(2, 2, 1, 4), visible, None)
    torch.testing.assert_close(moved.chosen, links.chosen)
    one, other = module.losses(links), module.losses(moved)
    torch.testing.assert_close(other["aim_nll"], 9 * one["aim_nll"])
    torch.testing.assert_close(other["aim_kl"], one["aim_kl"])


def test_links_from_movement_and_likeness_agree_with_loops() -> None:
    """The likeness itself is held against loops in test_pair_likeness.py."""
    module = settled(randomise(ALinks(2, config=OWN))).eval()
    positions, visible, frames = damaged()
    links = module(positions, visible, frames)
    series, mask = links.series[:, 0], links.mask[:, 0]
    flat = series.permute(0, 2, 1, 3).reshape(2, 4, 8)
    logits = reference.aim_encoder(module.encoder, flat, SEEN)
    values = pair_likeness(series, mask, max_lag=1)
    for p, receiver, place in np.ndindex(2, 4, 3):
        sender = [v for v in range(4) if v != receiver][place]
        logits[p, receiver, place] += module.encoder.pair_types.weight @ values[p, receiver, sender]
    edges = seen_edges(SEEN)
    torch.testing.assert_close(links.logits[:, 0][edges], logits[edges])
    target = (series * links.unit[:, :1, None, None])[:, 1:]
    predicted = reference.aim_decoder(
        module.decoder, series, links.chosen[:, 0] * SEEN[:, None, :, None]
    )
    errors = (predicted * links.unit[:, :1, None, None] - target).square().sum(-1)
    expected = (errors * mask[:, 1:]).sum() / (2 * 5e-4) / mask[:, 1:].any(1).sum()
    torch.testing.assert_close(module.losses(links)["aim_nll"], expected)


def test_likeness_says_nothing_before_training() -> None:
    """Else chance would rank the pair that moves alike first or last."""
    torch.manual_seed(0)
    module = ALinks(2, config=replace(OWN, movement=False)).double().eval()
    positions, visible = draw(2, 2, 6, 4), torch.ones(2, 6, 4, dtype=torch.bool)
    chosen = module(positions, visible, None).chosen
    module.encoder.pair_types = None
    torch.testing.assert_close(module(positions, visible, None).chosen, chosen)


def test_gradcheck() -> None:
    module = randomise(ALinks(2, config=AimConfig(width=2, frames=3, dropout=0.0))).eval()
    visible = torch.ones(1, 4, 3, dtype=torch.bool)

    def run(positions: torch.Tensor) -> torch.Tensor:
        links = module(positions, visible, None)
        losses = module.losses(links)
        return torch.stack((losses["aim_nll"], losses["aim_kl"], module.adjacency(links).sum()))

    assert torch.autograd.gradcheck(run, (draw(1, 2, 4, 3).requires_grad_(),))


@pytest.mark.parametrize("config", [TINY, OWN])
def test_relabelled_joints_give_relabelled_links(config: AimConfig) -> None:
    module, positions = randomise(ALinks(2, config=config)).eval(), draw(2, 2, 6, 4)
    visible, order = torch.ones(2, 6, 4, dtype=torch.bool), torch.tensor([2, 0, 3, 1])
    links = module(positions, visible, None).chosen
    again = module(positions[..., order], visible, None).chosen
    torch.testing.assert_close(again, links[..., order, :][..., order])


@pytest.mark.parametrize("config", [TINY, OWN])
def test_a_joint_never_seen_is_out_of_links_and_losses(config: AimConfig) -> None:
    module, positions = randomise(ALinks(2, config=config)).train(), draw(2, 2, 6, 4)
    visible = torch.ones(2, 6, 4, dtype=torch.bool)
    visible[..., 3] = False
    changed = positions.clone()
    changed[..., 3] += 5
    results = []
    for values in (positions, changed):
        torch.manual_seed(0)
        links = module(values, visible, None)
        losses = module.losses(links)
        received = module.adjacency(links)[..., :3]
        results.append((received, losses["aim_nll"], losses["aim_kl"]))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)
    assert (results[0][0][..., 3, :] == 0).all()


@pytest.mark.parametrize("config", [TINY, OWN])
def test_padded_frames_change_nothing(config: AimConfig) -> None:
    module, positions = randomise(ALinks(2, config=config)).eval(), draw(2, 2, 9, 4)
    frames = torch.arange(9).expand(2, -1) < 6
    visible = frames[..., None].expand(-1, -1, 4)
    short = module(positions[:, :, :6], visible[:, :6], None)
    long = module(positions, visible, frames)
    torch.testing.assert_close(long.chosen, short.chosen)
    torch.testing.assert_close(module.losses(long), module.losses(short))


def test_training_draws_hard_links_and_evaluation_does_not_draw() -> None:
    module = randomise(ALinks(2, config=TINY))
    positions, visible = draw(3, 2, 6, 4), torch.ones(3, 6, 4, dtype=torch.bool)
    hard = module.train()(positions, visible, None).chosen
    torch.testing.assert_close(hard, hard.round())
    torch.testing.assert_close(hard.sum(2), torch.ones_like(hard.sum(2)))
    assert not torch.equal(hard, module(positions, visible, None).chosen)
    soft = module.eval()(positions, visible, None)
    assert torch.equal(soft.chosen, module(positions, visible, None).chosen)
    torch.testing.assert_close(soft.chosen, module.probabilities(soft))
    assert (soft.chosen[:, 0, 0].diagonal(dim1=-2, dim2=-1) == 1).all()


def test_argmax_links_in_evaluation() -> None:
    config = AimConfig(width=5, frames=4, choice="argmax")
    module = randomise(ALinks(2, config=config)).eval()
    links = module(draw(3, 2, 6, 4), torch.ones(3, 6, 4, dtype=torch.bool), None)
    assert torch.equal(links.chosen.argmax(2), module.probabilities(links).argmax(2))
    assert links.chosen.unique().tolist() == [0, 1]


def test_adjacency_worked_by_hand() -> None:
    """Joint 0 sends to 1 and 2 by type 1; with the self-loop each of these has two senders."""
    chosen = torch.zeros(1, 2, 3, 3)
    chosen[0, 1, 0, 1:] = 1
    adjacency = link_adjacency(chosen)
    assert adjacency.tolist() == [[[[1, 0.5, 0.5], [0, 0.5, 0], [0, 0, 0.5]]]]
    seen = torch.tensor([[False, True, True]])
    assert link_adjacency(chosen, seen).tolist() == [[torch.eye(3).tolist()]]


def test_divergence_is_zero_at_the_prior() -> None:
    logits = torch.tensor([0.95, 0.025, 0.025]).log().expand(2, 4, 3, 3)
    assert link_divergence(logits, ghost_prior=0.95).item() == pytest.approx(0, abs=1e-6)
    assert link_divergence(torch.zeros(2, 4, 3, 3), ghost_prior=0.95).item() > 1


def test_likelihood_leaves_out_joints_not_seen() -> None:
    target, mask = torch.zeros(1, 2, 2, 3), torch.tensor([[[True, False], [True, False]]])
    predicted = torch.full((1, 2, 2, 3), 0.01)
    # 2 frames x 3 coordinates x 1e-4 / (2 x 5e-4), one joint.
    assert gaussian_nll(predicted, target, mask).item() == pytest.approx(0.6)


def test_pieces_of_the_loss_have_its_size() -> None:
    """Averaged over draws, the loss on pieces and some bodies is that on all."""
    visible, positions = torch.ones(4, 9, 3, dtype=torch.bool), draw(4, 2, 9, 3).cumsum(2) / 10
    whole = randomise(ALinks(2, config=AimConfig(width=4, frames=9, dropout=0.0)))
    pieces = AimConfig(width=4, frames=9, dropout=0.0, loss_bodies=2, loss_frames=5)
    part = ALinks(2, config=pieces).double()
    part.load_state_dict(whole.state_dict())
    torch.manual_seed(0)
    means = []
    for module in (whole, part):
        losses = [module.losses(module(positions, visible, None)) for _ in range(60)]
        means.append(sum(loss["aim_nll"].item() for loss in losses) / len(losses))
    assert means[1] == pytest.approx(means[0], rel=0.15)


def test_causal_links_ignore_later_frames() -> None:
    config = AimConfig(width=5, frames=4, block=3)
    module = randomise(ALinks(2, config=config, causal=True)).eval()
    positions, visible = draw(2, 2, 10, 4), torch.ones(2, 10, 4, dtype=torch.bool)
    visible[:, :7, 1] = False
    adjacency = module.adjacency(module(positions, visible, None))
    assert adjacency.shape == (2, 4, 2, 4, 4)
    changed, hidden = positions.clone(), visible.clone()
    changed[:, :, 7:] += 1
    hidden[:, 7:, 2] = False
    again = module.adjacency(module(changed, hidden, None))
    # Blocks start at frames 0, 3, 6 and 9.
    torch.testing.assert_close(again[:, :3], adjacency[:, :3], rtol=0, atol=0)
    assert not torch.allclose(again[:, 3], adjacency[:, 3])


def test_a_frozen_module_s_loss_is_of_a_part_too() -> None:
    """Nothing learns from it; evaluation of a module that learns is of all."""
    config = AimConfig(width=4, frames=9, loss_bodies=1, loss_frames=5)
    module, positions = randomise(ALinks(2, config=config)).eval(), draw(3, 2, 9, 4)
    links = module(positions, torch.ones(3, 9, 4, dtype=torch.bool), None)
    sizes = []
    module.decoder.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[:2]))
    module.losses(links)
    module.requires_grad_(False).losses(links)
    assert sizes == [(3, 9), (1, 5)]


@pytest.mark.parametrize("extra", [{}, {"movement": True, "max_lag": 2}])
def test_causal_links_of_a_block_are_those_of_the_clip_up_to_its_start(extra: dict) -> None:
    config = AimConfig(width=5, frames=4, block=3, **extra)
    module = randomise(ALinks(2, config=config, causal=True)).eval()
    positions, visible = draw(2, 2, 10, 4), torch.ones(2, 10, 4, dtype=torch.bool)
    frames = torch.arange(10).expand(2, -1) < 8
    blocks = module(positions, visible & frames[..., None], frames).chosen
    module.causal = False
    for block in range(3):
        end = 3 * block + 1
        alone = module(positions[:, :, :end], visible[:, :end], None).chosen
        torch.testing.assert_close(blocks[:, block], alone[:, 0])


def test_input_is_left_unchanged() -> None:
    module, positions = randomise(ALinks(2, config=TINY)), draw(2, 2, 6, 4)
    copy = positions.clone()
    module.losses(module(positions, torch.ones(2, 6, 4, dtype=torch.bool), None))
    assert torch.equal(positions, copy)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"num_types": 1}, "the ghost and at least one more, got 1"),
        ({"choice": "argmin"}, "Did you mean 'argmax'"),
        ({"frames": 1}, "frames: expected 2 or more, got 1"),
        ({"temperature": 0.0}, "temperature: expected more than 0"),
        ({"ghost_prior": 1.0}, "ghost_prior: expected between 0 and 1"),
        ({"loss_frames": 1}, "loss_frames: expected 2 or more"),
        ({"loss_bodies": 0}, "loss_bodies: expected 1 or more"),
        ({"block": 0}, "block: expected 1 frame or more"),
        ({"max_lag": -1}, "max_lag: expected 0 up to 49 frames, got -1"),
        ({"max_lag": 50}, "max_lag: expected 0 up to 49 frames, got 50"),
    ],
)
def test_bad_options(option: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ALinks(3, config=AimConfig(**option))
