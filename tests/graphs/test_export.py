"""Layouts for PyG and networkx."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch

from skelgraph.errors import LayoutError
from skelgraph.graphs import available_layouts, load_layout
from skelgraph.graphs.export import to_data

# torch_geometric itself still calls torch.jit as it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


@pytest.mark.parametrize("name", available_layouts())
def test_data_is_valid(name: str) -> None:
    layout = load_layout(name)
    data = layout.to_data()
    assert data.validate()
    assert data.is_undirected()
    assert not data.has_self_loops()
    assert data.num_nodes == layout.num_joints
    assert data.num_edges == 2 * layout.num_edges == len(data.edge_type)
    assert data.joint_names == list(layout.joints)
    np.testing.assert_array_equal(data.pos.numpy(), layout.neutral)


def test_edge_types() -> None:
    layout = load_layout("openpose_upper8_hands")
    data = layout.to_data()
    counts = torch.bincount(data.edge_type, minlength=3).tolist()
    assert dict(zip(data.edge_types, counts, strict=True)) == {
        "bone": 2 * 47, "extra": 2 * 6, "virtual": 2 * 2,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_pose"])
def test_s_links_up_to_an_order(name: str) -> None:
    layout = load_layout(name)
    data = layout.to_data(order=3)
    assert data.validate()
    for hop in (2, 3):
        chosen = data.edge_index[:, data.edge_type == data.edge_types.index(f"s_link_{hop}")]
        assert chosen.shape[1] == (layout.hops == hop).sum()
        assert (layout.hops[tuple(chosen.numpy())] == hop).all()
    with pytest.raises(LayoutError, match="order of S-links: expected at least 1, got 0"):
        to_data(layout, order=0)


@pytest.mark.parametrize("strategy", ["uniform", "distance", "spatial"])
@pytest.mark.parametrize("name", ["kinect_v2", "mediapipe_pose", "openpose_upper8_hands"])
def test_message_passing_agrees_with_the_dense_matrix(name: str, strategy: str) -> None:
    from torch_geometric.nn import SimpleConv
    from torch_geometric.utils import dense_to_sparse

    layout = load_layout(name)
    features = torch.randn(layout.num_joints, 4, generator=torch.Generator().manual_seed(0))
    for matrix in torch.from_numpy(layout.partition(strategy)):
        edge_index, weight = dense_to_sparse(matrix)
        passed = SimpleConv(aggr="sum")(features, edge_index, weight)
        torch.testing.assert_close(passed, matrix.T @ features)


def test_gcn_agrees_with_the_normalised_adjacency() -> None:
    from torch_geometric.nn import GCNConv

    layout = load_layout("mads")
    data = layout.to_data()
    features = torch.randn(layout.num_joints, 5, generator=torch.Generator().manual_seed(1))
    conv = GCNConv(5, 3, bias=False)
    adjacency = torch.from_numpy(layout.adjacency())
    scale = adjacency.sum(0).rsqrt()
    dense = (scale[:, None] * adjacency * scale).T @ conv.lin(features)
    torch.testing.assert_close(conv(features, data.edge_index), dense)


@pytest.mark.parametrize("name", available_layouts())
def test_networkx(name: str) -> None:
    layout = load_layout(name)
    graph = layout.to_networkx()
    assert networkx.is_connected(graph)
    assert graph.number_of_nodes() == layout.num_joints
    assert graph.number_of_edges() == layout.num_edges
    for joint, lengths in networkx.all_pairs_shortest_path_length(graph):
        for other, hops in lengths.items():
            assert layout.hops[layout.index(joint), layout.index(other)] == hops


def test_networkx_attributes() -> None:
    graph = load_layout("coco17").to_networkx()
    assert graph.edges["nose", "left_shoulder"]["kind"] == "virtual"
    assert graph.edges["left_hip", "right_hip"]["kind"] == "extra"
    assert graph.edges["left_hip", "right_hip"]["length"] == pytest.approx(0.19)
    assert graph.nodes["nose"]["index"] == 0
