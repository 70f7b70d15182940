"""Recordings as PyG graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from skelgraph.graphs import Layout

if TYPE_CHECKING:
    from torch_geometric.data import Data

    from skelgraph.data.dataset import Batch


def to_data(batch: Batch, layout: Layout) -> Data:
    """Turn a batch of one window into a graph; see `ClipSet.to_pyg`."""
    present = batch.bodies[0].nonzero().flatten()
    if len(present) == 0:
        present = torch.zeros(1, dtype=torch.int64)
    graph = graph_of(layout, present.tolist())
    sequences = batch.positions[0, ..., present].permute(3, 2, 1, 0)  # (P, V, T, C)
    visible = batch.visible[0, ..., present].permute(2, 1, 0)  # (P, V, T)
    graph.x = sequences.flatten(0, 1)
    graph.visible = visible.flatten(0, 1)
    graph.y = batch.label
    return graph


def graph_of(layout: Layout, bodies: Sequence[int]) -> Data:
    """Give the graph of some bodies, once the layout's for each, without what they do.

    Args:
        layout: Their skeleton.
        bodies: Their slots, P.

    Returns:
        `Data` with pos (P*V, 3), edge_index, edge_type, body (P*V,), joint_names, num_nodes.
    """
    graph = layout.to_data()
    joints, count = layout.num_joints, len(bodies)
    shift = torch.arange(count).repeat_interleave(graph.edge_index.shape[1]) * joints
    graph.pos = torch.cat([torch.tensor(layout.neutral_of(body)) for body in bodies])
    graph.edge_index = graph.edge_index.repeat(1, count) + shift
    graph.edge_type = graph.edge_type.repeat(count)
    graph.body = torch.tensor(bodies, dtype=torch.int64).repeat_interleave(joints)
    graph.num_nodes = count * joints
    return graph
