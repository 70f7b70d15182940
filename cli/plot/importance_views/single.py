"""One group of clips: on the skeleton, over time, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skelgraph.errors import RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.cli.plot.importance_views.wanted import Wanted
    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing
    from skelgraph.plots.joint_time import Phase, Span
    from skelgraph.training.explained import ClipMotion


def draw_single(
    importance: Importance, wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
    """Draw the mean map in the view that is asked for, or that the method allows.

    Raises:
        RunError: If the method or the view has not what is asked for, or a moment lies outside
            the clip.
    """
    from skelgraph.explain.methods import find_method
    from skelgraph.plots.importance import importance_figure
    from skelgraph.plots.joint_time import WHOLE_CLIP
    from skelgraph.training.explained import mean_frames, motion_of, shares

    only_frames = find_method(importance.method).finds == "frames"
    view = wanted.view or ("both" if importance.timed and not only_frames else "skeleton")
    if wanted.view is None and only_frames:
        view = "time"
    if only_frames and view in ("both", "skeleton"):
        raise RunError(
            f"--view {view}: expected a method that tells joints apart, got "
            f"'{importance.method}'. Give --view time, or another --method."
        )
    if wanted.marked and view == "skeleton":
        raise RunError(
            "phases: expected a view over time, got the skeleton alone. Give --view time and a "
            "--method that tells frames apart, such as integrated_gradients."
        )
    joints = None if view == "time" else shares(importance.mean_joints())
    frames = None if view == "skeleton" else shares(mean_frames(importance))
    span, phases = WHOLE_CLIP, list[Any]()
    if frames is not None and len(importance) == 1 and wanted.clip is not None:
        motion = motion_of(importance)
        span, phases = _span(motion), _phases(motion, wanted)
    return importance_figure(
        importance.layout, joints, frames, span=span, phases=phases, standing=standing, title=title
    )


def _span(motion: ClipMotion) -> Span:
    from skelgraph.plots.joint_time import seconds

    return seconds(motion.length, motion.fps)


def _phases(motion: ClipMotion, wanted: Wanted) -> list[Phase]:
    """Moments on the time axis, in its unit."""
    from skelgraph.plots.joint_time import Phase

    frames = dict(motion.phases()) if wanted.find_phases else {}
    for name, frame in wanted.phases.items():
        if not 0 <= frame < motion.length:
            raise RunError(
                f"--phase {name}: expected a frame from 0 to {motion.length - 1}, got {frame:g}. "
                "Count from the clip's first frame."
            )
        frames[name] = frame
    unit = motion.fps or 1.0
    return [Phase(name, frame / unit) for name, frame in frames.items()]
