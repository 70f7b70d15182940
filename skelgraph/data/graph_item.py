"""One window as a PyG graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from skelgraph.graphs import Layout

if TYPE_CHECKING:
    from torch_geometric.data import Data

    from skelgraph.data.dataset import Batch


def to_data(batch: Batch, layout: Layout) -> Data:
    """Turn a batch of one window into a graph; see `ClipSet.to_pyg`."""
    graph = layout.to_data()
    present = batch.bodies[0].nonzero().flatten()
    if len(present) == 0:
        present = torch.zeros(1, dtype=torch.int64)
    joints, count = layout.num_joints, len(present)
    sequences = batch.positions[0, ..., present].permute(3, 2, 1, 0)  # (P, V, T, C)
    visible = batch.visible[0, ..., present].permute(2, 1, 0)  # (P, V, T)
    shift = torch.arange(count).repeat_interleave(graph.edge_index.shape[1]) * joints
    graph.x = sequences.flatten(0, 1)
    graph.visible = visible.flatten(0, 1)
    poses = [torch.tensor(layout.neutral_of(body)) for body in present.tolist()]
    graph.pos = torch.cat(poses)
    graph.edge_index = graph.edge_index.repeat(1, count) + shift
    graph.edge_type = graph.edge_type.repeat(count)
    graph.body = present.repeat_interleave(joints)
    graph.y = batch.label
    graph.num_nodes = count * joints
    return graph
