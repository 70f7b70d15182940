"""From any readable source to a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import skelgraph
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.table import detect, read
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import checksum

if TYPE_CHECKING:
    from skelgraph.data.clip import Clip

Track = Callable[[Iterable["Clip"], int], Iterable["Clip"]]


def convert(
    source: str | Path,
    target: str | Path,
    *,
    format: str | None = None,
    options: ReadOptions | None = None,
    labels: str | Path | None = None,
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
        force: Replace a store that is there.
        track: Wraps the clips and their number, to show progress.

    Returns:
        The new store; its `report` says what was repaired and dropped.

    Raises:
        FormatError: If the source cannot be read.
        StoreError: If the store cannot be written.
    """
    options = options or ReadOptions()
    name = format or detect(source)
    reading = read(source, format=name, options=options)
    if labels is not None:
        from skelgraph.data.labels import relabel

        reading = relabel(reading, Path(labels))
    if track is not None:
        reading = replace(reading, clips=iter(track(reading.clips, reading.num_clips)))
    return _write(reading, Path(source), target, options=options, force=force)


def _write(
    reading: Reading, source: Path, target: str | Path, *, options: ReadOptions, force: bool
) -> Store:
    told: dict[str, Any] = {key: value for key, value in asdict(options).items() if value}
    provenance = {
        "source": reading.report.source,
        "format": reading.report.format,
        "skelgraph": skelgraph.__version__,
        **({"sha256": checksum(source)} if source.is_file() else {}),
        **({"options": told} if told else {}),
    }
    return write_store(
        target,
        reading.clips,
        class_names=reading.class_names,
        provenance=provenance,
        report=reading.report,
        force=force,
    )
