"""What follows from a layout: worked by hand on a chain, and as properties of random trees."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.errors import LayoutError
from skelgraph.graphs import Layout, load_layout
from tests.graphs.made_up import chain, description, random_layouts, relabelled

CHAIN = chain(3, centre=0)


def hops_by_walking(layout: Layout) -> np.ndarray:
    """Breadth-first search from every joint, as a slow reference."""
    neighbours: dict[int, list[int]] = {joint: [] for joint in range(layout.num_joints)}
    for u, v in layout.edges:
        neighbours[u].append(v)
        neighbours[v].append(u)
    result = np.full((layout.num_joints,) * 2, np.inf)
    for start in neighbours:
        result[start, start], waiting = 0, deque([start])
        while waiting:
            joint = waiting.popleft()
            for other in neighbours[joint]:
                if np.isinf(result[start, other]):
                    result[start, other] = result[start, joint] + 1
                    waiting.append(other)
    return result


def spatial_by_loops(layout: Layout) -> np.ndarray:
    """Partition of ST-GCN's equation 8 pair by pair, each column divided by its sum."""
    far, groups = layout.centre_hops, np.zeros((3, layout.num_joints, layout.num_joints))
    for sender in range(layout.num_joints):
        for receiver in range(layout.num_joints):
            if layout.hops[sender, receiver] <= 1:
                group = int(np.sign(far[sender] - far[receiver])) % 3
                groups[{0: 0, 2: 1, 1: 2}[group], sender, receiver] = 1
    for group in groups:
        for receiver in range(layout.num_joints):
            if group[:, receiver].sum() > 0:
                group[:, receiver] /= group[:, receiver].sum()
    return groups


def test_chain_by_hand() -> None:
    assert CHAIN.bones.tolist() == [0, 0, 1]
    assert CHAIN.edges == ((0, 1), (1, 2))
    assert CHAIN.adjacency().tolist() == [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    assert CHAIN.hops.tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    assert CHAIN.centre_hops.tolist() == [0, 1, 2]
    np.testing.assert_allclose(CHAIN.bone_lengths, [0, 0.509902, 0.509902], atol=1e-6)
    assert CHAIN.reference_length == pytest.approx(1.0198039)


def test_partitions_of_the_chain_by_hand() -> None:
    third, half = 1 / 3, 1 / 2
    np.testing.assert_allclose(
        CHAIN.partition("uniform"), [[[half, third, 0], [half, third, half], [0, third, half]]]
    )
    np.testing.assert_allclose(
        CHAIN.partition("distance"), [np.eye(3), [[0, half, 0], [1, 0, 1], [0, half, 0]]]
    )
    outwards = [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    inwards = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(CHAIN.partition("spatial"), [np.eye(3), outwards, inwards])


def test_s_links_of_the_chain_by_hand() -> None:
    two_out = [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    two_in = [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    root, out, into = CHAIN.partition("spatial")
    np.testing.assert_array_equal(CHAIN.s_links(2), [root, out, into, two_out, two_in])
    by_hops = CHAIN.s_links(2, form="hops")
    np.testing.assert_allclose(by_hops, np.array([root, out, into, two_out, two_in]) / 3)


def test_joints_equally_far_from_the_centre_are_root() -> None:
    ring = Layout.from_dict(description([-1, 0, 0], extra=[(1, 2)], centre=[0]))
    root, out, into = ring.partition("spatial") > 0
    assert root.tolist() == [[True, False, False], [False, True, True], [False, True, True]]
    assert out.sum() == into.sum() == 2


def test_several_centres_count_to_the_nearest() -> None:
    assert Layout.from_dict(description([-1, 0, 1, 2], centre=[0, 3])).centre_hops.tolist() == [
        0, 1, 1, 0,
    ]  # fmt: skip


def test_an_impulse_moves_outwards_through_the_centripetal_group() -> None:
    layout = load_layout("kinect_v2")
    _, centripetal, centrifugal = layout.partition("spatial")
    impulse = np.zeros(layout.num_joints)
    impulse[layout.index("left_elbow")] = 1.0
    arrived = np.flatnonzero(centripetal.T @ impulse)
    assert [layout.joints[joint] for joint in arrived] == ["left_wrist"]
    arrived = np.flatnonzero(centrifugal.T @ impulse)
    assert [layout.joints[joint] for joint in arrived] == ["left_shoulder"]


def test_an_impulse_reaches_two_hops_through_s_links_of_order_two() -> None:
    layout = load_layout("kinect_v2")
    links = layout.s_links(2)
    impulse = np.zeros(layout.num_joints)
    impulse[layout.index("left_elbow")] = 1.0
    reached = [
        {layout.joints[joint] for joint in np.flatnonzero(link.T @ impulse)} for link in links
    ]
    assert reached == [
        {"left_elbow"},
        {"left_wrist"},
        {"left_shoulder"},
        {"left_hand", "left_thumb"},
        {"spine_shoulder"},
    ]


@pytest.mark.parametrize(("strategy", "number"), [("uniform", 3), ("distance", 4), ("spatial", 7)])
def test_number_of_s_links(strategy: str, number: int) -> None:
    assert load_layout("mads").s_links(3, strategy).shape == (number, 19, 19)


@given(random_layouts())
def test_hops_agree_with_walking(layout: Layout) -> None:
    np.testing.assert_array_equal(layout.hops, hops_by_walking(layout))


@given(random_layouts())
def test_spatial_partition_agrees_with_loops(layout: Layout) -> None:
    np.testing.assert_allclose(layout.partition("spatial"), spatial_by_loops(layout), atol=1e-6)


@given(random_layouts(), st.sampled_from(["uniform", "distance", "spatial"]))
def test_columns_sum_to_one_or_nothing(layout: Layout, strategy: str) -> None:
    for matrices in (layout.partition(strategy), layout.s_links(3, strategy)):
        assert matrices.dtype == np.float32
        sums = matrices.sum(axis=1)
        assert np.all((np.abs(sums - 1) < 1e-5) | (sums < 1 + 1e-5))
    sums = layout.partition(strategy).sum(axis=1)
    assert np.all(np.isclose(sums, 1, atol=1e-5) | (sums == 0))


@given(random_layouts())
def test_s_links_reach_no_farther_than_their_order(layout: Layout) -> None:
    assert np.all(layout.hops[(layout.s_links(2) > 0).any(axis=0)] <= 2)
    by_hops = layout.s_links(2, form="hops")
    np.testing.assert_array_equal((by_hops > 0).any(axis=0), layout.hops <= 2)
    np.testing.assert_allclose(by_hops.sum(axis=(0, 1)), 1, atol=1e-5)


@given(random_layouts(), st.randoms(use_true_random=False))
def test_relabelled_joints_give_relabelled_output(layout: Layout, random: object) -> None:
    order = np.arange(layout.num_joints)
    random.shuffle(order)  # type: ignore[attr-defined]
    other, grid = relabelled(layout, order), np.ix_(order, order)
    np.testing.assert_array_equal(other.hops, layout.hops[grid])
    np.testing.assert_array_equal(other.adjacency(), layout.adjacency()[grid])
    np.testing.assert_array_equal(other.centre_hops, layout.centre_hops[order])
    np.testing.assert_array_equal(other.bone_lengths, layout.bone_lengths[order])
    assert [other.joints[p] for p in other.bones] == [layout.joints[p] for p in layout.bones[order]]
    for strategy in ("uniform", "distance", "spatial"):
        ours, theirs = other.partition(strategy), layout.partition(strategy)
        np.testing.assert_allclose(ours, theirs[:, order][:, :, order], atol=1e-6)
        ours, theirs = other.s_links(3, strategy), layout.s_links(3, strategy)
        np.testing.assert_allclose(ours, theirs[:, order][:, :, order], atol=1e-6)


@given(random_layouts())
def test_parents_come_before_children(layout: Layout) -> None:
    place = {joint: place for place, joint in enumerate(layout.depth_order)}
    assert all(p < 0 or place[p] < place[j] for j, p in enumerate(layout.parents))


def test_arrays_cannot_be_changed() -> None:
    layout = load_layout("kinect_v2")
    for array in (layout.neutral, layout.hops, layout.bones, layout.mirror_permutation):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_results_are_the_same_each_time_and_not_shared() -> None:
    layout = load_layout("mads")
    first = layout.partition()
    first[:] = 7
    np.testing.assert_array_equal(layout.partition(), load_layout("mads").partition())
    assert layout.partition().max() <= 1


def test_unknown_joint_is_told_the_nearest() -> None:
    with pytest.raises(LayoutError, match=r"got 'left_elbo'. Did you mean 'left_elbow'\?"):
        load_layout("kinect_v2").index("left_elbo")


@pytest.mark.parametrize(
    ("order", "options", "message"),
    [
        (0, {}, r"S-link order: expected at least 1, got 0\."),
        (1, {"strategy": "spatail"}, r"got 'spatail'. Did you mean 'spatial'\?"),
        (1, {"form": "hop"}, r"S-link form: .* Did you mean 'hops'\?"),
        (1, {"form": "hops", "strategy": "uniform"}, r"expected strategy 'spatial', got 'uniform'"),
    ],
)
def test_bad_s_links(order: int, options: dict[str, str], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        CHAIN.s_links(order, **options)


def test_unknown_strategy() -> None:
    with pytest.raises(LayoutError, match="partition strategy: expected one of"):
        CHAIN.partition("radial")
