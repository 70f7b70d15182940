"""Clips of one layout turned into clips of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skelgraph.data.clip import Clip
from skelgraph.data.report import ConversionReport
from skelgraph.graphs import JointConversion, Layout, convert_joints


def change_layout(
    clips: Iterator[Clip], report: ConversionReport, *, target: Layout
) -> Iterator[Clip]:
    """Take the joints of another layout, by name and by that layout's rules.

    The report says which joints were taken from others, invented as means, left missing and
    dropped. The score of an invented joint is the lowest of those it is the mean of.

    Args:
        clips: All of one layout.
        report: Notes and `steps` are added.
        target: Layout of the clips to come.

    Raises:
        LayoutError: If none of the target's joints can be taken.
    """
    conversion: JointConversion | None = None
    for clip in clips:
        if conversion is None or not _same(conversion.source, clip.layout):
            conversion = convert_joints(clip.layout, target)
            report.steps["to_layout"] = conversion.to_dict()
            for line in conversion.notes():
                report.note(line)
        yield converted(clip, conversion)


def _same(one: Layout, other: Layout) -> bool:
    return one is other or one == other


def converted(clip: Clip, conversion: JointConversion) -> Clip:
    """Turn one clip into the target's layout; it may be left without a joint that is seen."""
    scores = clip.confidence
    return replace(
        clip,
        keypoints=conversion.apply(clip.keypoints),
        confidence=None if scores is None else conversion.apply_to_scores(scores),
        layout=conversion.target,
    )
