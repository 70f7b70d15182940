"""Graphs for PyG: a `.pt` file of plain dictionaries of tensors, a graph a clip.

`torch.load(path)` reads it with weights_only, running nothing; `load_graphs` makes
`torch_geometric.data.Data` of it, and so does `Data.from_dict` of each of `graphs`. Nodes are the
joints of the bodies that are seen, body after body, as in `ClipSet.to_pyg`, but positions are as
recorded: neither scaled nor centred, zeros where a joint was not seen.

Beside the graphs stand `layout` (whole), `class_names`, `units`, `axes`, `fps`, `width`,
`height`. PyTorch writes a file at once: all frames are in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import all_clips
from skelgraph.data.formats.writing.told import Losses
from skelgraph.data.store import Store
from skelgraph.errors import FormatError

if TYPE_CHECKING:
    from torch_geometric.data import Data

ENDINGS = (".pt", ".pth")
FORMAT = "skelgraph graphs"
SCHEMA_VERSION = 1


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written: nothing does."""
    return []


def losses(store: Store) -> Losses:
    """List what the file does not hold: nothing of the clips is lost."""
    return {}


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as one file of graphs."""
    import torch

    edges = _Edges(store)
    document = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "layout": store.layout.to_dict(),
        "class_names": list(store.class_names),
        "units": store.units,
        "axes": list(store.axes),
        "fps": store.fps,
        "width": store.width,
        "height": store.height,
        "num_bodies": store.num_bodies,
        "graphs": [_graph(clip, edges) for clip in all_clips(store, track)],
    }
    torch.save(document, target)


def load_graphs(path: str | Path) -> list[Data]:
    """Read the graphs that `write` wrote.

    Returns:
        For each clip a `Data` with x (P*V, T, C), visible (P*V, T), confidence (P*V, T) where
        there are scores, pos (P*V, 3), edge_index, edge_type, body (P*V,), y (1,), -1 where
        unlabelled, num_nodes, and clip, source, subject, camera, setup, repetition and further
        columns.

    Raises:
        FormatError: If the file is another one or damaged.
    """
    import torch
    from torch_geometric.data import Data

    try:
        document = torch.load(path, weights_only=True)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError("something else")
        return [Data.from_dict(graph) for graph in document["graphs"]]
    except (OSError, ValueError, RuntimeError, KeyError, EOFError, TypeError) as error:
        raise FormatError(
            f"{path}: expected graphs that skelgraph wrote, got '{str(error)[:100]}'. Write them "
            "with `skelgraph convert STORE FILE.pt --format pyg`."
        ) from error


class _Edges:
    """Edges, neutral positions and slots for some bodies; graphs of the same bodies share them."""

    def __init__(self, store: Store) -> None:
        self.layout = store.layout
        self._made: dict[tuple[int, ...], dict[str, Any]] = {}

    def of(self, bodies: tuple[int, ...]) -> dict[str, Any]:
        if bodies not in self._made:
            from skelgraph.data.graph_item import graph_of

            graph = graph_of(self.layout, bodies)
            self._made[bodies] = {
                key: graph[key] for key in ("edge_index", "edge_type", "pos", "body")
            }
        return self._made[bodies]


def _graph(clip: Clip, edges: _Edges) -> dict[str, Any]:
    import torch

    seen = clip.seen
    bodies = np.flatnonzero(seen.any(axis=(0, 2)))
    points = np.where(np.isnan(clip.keypoints), np.float32(0), clip.keypoints)[:, bodies]
    graph: dict[str, Any] = {
        "x": _nodes_first(points),
        "visible": _nodes_first(seen[:, bodies]),
        **(
            {}
            if clip.confidence is None
            else {"confidence": _nodes_first(clip.confidence[:, bodies])}
        ),
        **edges.of(tuple(bodies.tolist())),
        "y": torch.tensor([-1 if clip.label is None else clip.label]),
        "num_nodes": len(bodies) * clip.layout.num_joints,
        "clip": clip.name,
        "source": clip.source,
        **{key: int(getattr(clip, key)) for key in CLIP_NUMBERS},
    }
    if clip.confidence is not None:
        graph["confidence"] = _nodes_first(clip.confidence[:, bodies])
    return graph | {f"column_{key}": str(value) for key, value in clip.extra.items()}


def _nodes_first(values: np.ndarray) -> Any:
    """Turn (T, P, V, ...) into (P*V, T, ...)."""
    import torch

    nodes = np.moveaxis(values, 0, 2)
    return torch.from_numpy(nodes.reshape(-1, *nodes.shape[2:]).copy())
