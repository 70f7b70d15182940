"""From any readable source to a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import skelgraph
from skelgraph.data.clip_steps import ConvertSteps
from skelgraph.data.formats.reading import Reading, ReadOptions, Track
from skelgraph.data.formats.survey import surveyed, without_odd_numbers
from skelgraph.data.formats.table import open_source
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import checksum
from skelgraph.errors import FormatError, list_faults

if TYPE_CHECKING:
    from skelgraph.data.clip import Clip


def convert(
    source: str | Path,
    target: str | Path,
    *,
    format: str | None = None,
    options: ReadOptions | None = None,
    labels: str | Path | None = None,
    steps: ConvertSteps | None = None,
    strict: bool = False,
    force: bool = False,
    track: Track | None = None,
) -> Store:
    """Write a store from a source in any of `FORMATS`.

    Args:
        source: File or folder.
        target: The store to make.
        format: Name of the format. None: found by looking.
        options: What the user knows better.
        labels: CSV that gives labels, see `skelgraph.data.labels`.
        steps: What to do to the clips on their way: another layout, filled gaps, windows.
        strict: Make any repair, skipped file or dropped clip an error.
        force: Replace a store that is there.
        track: Wraps the clips and their number, to show progress.

    Returns:
        The new store; its `report` says what was repaired and dropped.

    Raises:
        FormatError: If the source cannot be read.
        LayoutError: If a layout is unknown or its file faulty.
        StoreError: If the store cannot be written.
    """
    options, steps = options or ReadOptions(), steps or ConvertSteps()
    reading = open_source(source, format=format, options=options)
    if track is not None:
        reading = replace(reading, clips=iter(track(reading.clips, reading.num_clips)))
    if labels is not None:
        from skelgraph.data.labels import relabel

        reading = relabel(reading, Path(labels))
    if steps.given:
        # Once before them, for what is read, and in the survey for what they make.
        cleaned = (without_odd_numbers(clip, reading.report) for clip in reading.clips)
        reading = replace(reading, clips=steps.apply(cleaned, reading.report))
    # Last, so that it describes the store that is written.
    reading = surveyed(reading)
    if strict:
        reading = replace(reading, clips=_clean_only(reading))
    told = {**asdict(options), "labels": labels and Path(labels).name, **steps.given}
    told = {key: value for key, value in told.items() if value}
    path = Path(source)
    provenance = {
        **({"sha256": checksum(path)} if path.is_file() else {}),
        **({"options": told} if told else {}),
        **reading.provenance,
    }
    return write_reading(reading, target, provenance=provenance, force=force)


def write_reading(
    reading: Reading, target: str | Path, *, provenance: Mapping[str, Any], force: bool
) -> Store:
    """Write what was read to a store, as every command ends that makes one of clips.

    Args:
        reading: Its clips have passed the survey; its report is kept.
        target: The store to make.
        provenance: What is known of the source beside its name and format.
        force: Replace a store that is there.

    Raises:
        StoreError: If the store cannot be written.
    """
    report = reading.report
    made_by = {
        "source": report.source,
        "format": report.format,
        "skelgraph": skelgraph.__version__,
    }
    return write_store(
        target,
        reading.clips,
        class_names=reading.class_names,
        provenance={**made_by, **provenance},
        report=report,
        symmetry=reading.symmetry,
        force=force,
    )


def _clean_only(reading: Reading) -> Iterator[Clip]:
    """Hand on the clips, and fail at the end of them unless they came as they are."""
    yield from reading.clips
    report = reading.report
    if report.is_clean:
        return
    faults = [f"{count} {what}" for what, count in report.repaired.items() if count]
    faults += [f"{file} skipped: {why}" for file, why in report.skipped.items()]
    faults += [f"{clip} dropped: {why}" for clip, why in report.dropped.items()]
    raise FormatError(
        list_faults([f"{report.source}: expected nothing to repair, got {x}." for x in faults])
        + "\nConvert without --strict to accept these."
    )
