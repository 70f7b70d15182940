"""A named skeleton and everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from skelgraph.errors import LayoutError, unknown_name
from skelgraph.graphs import hops as hops_module
from skelgraph.graphs import partition as partition_module

if TYPE_CHECKING:
    import networkx
    from torch_geometric.data import Data

PEOPLE = "people"
HANDS = "hands"
INSTANCES = (PEOPLE, HANDS)
SLOTS = ("left", "right")


@dataclass(frozen=True)
class Component:
    """One layout inside a composite.

    Args:
        layout: Name of the layout that was joined in.
        prefix: What stands before its joint names in the composite.
        slot: 'left' or 'right' for a hand, else None.
        joints: Its joints in the composite, in its own order.
    """

    layout: str
    prefix: str
    slot: str | None
    joints: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """A skeleton: joints, bones, neutral pose, and what is derived from them.

    Two layouts are equal if `to_dict` is, whatever their rules. Arrays are read-only.

    Args:
        name: What `--layout` takes.
        title: One line for people.
        source: Where the joint order comes from.
        joints: Joint names, in the order of axis V.
        parents: Parent joint of each joint, -1 at the root.
        extra_edges: Pairs of joints that are adjacent but no bone, as (u, v).
        virtual: Joints whose bone to the parent joins loose parts and is no real bone.
        centre: Joints of the centre: hops count to the nearest, the origin is their mean.
        mirror_pairs: Joints that swap when left and right swap, as (left, right).
        parts: Named groups of joints; a joint is in one at most.
        neutral: Neutral pose in metres, house frame, shape (V, 3). Of layouts with instances
            'hands' it is a right hand.
        reference: Two groups of joints, the distance of whose means measures size.
        instances: 'people' (unordered) or 'hands' (slot 0 left, slot 1 right).
        max_bodies: Slots on axis M unless asked otherwise.
        components: What a composite was joined from, empty for others.
        rules: How its joints are taken from other layouts where names do not say it: name of
            the other -> joint -> the joint that it is there, several whose mean it is, or none
            (it stays missing though the other has a joint of that name).
    """

    name: str
    title: str
    source: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    neutral: np.ndarray
    centre: tuple[int, ...]
    reference: tuple[tuple[int, ...], tuple[int, ...]]
    extra_edges: tuple[tuple[int, int], ...] = ()
    virtual: tuple[int, ...] = ()
    mirror_pairs: tuple[tuple[int, int], ...] = ()
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    instances: str = PEOPLE
    max_bodies: int = 2
    components: tuple[Component, ...] = ()
    rules: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Micrometres are enough, and make float32 survive the way through JSON exactly.
        metres = np.round(np.asarray(self.neutral, dtype=np.float64), 6)
        object.__setattr__(self, "neutral", _read_only(metres.astype(np.float32)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        return self is other or self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.joints, self.parents))

    def __repr__(self) -> str:
        return f"Layout({self.name!r}, num_joints={self.num_joints}, num_edges={self.num_edges})"

    @property
    def num_joints(self) -> int:
        """Number of joints V."""
        return len(self.joints)

    @property
    def num_edges(self) -> int:
        """Number of edges, each counted once: bones and extra edges."""
        return len(self.edges)

    @property
    def root(self) -> int:
        """The joint without a parent."""
        return self.parents.index(-1)

    def index(self, joint: str) -> int:
        """Find a joint's place on axis V.

        Raises:
            LayoutError: If there is no such joint; the nearest name is given.
        """
        try:
            return self._places[joint]
        except KeyError:
            message = unknown_name(f"joint of layout '{self.name}'", joint, self.joints)
            raise LayoutError(message) from None

    def indices(self, joints: Sequence[str]) -> tuple[int, ...]:
        """Find the places of several joints, as `index` does."""
        return tuple(self.index(joint) for joint in joints)

    @cached_property
    def bones(self) -> np.ndarray:
        """Parent of each joint, the root's being itself, int64, shape (V,)."""
        own = np.arange(self.num_joints)
        parents = np.asarray(self.parents, dtype=np.int64)
        return _read_only(np.where(parents < 0, own, parents))

    @cached_property
    def bone_lengths(self) -> np.ndarray:
        """Length of each bone of the neutral pose in metres, 0 at the root, float32, shape (V,)."""
        return _read_only(np.linalg.norm(self.neutral - self.neutral[self.bones], axis=1))

    @cached_property
    def depth_order(self) -> tuple[int, ...]:
        """Joints ordered so that every parent comes before its children."""
        return tuple(sorted(range(self.num_joints), key=self._depth))

    @cached_property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Bones as (parent, joint), then extra edges, each once."""
        return (*hops_module.tree_edges(self.parents), *self.extra_edges)

    def adjacency(self, *, self_loops: bool = True) -> np.ndarray:
        """Mark joints that an edge joins: symmetric 0 and 1, float32, shape (V, V)."""
        return hops_module.adjacency_matrix(self.num_joints, self.edges, self_loops=self_loops)

    @cached_property
    def hops(self) -> np.ndarray:
        """Edges on the shortest path between joints, untruncated, float32, shape (V, V)."""
        return _read_only(hops_module.hop_distances(self.num_joints, self.edges))

    @cached_property
    def centre_hops(self) -> np.ndarray:
        """Hops of each joint to the nearest centre joint, float32, shape (V,)."""
        return _read_only(self.hops[list(self.centre)].min(axis=0))

    def partition(self, strategy: str = "spatial") -> np.ndarray:
        """Split each joint's neighbourhood into groups, each normalised by column.

        `A[k, u, v]` is the weight from joint u to joint v; each column of each matrix sums to
        1, or to 0 without a sender. See `skelgraph.graphs.partition.partition`.

        Args:
            strategy: 'uniform' (K = 1), 'distance' (K = 2: itself, neighbours) or 'spatial'
                (K = 3: root; centripetal, the sender is nearer the centre; centrifugal).

        Returns:
            float32, shape (K, V, V).

        Raises:
            LayoutError: If the strategy is unknown.
        """
        return partition_module.partition(self.hops, self.centre_hops, strategy=strategy)

    def s_links(self, order: int, strategy: str = "spatial", *, form: str = "powers") -> np.ndarray:
        """Link each joint with those up to `order` hops away: structural links.

        Args:
            order: Farthest reach L, in hops, at least 1.
            strategy: As in `partition`.
            form: 'powers' of each partition (the paper), or exact 'hops' with one shared
                normalisation (its released code; strategy 'spatial' only).

        Returns:
            Weights from u to v, float32, shape (K', V, V): K' = L for 'uniform', 1 + L for
            'distance', 1 + 2 L for 'spatial' (root, then centripetal and centrifugal of each
            order in turn).

        Raises:
            LayoutError: If order, strategy or form do not exist or do not go together.
        """
        if order < 1:
            raise LayoutError(f"S-link order: expected at least 1, got {order}. Give the hops.")
        if form not in partition_module.S_LINK_FORMS:
            raise LayoutError(unknown_name("S-link form", form, partition_module.S_LINK_FORMS))
        if form == "powers":
            return partition_module.s_links_by_powers(self.partition(strategy), order=order)
        if strategy != "spatial":
            raise LayoutError(
                f"S-link form 'hops': expected strategy 'spatial', got '{strategy}'. "
                "Use form 'powers' with other strategies."
            )
        return partition_module.s_links_by_hops(self.hops, self.centre_hops, order=order)

    @cached_property
    def mirror_permutation(self) -> np.ndarray:
        """Joint that takes each joint's place when left and right swap, int64, shape (V,).

        Twice it is the identity. A single hand keeps its joints: its bodies swap slots instead.
        """
        permutation = np.arange(self.num_joints)
        for left, right in self.mirror_pairs:
            permutation[left], permutation[right] = right, left
        return _read_only(permutation)

    @cached_property
    def reference_length(self) -> float:
        """Distance between the means of the two reference groups in the neutral pose, metres."""
        first, second = (self.neutral[list(group)].mean(axis=0) for group in self.reference)
        return float(np.linalg.norm(first - second))

    def neutral_of(self, body: int) -> np.ndarray:
        """Give the neutral pose of a body slot: slot 0 of 'hands' is the mirrored, left hand.

        Returns:
            Metres, house frame, shape (V, 3).
        """
        if self.instances == HANDS and body == 0:
            return self.neutral * np.array([-1, 1, 1], dtype=np.float32)
        return self.neutral

    def to_data(self, *, order: int = 1) -> Data:
        """Describe the graph as a PyG `Data`, see `skelgraph.graphs.export.to_data`."""
        from skelgraph.graphs.export import to_data

        return to_data(self, order=order)

    def to_networkx(self) -> networkx.Graph[str]:
        """Describe the graph for networkx, see `skelgraph.graphs.export.to_networkx`."""
        from skelgraph.graphs.export import to_networkx

        return to_networkx(self)

    def subset(self, joints: Sequence[str], *, name: str | None = None) -> Layout:
        """Keep some joints, in the order given, see `skelgraph.graphs.composing.subset`."""
        from skelgraph.graphs.composing import subset

        return subset(self, joints, name=name)

    def to_dict(self) -> dict[str, Any]:
        """Describe the skeleton completely in JSON's types, joints by name; see `from_dict`."""
        from skelgraph.graphs.description import describe

        return describe(self)

    @staticmethod
    def from_dict(description: Mapping[str, Any], *, where: str = "layout") -> Layout:
        """Build a layout from what `to_dict` or a YAML file gives.

        Args:
            description: Keys as in a layout file.
            where: What a message calls the description, for instance its file.

        Raises:
            LayoutError: If anything is wrong with it; all faults are listed.
        """
        from skelgraph.graphs.description import build

        return build(description, where=where)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {joint: place for place, joint in enumerate(self.joints)}

    def _depth(self, joint: int) -> int:
        depth = 0
        while self.parents[joint] >= 0:
            joint, depth = self.parents[joint], depth + 1
        return depth


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
