from __future__ import annotations

import pytest
import torch

from skelgraph.errors import LayoutError
from skelgraph.nn.bodies import BodyCombination, gather_bodies
from tests.nn.checks import draw, randomise


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three clips, two slots: both there, only the second, none in a valid frame."""
    positions, frames = draw(3, 2, 4, 5, 2), torch.ones(3, 4, dtype=torch.bool)
    visible = torch.ones(3, 4, 5, 2, dtype=torch.bool)
    visible[1, ..., 0] = False
    visible[2, :2] = False
    frames[2, 2:] = False
    return positions, visible, frames


def test_only_present_bodies_are_gathered() -> None:
    positions, visible, frames = batch()
    bodies = gather_bodies(positions, visible, frames)
    assert list(zip(bodies.clip.tolist(), bodies.slot.tolist(), strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 1),
    ]
    assert torch.equal(bodies.positions[2], positions[1, ..., 1])
    assert bodies.frames.shape == (3, 4)
    assert gather_bodies(positions, visible, torch.ones_like(frames)).frames is None


def test_mean_and_scatter() -> None:
    bodies = gather_bodies(*batch())
    values = torch.tensor([[1.0], [3.0], [5.0]])
    assert bodies.mean(values).tolist() == [[2], [5], [0]]
    assert bodies.scatter(values)[..., 0].tolist() == [[1, 3], [0, 5], [0, 0]]


def test_swapped_people_are_the_same_and_swapped_hands_are_not() -> None:
    positions, visible, frames = batch()
    for slots, same in ((None, True), (2, False)):
        combine, values = randomise(BodyCombination(3, num_slots=slots)), draw(3, 3)
        straight = gather_bodies(positions, visible, frames)
        crossed = gather_bodies(positions.flip(-1), visible.flip(-1), frames)
        order = torch.tensor([1, 0, 2])
        assert same == torch.allclose(combine(values, straight), combine(values[order], crossed))


def test_an_absent_hand_adds_nothing() -> None:
    combine, values = randomise(BodyCombination(3, num_slots=2)), draw(3, 3)
    bodies = gather_bodies(*batch())
    out = combine(values, bodies)
    weight = combine.mix.weight[:, 3:]
    torch.testing.assert_close(out[1], weight @ values[2] + combine.mix.bias)
    torch.testing.assert_close(out[2], combine.mix.bias)


def test_a_body_in_a_slot_without_embedding_is_refused() -> None:
    combine = BodyCombination(3, num_slots=1)
    with pytest.raises(LayoutError, match="at most 1 for this layout, got a body in slot 1"):
        combine.check(gather_bodies(*batch()))
