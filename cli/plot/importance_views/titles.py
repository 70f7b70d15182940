"""Titles of the figures of importance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skelgraph.explain import Importance


def method_words(importance: Importance) -> str:
    """Say by which method importance was found."""
    from skelgraph.explain.methods import find_method

    return f"Importance by {find_method(importance.method).title}"


def source_words(source: Path, clips: Path | None, split: str) -> str:
    """Name the file of importance, or the run and its clips."""
    from skelgraph.cli.plot.telling import whose_clips

    return source.name if source.suffix == ".npz" else whose_clips(source, clips, split)


def heading(groups: dict[str, Importance], title: str) -> str:
    """Title of one group: its clip with its classes, or how many clips it is the mean of."""
    if len(groups) > 1:
        return title
    (group,) = groups.values()
    if len(group) > 1:
        known = set(group.label.tolist())
        one = known.pop() if len(known) == 1 else -1
        kept = f" of {group.class_names[one]}" if one >= 0 else ""
        return f"{title}, mean of {len(group)} clips{kept}"
    label = f", {group.class_names[group.label[0]]}" if group.label[0] >= 0 else ""
    guess = group.class_names[group.predicted[0]]
    return f"{title}, {group.names[0]}{label} (predicted {guess})"
