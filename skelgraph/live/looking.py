"""Running the landmarkers over media, one result a medium, each kept as soon as it is whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout
from skelgraph.live.assembling import LAYOUTS
from skelgraph.live.detections import Detections, Found, gather
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.frames import Frame, MediaFacts, is_picture, probe, read_frames
from skelgraph.live.kept import KeptResults
from skelgraph.live.landmarkers import DetectorOptions, Landmarkers
from skelgraph.live.media import Medium

NO_TIME = "frames without a time -> one step after the frame before"
NOT_RISING = "frames whose time did not rise -> just after the frame before"
DAMAGED = "frames that the decoder had to make up in part, kept"
LEAST_STEP = 0.001
"""Seconds between frames that MediaPipe can tell apart."""

DEFAULT_FPS = 30.0
"""Only where a file gives neither a frame's time nor a rate; then it is counted as repaired."""


@dataclass(frozen=True)
class Job:
    """A medium that can be opened, and the key of its kept result."""

    medium: Medium
    facts: MediaFacts
    key: str


def probe_all(media: Sequence[Medium], kept: KeptResults, report: ConversionReport) -> list[Job]:
    """Open each medium once, before hours are spent on any; damaged ones are skipped.

    Raises:
        FormatError: If none is left.
    """
    jobs = []
    for medium in media:
        try:
            jobs.append(Job(medium, probe(medium.path), kept.key(medium.path)))
        except FormatError as error:
            skip(medium, error, report, alone=len(media) == 1)
    check_some_left(media, report)
    return jobs


def skip(medium: Medium, error: FormatError, report: ConversionReport, *, alone: bool) -> None:
    """Note why a medium is left out; one alone is an error."""
    if alone:
        raise error
    report.skipped[medium.file] = str(error)


def check_some_left(media: Sequence[Medium], report: ConversionReport) -> None:
    """Refuse to go on when every medium was skipped."""
    if len(report.skipped) == len(media):
        first = next(iter(report.skipped.values()))
        raise FormatError(
            f"media: expected at least one that can be read, got {len(media)} damaged ones. "
            f"The first: {first}"
        )


def look(
    jobs: Sequence[Job],
    options: ExtractOptions,
    models: Mapping[str, Path],
    kept: KeptResults,
    report: ConversionReport,
    *,
    alone: bool,
) -> Iterator[None]:
    """Look through media and keep their results; yields after every frame.

    Pictures share landmarkers; each video has its own, because they remember the last frame.
    """
    how = DetectorOptions(
        detector=options.detector,
        models=models,
        min_confidence=options.min_confidence,
        max_bodies=options.max_bodies,
    )
    pictures = [job for job in jobs if is_picture(job.medium.path)]
    videos = [job for job in jobs if not is_picture(job.medium.path)]
    for together in ([pictures] if pictures else []) + [[job] for job in videos]:
        with Landmarkers(how, video=not is_picture(together[0].medium.path)) as landmarkers:
            for job in together:
                try:
                    found = yield from _look_through(job, landmarkers, mirrored=options.mirrored)
                except FormatError as error:
                    skip(job.medium, error, report, alone=alone)
                else:
                    kept.put(job.key, found)


def _look_through(
    job: Job, landmarkers: Landmarkers, *, mirrored: bool
) -> Generator[None, None, Detections]:
    times: list[float] = []
    hands: list[tuple[int, Found]] = []
    bodies: list[tuple[int, Found]] = []
    repaired: Counter[str] = Counter()
    for number, frame in enumerate(read_frames(job.medium.path, mirrored=mirrored)):
        if frame.picture.shape[:2] != (job.facts.height, job.facts.width):
            raise FormatError(
                f"{job.medium.path}, frame {number}: expected a picture of {job.facts.width} x "
                f"{job.facts.height} like the first, got another size. Cut it in two there."
            )
        times.append(_time(frame, times, job.facts.fps, repaired))
        repaired[DAMAGED] += frame.damaged
        found = landmarkers.find(frame.picture, time=times[-1])
        hands += [(number, one) for one in found.hands]
        bodies += [(number, one) for one in found.bodies]
        yield
    return Detections(
        times=np.array(times),
        width=job.facts.width,
        height=job.facts.height,
        hands=gather(hands, num_joints=load_layout(LAYOUTS["hands"]).num_joints),
        bodies=gather(bodies, num_joints=load_layout(LAYOUTS["pose"]).num_joints),
        repaired=dict(repaired),
    )


def _time(
    frame: Frame, earlier: Sequence[float], fps: float | None, repaired: Counter[str]
) -> float:
    """Give a frame's time, later than the one before it; what had to be moved is counted."""
    if frame.time is None:
        repaired[NO_TIME] += 1
        return earlier[-1] + 1 / (fps or DEFAULT_FPS) if earlier else 0.0
    if earlier and frame.time < earlier[-1] + LEAST_STEP:
        repaired[NOT_RISING] += 1
        return earlier[-1] + LEAST_STEP
    return frame.time
