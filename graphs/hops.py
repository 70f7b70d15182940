"""Edges of a skeleton and the distances along them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Edge = tuple[int, int]


def tree_edges(parents: Sequence[int]) -> tuple[Edge, ...]:
    """List the bones as (parent, joint), the root left out.

    Example:
        >>> tree_edges((-1, 0, 1))
        ((0, 1), (1, 2))
    """
    return tuple((parent, joint) for joint, parent in enumerate(parents) if parent >= 0)


def adjacency_matrix(num_joints: int, edges: Sequence[Edge], *, self_loops: bool) -> np.ndarray:
    """Mark the joints that an edge joins, in both directions.

    Returns:
        Symmetric float32 matrix of 0 and 1, shape (V, V).

    Example:
        >>> adjacency_matrix(3, [(0, 1), (1, 2)], self_loops=False).tolist()
        [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    matrix = np.eye(num_joints, dtype=np.float32) * float(self_loops)
    for first, second in edges:
        matrix[first, second] = matrix[second, first] = 1.0
    return matrix


def hop_distances(num_joints: int, edges: Sequence[Edge]) -> np.ndarray:
    """Count the edges on the shortest path between every pair of joints.

    Returns:
        Symmetric float32 matrix with a zero diagonal, inf where no path leads, shape (V, V).

    Source:
        Yan et al. 2018, section 3.3, arXiv:1801.07455. Never truncated; the released code
        truncates before it compares distances, so that most joints count as infinitely far.

    Example:
        >>> hop_distances(3, [(0, 1), (1, 2)])[0].tolist()
        [0.0, 1.0, 2.0]
    """
    neighbours = adjacency_matrix(num_joints, edges, self_loops=True) > 0
    distances = np.full((num_joints, num_joints), np.inf, dtype=np.float32)
    reached = np.eye(num_joints, dtype=bool)
    for hop in range(num_joints):
        distances[reached & np.isinf(distances)] = hop
        reached = reached @ neighbours
    return distances
