"""Adjacency split into partitions, and their powers: the S-links.

Everywhere `A[k, u, v]` is the weight from joint u to joint v, so that features X of shape (V, C)
are passed on by `A[k].T @ X`. Every matrix is normalised over the senders of a receiver: each
column sums to 1, or to 0 where a joint has no sender in that partition.
"""

from __future__ import annotations

import numpy as np

from skelgraph.errors import LayoutError, unknown_name

STRATEGIES = ("uniform", "distance", "spatial")
S_LINK_FORMS = ("powers", "hops")


def normalise_columns(matrices: np.ndarray) -> np.ndarray:
    """Divide each column by its sum; a column of zeros stays.

    Args:
        matrices: Weights from u to v, shape (..., V, V).

    Returns:
        float32, the same shape.

    Example:
        >>> normalise_columns(np.array([[1.0, 0.0], [1.0, 0.0]])).tolist()
        [[0.5, 0.0], [0.5, 0.0]]
    """
    total = matrices.sum(axis=-2, keepdims=True)
    return (matrices / np.where(total > 0, total, 1.0)).astype(np.float32)


def split_by_centre(matrix: np.ndarray, centre_hops: np.ndarray) -> np.ndarray:
    """Split links by which end is nearer the centre: root, centripetal, centrifugal.

    Root keeps links between joints equally far (a joint's link to itself among them);
    centripetal those whose sender u is nearer the centre than the receiver v, so that features
    move outwards, from parent to child; centrifugal those whose sender is farther, inwards.

    Args:
        matrix: Links from u to v, shape (V, V).
        centre_hops: Hops of each joint to the centre, shape (V,).

    Returns:
        The three parts, which sum to `matrix`, shape (3, V, V).

    Source:
        Yan et al. 2018, equation 8, arXiv:1801.07455: the groups are named by where the
        neighbour (sender) lies, as seen from the joint that receives.
    """
    sender, receiver = centre_hops[:, None], centre_hops[None, :]
    groups = (sender == receiver, sender < receiver, sender > receiver)
    return np.stack([np.where(group, matrix, 0.0) for group in groups])


def partition(hops: np.ndarray, centre_hops: np.ndarray, *, strategy: str) -> np.ndarray:
    """Split each joint's neighbourhood (itself and the joints one hop away) into groups.

    Args:
        hops: Hops between joints, shape (V, V).
        centre_hops: Hops of each joint to the nearest centre joint, shape (V,).
        strategy: 'uniform' (one group), 'distance' (the joint itself; its neighbours) or
            'spatial' (root; centripetal; centrifugal, see `split_by_centre`).

    Returns:
        Weights from u to v, each matrix normalised by column, float32, shape (K, V, V) with K
        1, 2 or 3.

    Raises:
        LayoutError: If the strategy is unknown.

    Source:
        Yan et al. 2018, section 3.3, arXiv:1801.07455; each partition is normalised by its own
        degree as in Li et al. 2019, arXiv:1904.12659 (ST-GCN's code shares one degree).
    """
    near = (hops <= 1).astype(np.float32)
    if strategy == "uniform":
        groups = near[None]
    elif strategy == "distance":
        groups = np.stack([(hops == 0), (hops == 1)]).astype(np.float32)
    elif strategy == "spatial":
        groups = split_by_centre(near, centre_hops)
    else:
        raise LayoutError(unknown_name("partition strategy", strategy, STRATEGIES))
    return normalise_columns(groups)


def powers(matrix: np.ndarray, *, order: int) -> list[np.ndarray]:
    """Multiply a matrix with itself: powers 1 to `order`."""
    result = [matrix]
    for _ in range(order - 1):
        result.append(result[-1] @ matrix)
    return result


def s_links_by_powers(partitions: np.ndarray, *, order: int) -> np.ndarray:
    """Raise each partition to the powers 1 to `order`; the root or self partition stays once.

    Args:
        partitions: What `partition` returns, shape (K, V, V).
        order: Largest power L, in hops.

    Returns:
        One partition: L matrices. Two: 1 + L. Three: 1 + 2 L, ordered root, then centripetal
        and centrifugal of power 1, of power 2, and so on. Shape (K', V, V).

    Source:
        Li et al. 2019, section 3.2, arXiv:1904.12659. The root group is taken once, since its
        powers add no reach.
    """
    if len(partitions) == 1:
        return np.stack(powers(partitions[0], order=order))
    by_group = [powers(matrix, order=order) for matrix in partitions[1:]]
    by_power = [matrix for same_power in zip(*by_group, strict=True) for matrix in same_power]
    return np.stack([partitions[0], *by_power])


def s_links_by_hops(hops: np.ndarray, centre_hops: np.ndarray, *, order: int) -> np.ndarray:
    """Link joints exactly l hops apart, l = 0 to `order`, split by the centre.

    Returns:
        Hop 0, then for each l two matrices: senders nearer the centre or equally far, and
        senders farther from it. All of them together are normalised by column once.
        Shape (1 + 2 L, V, V).

    Source:
        The release of Li et al. 2019 (its graph of nine matrices at L = 4). Joints on different
        branches are linked too, unlike in the powers of a directed partition.
    """
    reach = normalise_columns((hops <= order).astype(np.float32))
    matrices = [np.where(hops == 0, reach, 0.0)]
    for hop in range(1, order + 1):
        root, nearer, farther = split_by_centre(np.where(hops == hop, reach, 0.0), centre_hops)
        matrices += [root + nearer, farther]
    return np.stack(matrices).astype(np.float32)
