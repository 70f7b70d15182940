from __future__ import annotations

import pytest
import torch

from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.transforms.streams import STREAMS, check_streams, compute_streams, stream_validity


def test_values_on_a_chain() -> None:
    positions = torch.tensor([[[[0.0, 1.0, 3.0], [1.0, 3.0, 6.0]]]])
    parents = torch.tensor([0, 0, 1])
    out = compute_streams(positions, parents, STREAMS)[0]
    assert out[0].tolist() == [[0, 1, 3], [1, 3, 6]]
    assert out[1].tolist() == [[0, 1, 2], [0, 2, 3]]
    assert out[2].tolist() == [[0, 0, 0], [1, 2, 3]]
    assert out[3].tolist() == [[0, 0, 0], [0, 1, 1]]


def test_channels_follow_the_order_asked_for() -> None:
    layout = load_layout("kinect_v2")
    parents, positions = torch.tensor(layout.bones), torch.randn(2, 3, 4, layout.num_joints)
    both = compute_streams(positions, parents, ("bone", "joint"))
    assert both.shape == (2, 6, 4, layout.num_joints)
    assert torch.equal(both[:, 3:], positions)
    assert torch.equal(both[:, :3], compute_streams(positions, parents, ("bone",)))
    assert (both[..., layout.root][:, :3] == 0).all()


def test_invariances() -> None:
    parents, positions = torch.tensor([0, 0, 1, 1]), torch.randn(2, 3, 5, 4, dtype=torch.float64)
    moved = compute_streams(positions + 1.5, parents, STREAMS)
    still = compute_streams(positions, parents, STREAMS)
    torch.testing.assert_close(moved[:, 3:], still[:, 3:])
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))[0]
    turned = compute_streams(torch.einsum("dc,pctv->pdtv", turn, positions), parents, ("bone",))
    torch.testing.assert_close(turned.norm(dim=1), still[:, 3:6].norm(dim=1))


def test_input_is_left_unchanged_and_the_past_ignores_the_future() -> None:
    parents, positions = torch.tensor([0, 0, 1]), torch.randn(1, 3, 6, 3)
    copy = positions.clone()
    before = compute_streams(positions, parents, STREAMS)
    assert torch.equal(positions, copy)
    positions[:, :, 4:] += 1
    assert torch.equal(compute_streams(positions, parents, STREAMS)[:, :, :4], before[:, :, :4])


def test_validity_needs_both_ends_worked_by_hand() -> None:
    """A chain j0 - j1 - j2; j1 is missing in the second of three frames."""
    visible = torch.tensor([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], dtype=torch.bool)
    joint, bone, joint_motion, bone_motion = stream_validity(
        visible, torch.tensor([0, 0, 1]), STREAMS
    )[0].int()
    assert joint.tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert bone.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 1]]
    assert joint_motion.tolist() == [[1, 1, 1], [1, 0, 1], [1, 0, 1]]
    assert bone_motion.tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0]]


def test_valid_values_ignore_what_was_filled_in() -> None:
    """Whatever stands at the joints not seen, the values called valid are the same."""
    generator = torch.Generator().manual_seed(0)
    parents, visible = torch.tensor([0, 0, 1, 1]), torch.rand(2, 6, 4, generator=generator) > 0.3
    positions = torch.randn(2, 3, 6, 4, generator=generator)
    other = torch.where(visible[:, None], positions, positions + 1)
    valid = stream_validity(visible, parents, STREAMS).repeat_interleave(3, dim=1)
    one, two = (compute_streams(x, parents, STREAMS) for x in (positions, other))
    assert torch.equal(one[valid], two[valid])
    assert (one != two)[~valid].any()


def test_bad_streams() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'bone'"):
        check_streams(("joint", "bones"))
    for streams in ((), ("joint", "joint")):
        with pytest.raises(ConfigError, match="one or more different names"):
            check_streams(streams)
