"""Importance to a file: which clips are drawn, by which view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skelgraph.cli.picture_file import moves
from skelgraph.cli.plot.importance_views.animation import animate
from skelgraph.cli.plot.importance_views.classes import draw_classes
from skelgraph.cli.plot.importance_views.groups import groups_of, one_group
from skelgraph.cli.plot.importance_views.pair import draw_pair
from skelgraph.cli.plot.importance_views.parts import draw_parts
from skelgraph.cli.plot.importance_views.single import draw_single
from skelgraph.cli.plot.importance_views.standing import standing_of
from skelgraph.cli.plot.importance_views.summary import summary
from skelgraph.cli.plot.importance_views.titles import heading, method_words, source_words
from skelgraph.cli.plot.importance_views.wanted import Wanted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing


def draw_importance(
    path: Path,
    source: Path,
    clips: Path | None,
    wanted: Wanted,
    *,
    method: str | None,
    split: str,
    device: str,
    checked: Path | None,
    force: bool,
) -> dict[str, Any]:
    """Write the figure or the animation.

    Returns:
        For `--json`: the method, its standing, and each group's greatest joints.
    """
    from skelgraph.files import check_free
    from skelgraph.training.devices import pick_device
    from skelgraph.training.explained import both_importances, importance_of

    check_free(path, force=force)
    options: dict[str, Any] = {"method": method, "part": split, "device": pick_device(device)}
    if wanted.before is not None:
        groups = dict(
            zip(
                ("before", "after"),
                both_importances(wanted.before, source, clips, **options),
                strict=True,
            )
        )
        groups = {name: one_group(one, wanted) for name, one in groups.items()}
    else:
        groups = groups_of(importance_of(source, clips, **options), wanted)
    first = next(iter(groups.values()))
    standing = standing_of(first.method, checked)
    title = f"{method_words(first)}, {source_words(source, clips, split)}"
    _write(path, groups, wanted, standing=standing, title=title, force=force)
    return {
        "method": first.method,
        "believed": standing.believed,
        "groups": [summary(name, group) for name, group in groups.items()],
    }


def _write(
    path: Path,
    groups: dict[str, Importance],
    wanted: Wanted,
    *,
    standing: Standing,
    title: str,
    force: bool,
) -> None:
    from skelgraph.cli.figure_file import write_figure

    if moves(path):
        one = heading(groups, title)
        animate(path, groups[""], standing=standing, title=one, force=force)
        return
    write_figure(path, lambda: _figure(groups, wanted, standing, title=title), force=force)


def _figure(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
    if wanted.difference or wanted.before is not None:
        return draw_pair(groups, wanted, standing, title=title)
    if wanted.by_class:
        return draw_classes(groups, wanted, standing, title=title)
    if wanted.view == "parts":
        return draw_parts(groups, standing, title=heading(groups, title))
    return draw_single(groups[""], wanted, standing, title=heading(groups, title))
