"""A store as a source: for another layout, other windows, filled gaps, or corrected facts.

Layout, units and axes are those of the store; frame rate and picture size may be given anew,
where they were unknown or wrong. Joints, scores, labels, subjects and further columns come as
they are; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from skelgraph.data.clip import Clip
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.lineage import lineage_of, note_edits
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store
from skelgraph.data.store_files import DATASET
from skelgraph.errors import FormatError, StoreError, list_faults
from skelgraph.graphs import load_layout


def recognises(path: Path) -> bool:
    """Tell whether this is a folder with a dataset.yaml."""
    return path.is_dir() and (path / DATASET).is_file()


def refuse_told(path: Path, format: str | None, options: ReadOptions) -> None:
    """Refuse to be told of a store what it says itself, where it is used as it is.

    Raises:
        FormatError: If a format or an option is given.
    """
    given = {"format": format, **asdict(options)}
    names = [f"--{name}" for name, value in given.items() if value is not None]
    if names:
        raise FormatError(
            f"{path}: expected {' and '.join(names)} with a recording only, got a store, which "
            "says it itself. Leave them out, or make another store: skelgraph convert "
            f"{path} OUT."
        )


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a store for reading; frames stay mapped until a clip is taken.

    Raises:
        FormatError: If the store is damaged, or an option contradicts it.
    """
    try:
        store = Store.open(path)
        num_clips = store.num_clips
    except StoreError as error:
        raise FormatError(str(error)) from error
    faults = _contradictions(store, options)
    if faults:
        raise FormatError(list_faults([f"{path}: {fault}" for fault in faults]))
    report = ConversionReport(source=source_name(path.resolve()), format="store", files=1)
    note_edits(store, report)
    return Reading(
        clips=_clips(store, options),
        num_clips=num_clips,
        class_names=store.class_names,
        report=report,
        provenance={"parent": lineage_of(store)},
        symmetry=store.symmetry,
    )


def _clips(store: Store, options: ReadOptions) -> Iterator[Clip]:
    for row in range(store.num_clips):
        clip = store.clip(row)
        yield replace(
            clip,
            fps=options.fps or clip.fps,
            width=options.width or clip.width,
            height=options.height or clip.height,
        )


def _contradictions(store: Store, options: ReadOptions) -> list[str]:
    faults = []
    if options.layout is not None and load_layout(options.layout).joints != store.layout.joints:
        faults.append(
            f"expected the store's own layout '{store.layout.name}', got '{options.layout}'. To "
            f"turn its joints into those, give --to-layout {options.layout}."
        )
    if options.units is not None and options.units != store.units:
        faults.append(
            f"expected the units '{store.units}' that the store has, got '{options.units}'. "
            "Convert the recordings themselves again."
        )
    return faults
