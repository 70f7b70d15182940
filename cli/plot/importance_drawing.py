"""What `skelgraph plot importance` draws of the importance it was given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skelgraph.cli.picture_file import moves
from skelgraph.errors import ConfigError, RunError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from skelgraph.explain import Importance
    from skelgraph.plots.importance import Standing
    from skelgraph.plots.joint_time import Phase, Span
    from skelgraph.training.explained import ClipMotion

PAGE = 40  # classes on a page
SLOW_MS = 100  # how long a picture of an animation stands where no frame rate is known
TOP = 5


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        clip: One clip, or None for all.
        classes: The classes to keep; several stand beside one another.
        view: "both", "skeleton", "time", "parts" or "classes". None: what the method allows.
        relative: By class: the difference from the classes' mean.
        page: By class: which page.
        difference: Two classes to compare.
        before: What was before.
        find_phases: Mark onset, peak and end.
        phases: Recorded frames to mark, by name.
    """

    clip: str | None = None
    classes: tuple[str, ...] = ()
    view: str | None = None
    relative: bool = False
    page: int = 1
    difference: tuple[str, ...] = ()
    before: Path | None = None
    find_phases: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_class(self) -> bool:
        """Whether classes stand beside one another."""
        return self.view == "classes" or (len(self.classes) > 1 and self.view != "parts")

    @property
    def marked(self) -> bool:
        """Whether moments are marked on the time axis."""
        return self.find_phases or bool(self.phases)

    def check(self, path: Path) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: If options contradict each other.
        """
        if moves(path) and self.clip is None:
            raise ConfigError(
                f"--output {path.name}: expected one clip to move, got all. Give --clip."
            )
        if self.marked and self.clip is None:
            raise ConfigError(
                "phases: expected one clip whose movement has them, got all. Give --clip."
            )
        pair = bool(self.difference) + (self.before is not None)
        if pair > 1 or (pair and (self.view is not None or self.by_class or moves(path))):
            raise ConfigError(
                "--difference, --before: expected one of them, without --view, several --class "
                "and animation, got more. Leave one out."
            )
        if self.clip is not None and (self.classes or self.by_class or self.difference):
            raise ConfigError("--clip: expected no classes beside it, got some. Leave one out.")
        if self.relative and not self.by_class:
            raise ConfigError(
                "--relative: expected classes to compare, got none. Give --view classes, or "
                "--class several times."
            )


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
        groups = {name: _one(one, wanted) for name, one in groups.items()}
    else:
        groups = _groups(importance_of(source, clips, **options), wanted)
    first = next(iter(groups.values()))
    standing = standing_of(first.method, checked)
    title = f"{_words(first)}, {_name_of(source, clips, split)}"
    _write(path, groups, wanted, standing=standing, title=title, force=force)
    return {
        "method": first.method,
        "believed": standing.believed,
        "groups": [_summary(name, group) for name, group in groups.items()],
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
        _write_animation(path, groups[""], standing=standing, title=title, force=force)
        return
    write_figure(path, lambda: _figure(groups, wanted, standing, title=title), force=force)


def _one(importance: Importance, wanted: Wanted) -> Importance:
    """Keep the clip or the one class that is asked for."""
    from skelgraph.training.choosing import clip_places

    if wanted.clip is not None:
        return importance.take(clip_places(importance.names, wanted.clip))
    return importance.of_class(wanted.classes[0]) if wanted.classes else importance


def _groups(importance: Importance, wanted: Wanted) -> dict[str, Importance]:
    """The clips of each group that is drawn; one without a name where nothing is compared."""
    if wanted.difference:
        return {name: importance.of_class(name) for name in wanted.difference}
    if wanted.view == "classes" or len(wanted.classes) > 1:
        names = wanted.classes or _present(importance)
        return {name: importance.of_class(name) for name in names}
    return {"": _one(importance, wanted)}


def _present(importance: Importance) -> list[str]:
    import numpy as np

    own = np.where(importance.label >= 0, importance.label, importance.predicted)
    return [importance.class_names[number] for number in np.unique(own)]


def _figure(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
    if wanted.difference or wanted.before is not None:
        return _pair(groups, wanted, standing, title=title)
    if wanted.by_class:
        return _classes(groups, wanted, standing, title=title)
    if wanted.view == "parts":
        return _parts(groups, standing, title=_heading(groups, title))
    return _map(groups[""], wanted, standing, title=_heading(groups, title))


def _map(importance: Importance, wanted: Wanted, standing: Standing, *, title: str) -> Figure:
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


def _classes(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
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


def _pair(
    groups: dict[str, Importance], wanted: Wanted, standing: Standing, *, title: str
) -> Figure:
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


def _parts(groups: dict[str, Importance], standing: Standing, *, title: str) -> Figure:
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


def _write_animation(
    path: Path, importance: Importance, *, standing: Standing, title: str, force: bool
) -> None:
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
        title=_heading({"": importance}, title),
    )
    write_animation(path, pictures, step_ms=step or SLOW_MS, force=force)


def standing_of(method: str, checked: Path | None) -> Standing:
    """Word how a method did in its check.

    Raises:
        RunError: If the file is not one of `explain --check`, or has not the method.
    """
    from skelgraph.explain.methods import find_method
    from skelgraph.plots.importance import Standing

    if not find_method(method).judged:
        return Standing("asks no model: to compare with, no explanation", believed=False)
    if checked is None:
        return Standing("not checked against chance on this run: skelgraph explain --check")
    try:
        report = json.loads(checked.read_text(encoding="utf-8"))
        found, clips = report["methods"][method], report["num_clips"]
        unit = "frames" if found["finds"] == "frames" else "joints"
        chance = report["random"][unit]
        areas = [
            f"{name} {found[name][0]:.3f} (chance {chance[name][0]:.3f})"
            for name in ("deletion", "insertion")
        ]
        believed = bool(found["beats_random"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise RunError(
            f"{checked}: expected what `explain --check --output FILE.json` writes with method "
            f"'{method}', got something else ({type(error).__name__}: {error}). Check again."
        ) from error
    verdict = "better than chance" if believed else "NOT better than chance"
    return Standing(f"{verdict} on {clips} checked clips of this run: {'; '.join(areas)}", believed)


def _words(importance: Importance) -> str:
    from skelgraph.explain.methods import find_method

    return f"Importance by {find_method(importance.method).title}"


def _name_of(source: Path, clips: Path | None, split: str) -> str:
    from skelgraph.cli.plot.telling import whose_clips

    return source.name if source.suffix == ".npz" else whose_clips(source, clips, split)


def _heading(groups: dict[str, Importance], title: str) -> str:
    """Title of one group: its clip with its classes, or how many clips it is the mean of."""
    import numpy as np

    if len(groups) > 1:
        return title
    (group,) = groups.values()
    if len(group) > 1:
        known = {int(number) for number in np.where(group.label >= 0, group.label, -1)}
        one = known.pop() if len(known) == 1 else -1
        kept = f" of {group.class_names[one]}" if one >= 0 else ""
        return f"{title}, mean of {len(group)} clips{kept}"
    label = f", {group.class_names[group.label[0]]}" if group.label[0] >= 0 else ""
    guess = group.class_names[group.predicted[0]]
    return f"{title}, {group.names[0]}{label} (predicted {guess})"


def _summary(name: str, group: Importance) -> dict[str, Any]:
    import numpy as np

    from skelgraph.graphs.layout import SLOTS
    from skelgraph.training.explained import shares

    joints = shares(group.mean_joints())
    keys: Sequence[tuple[int, int]] = [
        (int(body), int(joint)) for body, joint in np.argwhere(np.isfinite(joints))
    ]
    top = sorted(keys, key=lambda key: -joints[key])[:TOP]
    hands = group.layout.instances == "hands"
    return {
        "group": name or None,
        "num_clips": len(group),
        "top": [
            {
                "body": SLOTS[body] if hands else None,
                "joint": group.layout.joints[joint],
                "share": float(joints[body, joint]),
            }
            for body, joint in top
        ],
    }
