"""Importance summed by part of the body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing


def draw_parts(groups: dict[str, Importance], standing: Standing, *, title: str) -> Figure:
    """Draw bars of the parts' shares, with the middle half of the clips."""
    from skelgraph.plots.importance_parts import parts_figure

    panels = [panel for name, group in groups.items() for panel in _panels(name, group)]
    return parts_figure(panels, standing=standing, title=title)


def _panels(name: str, group: Importance) -> list[tuple[str, list[Any]]]:
    """Bars of a group, a panel a hand where hands have slots."""
    import numpy as np

    from skelgraph.graphs.layout import SLOTS
    from skelgraph.plots.importance_parts import PartBar
    from skelgraph.plots.style import spoken
    from skelgraph.training.explained import part_shares

    found = part_shares(group)
    bodies = next(iter(found.values())).shape[1]
    panels = []
    for body in reversed(range(bodies)):  # the right hand stands on the left
        known = np.isfinite(next(iter(found.values()))[:, body])
        if not known.any():
            continue
        bars = [
            PartBar(
                spoken(part),
                float(values[known, body].mean()),
                *map(float, np.quantile(values[known, body], (0.25, 0.75))),
            )
            for part, values in found.items()
        ]
        words = [name, f"{SLOTS[body]} hand" if bodies > 1 else ""]
        panels.append((", ".join(filter(None, words)), bars))
    return panels
