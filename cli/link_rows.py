"""A-links as rows of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from skelgraph.graphs import Layout


def link_rows(layout: Layout, values: np.ndarray, *, count: int, name: str) -> list[dict[str, Any]]:
    """List each type's strongest links, the strongest of all first.

    Args:
        layout: Skeleton of the joints.
        values: Of each type from u to v, the ghost left out, (M, K, V, V).
        count: Links of each type.
        name: What a value is called.
    """
    from skelgraph.graphs.layout import SLOTS
    from skelgraph.plots.strongest_links import strongest_links

    return [
        {
            "body": SLOTS[link.body] if layout.instances == "hands" else None,
            "type": link.kind + 1,
            "from": layout.joints[link.source],
            "to": layout.joints[link.target],
            name: link.value,
        }
        for link in strongest_links(values, count=count)
    ]
