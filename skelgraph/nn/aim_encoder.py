"""The encoder of A-link inference: how joints move to what links them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from skelgraph.nn.dropout import Dropout
from skelgraph.nn.masked_norm import MaskedBatchNorm


def off_diagonal(pairs: Tensor) -> Tensor:
    """Drop the pairs of a joint with itself: (P, V, V, D) to (P, V, V - 1, D)."""
    bodies, joints, _, width = pairs.shape
    flat = pairs.reshape(bodies, joints * joints, width)[:, 1:]
    blocks = flat.reshape(bodies, joints - 1, joints + 1, width)[:, :, :-1]
    return blocks.reshape(bodies, joints, joints - 1, width)


def with_diagonal(edges: Tensor) -> Tensor:
    """Put zeros where a joint meets itself: (P, V, V - 1, D) to (P, V, V, D)."""
    bodies, joints, others, width = edges.shape
    blocks = functional.pad(edges.reshape(bodies, others, joints, width), (0, 0, 0, 1))
    flat = functional.pad(blocks.reshape(bodies, others * (joints + 1), width), (0, 0, 1, 0))
    return flat.reshape(bodies, joints, joints, width)


class Mlp(nn.Module):
    """Linear, ELU, dropout, linear, ELU, batch norm; the first linear's input may be given split.

    Args:
        in_features: Features in.
        width: Features inside and out.
        dropout: Share dropped between the layers.
    """

    def __init__(self, in_features: int, width: int, *, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(in_features, width)
        self.second = nn.Linear(width, width)
        self.dropout = Dropout(dropout)
        self.norm = MaskedBatchNorm(width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map (P, ..., in_features) to (P, ..., width); mask: rows that count, (P, ...)."""
        return self.finish(self.first(x), mask)

    def on_edges(self, nodes: Tensor, skip: Tensor | None, mask: Tensor | None) -> Tensor:
        """Map each pair's (receiver, sender, skip) without writing them side by side.

        The first linear layer acts on receiver and sender apart, once a joint and not once a
        pair, and the pair's value is their sum.

        Args:
            nodes: Shape (P, V, D).
            skip: Earlier edge features, shape (P, V, V - 1, S), or None.
            mask: Edges that count, bool, shape (P, V, V - 1). None: all.

        Returns:
            Edge features [receiver, sender], shape (P, V, V - 1, width).
        """
        size = nodes.shape[-1]
        weight = self.first.weight
        receiver = functional.linear(nodes, weight[:, :size], self.first.bias)
        sender = functional.linear(nodes, weight[:, size : 2 * size])
        hidden = off_diagonal(receiver[:, :, None] + sender[:, None])
        if skip is not None:
            hidden = hidden + functional.linear(skip, weight[:, 2 * size :])
        return self.finish(hidden, mask)

    def finish(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """All after the first linear layer."""
        hidden = self.second(self.dropout(functional.elu(hidden)))
        hidden = functional.elu(hidden)
        rows = None if mask is None else mask.reshape(-1, 1)
        return self.norm(hidden.flatten(0, -2), rows).view(hidden.shape)


class AimEncoder(nn.Module):
    """Score the link types of every directed pair of joints.

    Args:
        in_features: Values a joint, frames x coordinates.
        num_types: Link types, the ghost included.
        width: Features of every layer.
        dropout: Share dropped in every MLP.
        pair_features: Values known of each pair beside, which add to its scores by a linear
            layer; 0: none, as in the paper.

    Source:
        Li et al. 2019, section 3.2, arXiv:1904.12659, after Kipf et al. 2018,
        arXiv:1802.04687. A joint's incoming edges are averaged over V - 1 (the release divides
        by V); joints never seen send nothing and do not count in the batch norms.
    """

    def __init__(
        self,
        in_features: int,
        num_types: int,
        *,
        width: int = 128,
        dropout: float = 0.5,
        pair_features: int = 0,
    ) -> None:
        super().__init__()
        self.embed = Mlp(in_features, width, dropout=dropout)
        self.to_edge = Mlp(2 * width, width, dropout=dropout)
        self.to_node = Mlp(width, width, dropout=dropout)
        self.to_skip_edge = Mlp(3 * width, width, dropout=dropout)
        self.types = nn.Linear(width, num_types)
        self.pair_types: nn.Linear | None = None
        if pair_features:
            self.pair_types = nn.Linear(pair_features, num_types, bias=False)
            nn.init.zeros_(self.pair_types.weight)

    def forward(
        self, series: Tensor, seen: Tensor | None = None, pairs: Tensor | None = None
    ) -> Tensor:
        """Score link types.

        Args:
            series: Each joint's coordinates over the resampled frames, shape (P, V, F * C),
                frames before coordinates.
            seen: Joints seen, bool, shape (P, V). None: all.
            pairs: Pair features [receiver, sender], shape (P, V, V, pair_features); None where
                there are none.

        Returns:
            Logits [receiver, sender without itself], shape (P, V, V - 1, num_types).
        """
        edges = None if seen is None else seen_edges(seen)
        nodes = self.embed(series, seen)
        skip = self.to_edge.on_edges(nodes, None, edges)
        nodes = self.to_node(mean_of_incoming(skip, seen), seen)
        logits = self.types(self.to_skip_edge.on_edges(nodes, skip, edges))
        if self.pair_types is not None and pairs is not None:
            logits = logits + self.pair_types(off_diagonal(pairs))
        return logits


def seen_edges(seen: Tensor) -> Tensor:
    """Edges between two joints seen: bool (P, V) to (P, V, V - 1), [receiver, sender]."""
    pairs = (seen[:, :, None] & seen[:, None])[..., None]
    return off_diagonal(pairs)[..., 0]


def mean_of_incoming(edges: Tensor, seen: Tensor | None) -> Tensor:
    """Average the edges that reach each joint from joints seen.

    Args:
        edges: Shape (P, V, V - 1, D).
        seen: Joints seen, bool, shape (P, V). None: all.

    Returns:
        Shape (P, V, D); zero for a joint that nothing reaches.
    """
    if seen is None:
        return edges.mean(2)
    senders = seen[:, None, :, None].expand(-1, seen.shape[1], -1, -1)
    weight = off_diagonal(senders).to(edges.dtype)
    return (edges * weight).sum(2) / weight.sum(2).clamp(min=1)
