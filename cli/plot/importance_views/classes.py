"""Importance by class, beside one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skelgraph.errors import RunError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from skelgraph.cli.plot.importance_views.wanted import Wanted
    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing

PAGE = 40  # classes on a page


def draw_classes(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
    """Draw a page of the classes' mean maps.

    Raises:
        RunError: If there is no such page.
    """
    import numpy as np

    from skelgraph.plots.importance import classes_figure
    from skelgraph.training.explained import shares

    pages = -(-len(groups) // PAGE)
    if wanted.page > pages:
        raise RunError(
            f"--page: expected 1 to {pages} for {len(groups)} classes, got {wanted.page}."
            " Give one of those."
        )
    means = np.stack([shares(group.mean_joints()) for group in groups.values()])
    names = [f"{name}\n{len(group)} clips" for name, group in groups.items()]
    shown = slice((wanted.page - 1) * PAGE, wanted.page * PAGE)
    page = "" if pages == 1 else f", page {wanted.page} of {pages}"
    return classes_figure(
        next(iter(groups.values())).layout,
        _less_mean(means)[shown] if wanted.relative else means[shown],
        names[shown],
        relative=wanted.relative,
        standing=standing,
        title=f"{title}, by class{page}",
    )


def _less_mean(means: np.ndarray) -> np.ndarray:
    """The mean is over all classes, also those on other pages."""
    import numpy as np

    known = np.isfinite(means)
    total, count = np.where(known, means, 0.0).sum(axis=0), known.sum(axis=0)
    return means - total / np.maximum(count, 1)
