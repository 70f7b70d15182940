"""What `skelgraph plot attention` draws and writes of the attention it was given."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skelgraph.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from skelgraph.training.attention import AttentionSet


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        clip: One clip, or None for all.
        classes: The classes to keep; several stand beside one another.
        view: "both", "skeleton", "time" or "classes".
        relative: By class: the difference from the classes' mean.
    """

    clip: str | None
    classes: tuple[str, ...]
    view: str
    relative: bool

    @property
    def by_class(self) -> bool:
        """Whether classes stand beside one another."""
        return self.view == "classes" or len(self.classes) > 1

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: If options contradict each other.
        """
        if self.clip is not None and (self.classes or self.by_class):
            raise ConfigError(
                "--clip: expected no --class and no --view classes beside it, got both. "
                "Leave one out."
            )
        if self.relative and not self.by_class:
            raise ConfigError(
                "--relative: expected classes to compare, got none. Give --view classes, or "
                "--class several times."
            )
        if len(self.classes) > 1 and self.view == "time":
            raise ConfigError(
                "--view time: expected one --class at most, got "
                f"{len(self.classes)}. Draw them one by one."
            )


def draw_attention(
    path: Path,
    attend: Callable[[], AttentionSet],
    wanted: Wanted,
    *,
    title: str,
    table: Path | None,
    force: bool,
) -> dict[str, Any]:
    """Write the figure, and the numbers where they are asked for.

    Returns:
        For `--json`: how many clips of each group, and each group's greatest joints.
    """
    from skelgraph.cli.figure_file import write_figure
    from skelgraph.files import written_whole

    groups: dict[str, AttentionSet] = {}

    def draw() -> Figure:
        groups.update(_groups(attend(), wanted))
        return _figure(groups, wanted, title=title)

    if table is None:
        write_figure(path, draw, force=force)
    else:
        with written_whole(table, force=force) as temporary:
            write_figure(path, draw, force=force)
            _write_table(temporary, groups)
    return {"groups": [_summary(name, group) for name, group in groups.items()]}


def _groups(attention: AttentionSet, wanted: Wanted) -> dict[str, AttentionSet]:
    """The clips of each class that is drawn; one group where classes are not compared."""
    if wanted.clip is not None:
        return {"": attention.of_clip(wanted.clip)}
    if not wanted.by_class and not wanted.classes:
        return {"": attention}
    present = {attention.class_names[i] for i in set(attention.classes.tolist()) if i >= 0}
    names = wanted.classes or [name for name in attention.class_names if name in present]
    return {name: attention.of_class(name) for name in names}


def _figure(groups: dict[str, AttentionSet], wanted: Wanted, *, title: str) -> Figure:
    from skelgraph.plots import attention as plots

    first = next(iter(groups.values()))
    if wanted.by_class:
        return _classes_figure(groups, wanted, title=title)
    heading = _heading(next(iter(groups)), first, wanted, title=title)
    joints, frames, span = first.mean_joints(), first.mean_frames(), _span(first)
    if wanted.view == "skeleton":
        return plots.skeleton_figure(first.layout, joints, title=heading)
    if wanted.view == "time":
        return plots.time_figure(first.layout, frames, span=span, title=heading)
    return plots.attention_figure(first.layout, joints, frames, span=span, title=heading)


def _classes_figure(groups: dict[str, AttentionSet], wanted: Wanted, *, title: str) -> Figure:
    import numpy as np

    from skelgraph.plots.attention import classes_figure

    first = next(iter(groups.values()))
    means = [group.mean_over_bodies() for group in groups.values()]
    names = [f"{name}\n{len(group)} clips" for name, group in groups.items()]
    return classes_figure(
        first.layout,
        np.stack(means),
        names,
        relative=wanted.relative,
        title=f"Joint attention by {_kind(first)}, {title}",
    )


def _heading(name: str, group: AttentionSet, wanted: Wanted, *, title: str) -> str:
    gate = f"the gate gives the joint tower {100 * group.gate.mean():.0f} %"
    if wanted.clip is not None or len(group) == 1:
        known = group.label[0] >= 0
        label = f", {group.class_names[group.label[0]]}" if known else ""
        guess = group.class_names[group.predicted[0]]
        return f"Joint attention, {title}, {group.names[0]}{label} (predicted {guess}); {gate}"
    kept = f" of {_kind(group)} {name}" if name else ""
    return f"Joint attention, {title}, mean of {len(group)}{kept}; {gate}"


def _kind(group: AttentionSet) -> str:
    return "class" if group.labelled else "predicted class"


def _span(group: AttentionSet) -> Any:
    """Seconds for one clip; clips of different lengths share relative time."""
    from skelgraph.plots.joint_time import WHOLE_CLIP, seconds

    lengths = set(group.frames.tolist())
    return seconds(lengths.pop(), group.fps) if len(lengths) == 1 else WHOLE_CLIP


def _write_table(path: Path, groups: dict[str, AttentionSet]) -> None:
    """Write a row a joint: class, body, joint, part, share, then the share at each time."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        first = next(iter(groups.values()))
        steps = first.joint_frame_weights.shape[2]
        times = [f"{100 * (i + 0.5) / steps:.4g} %" for i in range(steps)]
        writer.writerow(["class", "body", "joint", "part", "share", *times])
        for name, group in groups.items():
            writer.writerows(_rows(name, group))


def _rows(name: str, group: AttentionSet) -> Iterator[list[Any]]:
    from skelgraph.plots.parts import parts_of

    part_of = {joint: part for part, joints in parts_of(group.layout) for joint in joints}
    joints, frames = group.mean_joints(), group.mean_frames()
    for body in range(len(joints)):
        for joint, called in enumerate(group.layout.joints):
            shares = [f"{value:.6g}" for value in frames[body, :, joint]]
            yield [
                name, body_name(group, body), called, part_of[joint],
                f"{joints[body, joint]:.6g}", *shares,
            ]  # fmt: skip


def body_name(group: AttentionSet, body: int) -> str:
    """Name a row of the means: a hand, one of several people, or their mean."""
    if group.layout.instances == "hands":
        return ("left", "right")[body]
    return str(body + 1) if len(group.mean_joints()) > 1 else ""


def _summary(name: str, group: AttentionSet) -> dict[str, Any]:
    joints = group.mean_joints()
    keys: Sequence[tuple[int, int]] = [
        (body, joint)
        for body in range(len(joints))
        for joint in range(joints.shape[1])
        if joints[body, joint] == joints[body, joint]
    ]
    top = sorted(keys, key=lambda key: -joints[key])[:5]
    return {
        "class": name or None,
        "num_clips": len(group),
        "joint_tower": float(group.gate.mean()),
        "top": [
            {
                "body": body_name(group, body) or None,
                "joint": group.layout.joints[joint],
                "share": float(joints[body, joint]),
            }
            for body, joint in top
        ],
    }
