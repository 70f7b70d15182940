from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelgraph.nn.bodies import Bodies, gather_bodies
from skelgraph.nn.observed import ObservedBodies
from skelgraph.nn.sightings import sightings
from tests.graphs.made_up import chain
from tests.models.clips import damaged_clips, random_clips

NAN = float("nan")


def observe(track: list[float], *, causal: bool = False) -> Tensor:
    """Where joint 1 of a chain is put that moves along x as told, NaN where not seen."""
    positions = torch.zeros(1, 3, len(track), 3, 1)
    positions[0, 0, :, 1, 0] = torch.tensor(track)
    visible = ~positions.isnan().any(1)
    positions = positions.nan_to_num(99.0)  # what stands where nothing was seen counts for nothing
    frames = torch.ones(1, len(track), dtype=torch.bool)
    module = ObservedBodies(chain(3), num_coords=3, causal=causal)
    bodies, origin = module(gather_bodies(positions, visible, frames))
    return (bodies.positions + origin)[0, 0, :, 1]


def test_gaps_are_bridged_and_ends_held() -> None:
    places = observe([NAN, 2, NAN, NAN, 5, NAN])
    assert places.tolist() == [2, 2, 3, 4, 5, 5]


def test_causal_form_holds_and_never_looks_ahead() -> None:
    places = observe([NAN, 2, NAN, NAN, 5, NAN], causal=True)
    assert places[1:].tolist() == [2, 2, 2, 5, 5]
    # Before the first sighting: joint 0 at 0 and joint 2 a metre short of its neutral place.
    assert places[0].item() == pytest.approx(0.5 - 1 / 2)


def test_joint_never_seen_stands_as_in_the_neutral_pose() -> None:
    layout, frames = chain(3), torch.ones(1, 4, dtype=torch.bool)
    pose = torch.tensor(layout.neutral.T)[None, :, None, :, None] + 7.0
    positions = pose.repeat(1, 1, 4, 1, 1)
    visible = torch.ones(1, 4, 3, 1, dtype=torch.bool)
    visible[:, :, 2] = False
    positions[:, :, :, 2] = NAN
    positions = positions.nan_to_num(-50.0)
    bodies, origin = ObservedBodies(layout, num_coords=3, causal=False)(
        gather_bodies(positions, visible, frames)
    )
    torch.testing.assert_close((bodies.positions + origin)[0, :, 0], pose[0, :, 0, :, 0])


def test_origin_is_the_mean_centre_of_the_valid_frames() -> None:
    layout = chain(3)
    positions, visible, frames = random_clips(layout, frames=6, bodies=2)
    frames[0, 4:] = False
    bodies = gather_bodies(positions, visible, frames)
    module = ObservedBodies(layout, num_coords=3, causal=False)
    placed, origin = module(bodies)
    centre = list(layout.centre)
    wanted = positions[0][:, :4, centre].mean((1, 2, 3))
    torch.testing.assert_close(origin[0].flatten(), wanted)
    torch.testing.assert_close(origin[0], origin[1])  # a clip's bodies keep their places
    torch.testing.assert_close((placed.positions + origin)[0, :, :4], positions[0, :, :4, :, 0])


@pytest.mark.parametrize("causal", [False, True])
def test_nothing_but_what_was_seen_counts(causal: bool) -> None:
    positions, visible, frames = damaged_clips(chain(3))
    module = ObservedBodies(chain(3), num_coords=3, causal=causal)
    one, origin = module(gather_bodies(positions, visible, frames))
    changed = torch.where(visible[:, None], positions, positions + 5)
    other, moved = module(gather_bodies(changed, visible, frames))
    assert torch.equal(other.positions, one.positions)
    assert torch.equal(moved, origin)


def test_causal_form_depends_on_no_later_frame() -> None:
    positions, visible, frames = damaged_clips(chain(3), clips=1)
    module = ObservedBodies(chain(3), num_coords=3, causal=True)
    bodies, _ = module(gather_bodies(positions, visible, frames))
    later = positions.clone()
    later[:, :, 3:] += 1
    other, _ = module(gather_bodies(later, visible, frames))
    assert torch.equal(other.positions[:, :, :3], bodies.positions[:, :, :3])
    assert not torch.equal(other.positions, bodies.positions)


def test_input_stays_as_it_was() -> None:
    bodies = gather_bodies(*damaged_clips(chain(3)))
    before = bodies.positions.clone()
    ObservedBodies(chain(3), num_coords=3, causal=False)(bodies)
    assert isinstance(bodies, Bodies) and torch.equal(bodies.positions, before)


def test_sightings_before_and_after() -> None:
    visible = torch.tensor([False, True, False, False, True, False])[None, :, None]
    before, after = sightings(visible)
    assert before.flatten().tolist() == [-1, 1, 1, 1, 4, 4]
    assert after.flatten().tolist() == [1, 1, 4, 4, 4, 6]
