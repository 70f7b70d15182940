"""From kept detections to the clips of one store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.live.assembling import Assembled, assemble
from skelgraph.live.detections import Detections
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.frames import is_picture
from skelgraph.live.kept import KeptResults
from skelgraph.live.looking import Job
from skelgraph.live.one_store import (
    common_rate,
    common_size,
    even_frames,
    is_uneven,
    measured_rate,
    padded,
)

SHORT = 0.5
"""Seconds by which sound may outlast the pictures without a word."""

GAPS = "frames missing where the video has none at that time"


WHAT = {"hands": "a hand", "pose": "a body", "holistic": "a body or a hand"}


class NothingFoundError(FormatError):
    """The detector found nothing in any medium."""


@dataclass(frozen=True)
class StorePlan:
    """What holds for all clips of a store.

    Args:
        size: Width and height of the picture. None: metres.
        fps: Frames per second. None: pictures.
        class_names: In label order.
    """

    size: tuple[int, int] | None
    fps: float | None
    class_names: tuple[str, ...]


def make_plan(jobs: Sequence[Job], kept: KeptResults, options: ExtractOptions) -> StorePlan:
    """Find what the media share, from their true frame times.

    Raises:
        FormatError: If they do not fit into one store.
    """
    rates = {job.medium.file: _rate(job, kept) for job in jobs}
    size = None
    if not options.world:
        size = common_size({job.medium.file: job.facts for job in jobs}, pad=options.pad)
    classes = {job.medium.class_name for job in jobs if job.medium.class_name is not None}
    return StorePlan(size, common_rate(rates, asked=options.fps), tuple(sorted(classes)))


def landmark_clips(
    jobs: Sequence[Job],
    plan: StorePlan,
    kept: KeptResults,
    options: ExtractOptions,
    report: ConversionReport,
) -> Iterator[Clip]:
    """Make a clip of each medium, and count what was found, decided and dropped.

    Raises:
        NothingFoundError: At the end, if nothing was found in any.
    """
    empty = total = 0
    uneven = []
    for job in jobs:
        found = kept_result(job, kept)
        report.files += 1
        report.repaired.update(found.repaired)
        whole = assembled(found, options)
        report.repaired.update(whole.counts)
        clip = _clip(job, whole, found, plan, options, report)
        seen = np.asarray(clip.seen.any(axis=(1, 2)))
        empty, total = empty + int((~seen).sum()), total + len(seen)
        if is_uneven(found.times):
            uneven.append(job.medium.file)
        _note_short(job, found, report)
        yield clip
    if empty == total:
        raise NothingFoundError(
            f"media: expected {WHAT[options.detector]} in at least one frame, got none in "
            f"{total:,}. Take another --detector or a lower --min-confidence."
        )
    if empty:
        report.note(f"nothing found in {empty:,} of {total:,} frames")
    if uneven and options.fps is None:
        report.note(
            f"{len(uneven)} of {len(jobs)} videos have frames at uneven times (first "
            f"{uneven[0]}): kept as they come, at their mean rate; --fps N takes even ones"
        )


def _note_short(job: Job, found: Detections, report: ConversionReport) -> None:
    """Say so if a video ends well before the time that its head claims."""
    claimed, last = job.facts.duration or 0.0, float(found.times[-1])
    if claimed - last > max(SHORT, 2 / (job.facts.fps or 1.0)):
        report.note(
            f"{job.medium.file}: its pictures end after {last:.1f} of the {claimed:.1f} seconds "
            "that its head claims; it may be cut off"
        )


def assembled(
    found: Detections, options: ExtractOptions, *, world: bool | None = None
) -> Assembled:
    """Put detections into slots as the options say."""
    return assemble(
        found,
        options.detector,
        world=options.world if world is None else world,
        max_bodies=options.max_bodies,
    )


def kept_result(job: Job, kept: KeptResults) -> Detections:
    """Load the kept result of a medium that was looked through.

    Raises:
        FormatError: If it is gone.
    """
    found = kept.get(job.key)
    if found is None:
        raise FormatError(
            f"{kept.folder}: expected the result of {job.medium.file}, got none. Run the same "
            "command again."
        )
    return found


def _rate(job: Job, kept: KeptResults) -> float | None:
    if is_picture(job.medium.path):
        return None
    return measured_rate(kept_result(job, kept).times) or job.facts.fps


def _clip(
    job: Job,
    whole: Assembled,
    found: Detections,
    plan: StorePlan,
    options: ExtractOptions,
    report: ConversionReport,
) -> Clip:
    keypoints, confidence = whole.keypoints, whole.confidence
    if options.fps is not None and plan.fps is not None:
        chosen = even_frames(found.times, options.fps)
        report.repaired[GAPS] += int((chosen < 0).sum())
        keypoints, confidence = keypoints[chosen], confidence[chosen]
        keypoints[chosen < 0] = confidence[chosen < 0] = np.nan
    if plan.size is not None and options.pad:
        keypoints = padded(keypoints, (found.width, found.height), plan.size)
    medium = job.medium
    return Clip(
        keypoints=keypoints,
        confidence=confidence,
        layout=whole.layout,
        name=medium.name,
        units="metre" if options.world else "image fraction",
        axes=IMAGE_AXES,
        fps=plan.fps,
        label=None if medium.class_name is None else plan.class_names.index(medium.class_name),
        width=plan.size[0] if plan.size else None,
        height=plan.size[1] if plan.size else None,
        source=medium.file,
        extra={"picture": f"{found.width}x{found.height}"},
    )
