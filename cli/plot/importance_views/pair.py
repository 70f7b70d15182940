"""Two groups of clips, and their difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.cli.plot.importance_views.wanted import Wanted
    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing


def draw_pair(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
    """Draw both mean maps, and after less before or the first less the second."""
    from skelgraph.plots.importance_pair import pair_figure
    from skelgraph.training.explained import shares

    (one, first), (other, second) = groups.items()
    maps = [shares(group.mean_joints()) for group in (first, second)]
    later = wanted.before is not None
    difference = maps[1] - maps[0] if later else maps[0] - maps[1]
    change = "after less before" if later else f"{one} less {other}"
    kept = (
        f", {wanted.classes[0] if wanted.classes else wanted.clip}"
        if (later and (wanted.classes or wanted.clip))
        else ""
    )
    return pair_figure(
        first.layout,
        maps[0],
        maps[1],
        difference,
        names=(f"{one}\n{len(first)} clips", f"{other}\n{len(second)} clips", change),
        standing=standing,
        title=f"{title}{kept}",
    )
