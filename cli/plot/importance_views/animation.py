"""Importance on a clip that moves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing

SLOW_MS = 100  # how long a picture of an animation stands where no frame rate is known


def animate(
    path: Path, importance: Importance, *, standing: Standing, title: str, force: bool
) -> None:
    """Write a clip as it moves, each joint in the colour of its importance."""
    from skelgraph.cli.animation_file import write_animation
    from skelgraph.plots.importance_motion import importance_pictures
    from skelgraph.training.explained import motion_of, shares

    motion = motion_of(importance)
    values = importance.values[0]
    if importance.timed:
        values = shares(values[:, : len(motion.positions)]).swapaxes(0, 1)
    else:
        values = shares(values)
    step = None if motion.fps is None else 1000 * motion.step / motion.fps
    pictures = importance_pictures(
        importance.layout,
        motion.positions,
        motion.visible & importance.present[0][None, :, None],
        values,
        step_ms=step,
        standing=standing,
        title=title,
    )
    write_animation(path, pictures, step_ms=step or SLOW_MS, force=force)
