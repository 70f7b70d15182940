"""From pictures and videos to a store of landmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import skelgraph
from skelgraph.data.formats.reading import Reading
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import checksum
from skelgraph.data.store_writer import check_free
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.kept import KeptResults
from skelgraph.live.landmark_clips import landmark_clips, make_plan
from skelgraph.live.looking import Job, check_some_left, look, probe_all
from skelgraph.live.media import find_media
from skelgraph.live.models import find_models
from skelgraph.live.native_messages import native_messages_dropped
from skelgraph.live.one_store import common_rate, common_size

Track = Callable[[Iterable[None], int], Iterable[None]]


def extract(
    sources: Sequence[str | Path],
    target: str | Path,
    *,
    options: ExtractOptions | None = None,
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
        force: Replace a store that is there.
        track: Wraps the frames and their number, to show progress.

    Returns:
        The new store; its `report` says what was skipped and decided.

    Raises:
        FormatError: If a source is missing, nothing can be read, or the media do not fit into
            one store.
        ModelError: If a model is missing or damaged.
        DetectorError: If MediaPipe cannot be loaded.
        StoreError: If the store cannot be written.
    """
    options = options or ExtractOptions()
    target = Path(target)
    check_free(target, force=force)
    media = find_media(sources, folder_labels=options.folder_labels)
    models = find_models(options.detector, options.models)
    provenance = _provenance(sources, options, models)
    kept = KeptResults(target, provenance["detector"])
    report = ConversionReport(provenance["source"], provenance["format"])
    jobs = probe_all(media, kept, report)
    _check_fit(jobs, options)
    num_frames = sum(job.facts.num_frames for job in jobs if not kept.has(job.key))
    steps = look(jobs, options, models, kept, report, alone=len(media) == 1)
    with native_messages_dropped():
        for _ in steps if track is None else track(steps, num_frames):
            pass
    check_some_left(media, report)
    jobs = [job for job in jobs if job.medium.file not in report.skipped]
    reading = _reading(jobs, kept, options, report)
    store = write_store(
        target,
        reading.clips,
        class_names=reading.class_names,
        provenance=provenance,
        report=report,
        force=force,
    )
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
    """Check before the work that the media go into one store, by what their heads say."""
    if not options.world:
        common_size({job.medium.file: job.facts for job in jobs}, pad=options.pad)
    common_rate({job.medium.file: job.facts.fps for job in jobs}, asked=options.fps)


def _reading(
    jobs: Sequence[Job], kept: KeptResults, options: ExtractOptions, report: ConversionReport
) -> Reading:
    plan = make_plan(jobs, kept, options)
    clips = landmark_clips(jobs, plan, kept, options, report)
    reading = surveyed(Reading(clips, len(jobs), plan.class_names, report))
    if options.labels is None:
        return reading
    from skelgraph.data.labels import relabel

    return relabel(reading, options.labels)
