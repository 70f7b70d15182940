"""The graph of a layout for PyG and for networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skelgraph.errors import LayoutError

if TYPE_CHECKING:
    import networkx
    from torch_geometric.data import Data

    from skelgraph.graphs.layout import Layout

EDGE_TYPES = ("bone", "extra", "virtual")


def edge_kinds(layout: Layout) -> list[str]:
    """Name the kind of each of `layout.edges`: 'bone', 'extra' or 'virtual'."""
    bones = [joint for joint, parent in enumerate(layout.parents) if parent >= 0]
    kinds = ["virtual" if joint in layout.virtual else "bone" for joint in bones]
    return kinds + ["extra"] * len(layout.extra_edges)


def to_data(layout: Layout, *, order: int = 1) -> Data:
    """Describe the graph as a PyG `Data`, every edge in both directions.

    Args:
        layout: Skeleton to describe.
        order: Above 1, pairs 2 to `order` hops apart are appended as S-links.

    Returns:
        `edge_index` (2, E): row 0 source, row 1 target; `edge_type` (E,): index into
        `edge_types` ('bone', 'extra', 'virtual', then 's_link_2', ...); `pos` (V, 3) neutral
        pose in metres; `joint_names`; `num_nodes`.

    Raises:
        LayoutError: If the order is below 1.
    """
    import torch
    from torch_geometric.data import Data

    if order < 1:
        raise LayoutError(f"order of S-links: expected at least 1, got {order}. Give the hops.")
    pairs, types = _directed_edges(layout, order=order)
    return Data(
        edge_index=torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t().contiguous(),
        edge_type=torch.tensor(types, dtype=torch.long),
        pos=torch.tensor(layout.neutral),
        joint_names=list(layout.joints),
        edge_types=[*EDGE_TYPES, *(f"s_link_{hop}" for hop in range(2, order + 1))],
        num_nodes=layout.num_joints,
    )


def to_networkx(layout: Layout) -> networkx.Graph[str]:
    """Describe the graph for networkx.

    Returns:
        Undirected; nodes are joint names with `index` and `pos` (metres), edges have `kind`
        ('bone', 'extra' or 'virtual') and `length` in the neutral pose (metres).
    """
    import networkx

    graph: networkx.Graph[str] = networkx.Graph(name=layout.name)
    for index, joint in enumerate(layout.joints):
        graph.add_node(joint, index=index, pos=tuple(layout.neutral[index].tolist()))
    for (u, v), kind in zip(layout.edges, edge_kinds(layout), strict=True):
        length = float(np.linalg.norm(layout.neutral[u] - layout.neutral[v]))
        graph.add_edge(layout.joints[u], layout.joints[v], kind=kind, length=length)
    return graph


def _directed_edges(layout: Layout, *, order: int) -> tuple[list[tuple[int, int]], list[int]]:
    pairs: list[tuple[int, int]] = []
    types: list[int] = []
    for (u, v), kind in zip(layout.edges, edge_kinds(layout), strict=True):
        pairs += [(u, v), (v, u)]
        types += [EDGE_TYPES.index(kind)] * 2
    for hop in range(2, order + 1):
        apart = np.argwhere(layout.hops == hop).tolist()
        pairs += [(u, v) for u, v in apart]
        types += [len(EDGE_TYPES) + hop - 2] * len(apart)
    return pairs, types
