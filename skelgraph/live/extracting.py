"""From pictures and videos to a store of landmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import skelgraph
from skelgraph.data.formats.reading import Reading
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.labels import check_names, relabel
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import checksum
from skelgraph.data.store_writer import check_free
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.frames import is_picture
from skelgraph.live.kept import KeptResults
from skelgraph.live.landmark_clips import (
    NothingFoundError,
    assembled,
    kept_result,
    landmark_clips,
    make_plan,
)
from skelgraph.live.looking import Job, check_some_left, look, probe_all
from skelgraph.live.media import Medium, find_media
from skelgraph.live.models import find_models
from skelgraph.live.native_messages import native_messages_dropped
from skelgraph.live.one_store import check_one_kind, common_size
from skelgraph.live.overlay import draw_overlay, overlay_paths

Track = Callable[[Iterable[None], int], Iterable[None]]


def extract(
    sources: Sequence[str | Path],
    target: str | Path,
    *,
    options: ExtractOptions | None = None,
    overlay: str | Path | None = None,
    force: bool = False,
    track: Track | None = None,
) -> Store:
    """Write a store of the landmarks in pictures and videos; each becomes a clip.

    What a stopped run had done is kept beside the target, in a hidden folder that the finished
    run removes. A damaged medium among several is skipped, with its reason in the report; one
    alone is an error.

    Args:
        sources: Files, folders or patterns, see `skelgraph.live.media.find_media`.
        target: The store to make.
        options: How landmarks are extracted.
        overlay: File, or folder for several media, of pictures and videos with what was found.
        force: Replace a store, and overlays, that are there.
        track: Wraps the frames that are to be worked through and their number, to show progress.

    Returns:
        The new store; its `report` says what was skipped and decided.

    Raises:
        FormatError: If a source is missing, nothing can be read, or the media do not fit into
            one store.
        ConfigError: If an overlay cannot go where it should.
        ModelError: If a model is missing or damaged.
        DetectorError: If MediaPipe cannot be loaded.
        StoreError: If the store cannot be written.
    """
    options = options or ExtractOptions()
    target = Path(target)
    check_free(target, force=force)
    media = find_media(sources, folder_labels=options.folder_labels)
    if options.labels is not None:
        check_names(options.labels, [medium.name for medium in media])
    targets = overlay_paths(media, Path(overlay), force=force) if overlay is not None else []
    models = find_models(options.detector, options.models)
    provenance = _provenance(sources, options, models)
    kept = KeptResults(target, provenance["detector"])
    report = ConversionReport(provenance["source"], provenance["format"])
    jobs = probe_all(media, kept, report)
    _check_fit(jobs, options)
    left = [job for job in jobs if kept.get(job.key) is None]
    _work(look(left, options, models, kept, report, alone=len(media) == 1), left, track)
    check_some_left(media, report)
    jobs = [job for job in jobs if job.medium.file not in report.skipped]
    places = dict(zip(media, targets, strict=False))
    if places:
        _work(_overlays(jobs, places, kept, options), jobs, track)
    reading = _reading(jobs, kept, options, report)
    try:
        store = write_store(
            target,
            reading.clips,
            class_names=reading.class_names,
            provenance=provenance,
            report=report,
            force=force,
        )
    except NothingFoundError:
        kept.remove()
        raise
    kept.remove()
    return store


def _provenance(
    sources: Sequence[str | Path], options: ExtractOptions, models: Mapping[str, Path]
) -> dict[str, Any]:
    names = [Path(source).name or str(source) for source in sources]
    return {
        "source": names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
        "format": f"mediapipe {options.detector}",
        "skelgraph": skelgraph.__version__,
        "detector": {
            "name": options.detector,
            "mediapipe": version("mediapipe"),
            "mirrored": options.mirrored,
            "max_bodies": options.max_bodies,
            "min_confidence": options.min_confidence,
            "models": {kind: checksum(path) for kind, path in models.items()},
        },
        "options": {"world": options.world, "fps": options.fps, "pad": options.pad},
    }


def _check_fit(jobs: Sequence[Job], options: ExtractOptions) -> None:
    """Check before the work what the heads of the media tell; rates only frames tell."""
    if not options.world:
        common_size({job.medium.file: job.facts for job in jobs}, pad=options.pad)
    check_one_kind({job.medium.file: is_picture(job.medium.path) for job in jobs})


def _work(steps: Iterable[None], jobs: Sequence[Job], track: Track | None) -> None:
    """Go through the frames of media."""
    with native_messages_dropped():
        num_frames = sum(job.facts.num_frames for job in jobs)
        for _ in steps if track is None else track(steps, num_frames):
            pass


def _overlays(
    jobs: Sequence[Job], places: Mapping[Medium, Path], kept: KeptResults, options: ExtractOptions
) -> Iterator[None]:
    for job in jobs:
        joints = assembled(kept_result(job, kept), options, world=False)
        yield from draw_overlay(job.medium, joints, places[job.medium], mirrored=options.mirrored)


def _reading(
    jobs: Sequence[Job], kept: KeptResults, options: ExtractOptions, report: ConversionReport
) -> Reading:
    plan = make_plan(jobs, kept, options)
    clips = landmark_clips(jobs, plan, kept, options, report)
    reading = surveyed(Reading(clips, len(jobs), plan.class_names, report))
    if options.labels is None:
        return reading
    return relabel(reading, options.labels)
