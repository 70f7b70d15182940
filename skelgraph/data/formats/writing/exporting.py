"""From a store to a file or folder of another tool's format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

import skelgraph
from skelgraph.data.clip_steps import ConvertSteps
from skelgraph.data.formats.converting import convert
from skelgraph.data.formats.reading import ReadOptions, Track
from skelgraph.data.formats.writing.table import WRITERS
from skelgraph.data.lineage import lineage_of
from skelgraph.data.new_folder import beside, full_disk_told, put_in_place
from skelgraph.data.store import Store
from skelgraph.errors import FormatError, StoreError, list_faults, unknown_name

MARKER = "export.yaml"
"""Stands in a folder that was written, says what it is, and lets `force` replace it."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        path: The file or folder.
        format: A key of `WRITERS`.
        store: Facts of the store: layout, clips, frames, classes.
        losses: What of the store the format does not hold: what -> how.
        report: What was changed on the way, see `Store.report`; empty if nothing was.
    """

    path: Path
    format: str
    store: Mapping[str, Any]
    losses: Mapping[str, str]
    report: Mapping[str, Any] = field(default_factory=dict)


def losses(store: Store | str | Path, format: str) -> dict[str, str]:
    """List what of a store a format does not hold, what -> how; reads all its frames.

    Raises:
        FormatError: If there is no such format, or it cannot hold the store at all.
    """
    opened = _opened(store)
    writer = _writer(format)
    _check_fit(opened, writer, f"{opened.path.name} as {format}")
    return dict(writer.losses(opened))


def export(
    source: str | Path,
    target: str | Path,
    *,
    format: str,
    options: ReadOptions | None = None,
    labels: str | Path | None = None,
    steps: ConvertSteps | None = None,
    strict: bool = False,
    force: bool = False,
    track: Track | None = None,
) -> Exported:
    """Write a store in a format of `WRITERS`, whole or not at all.

    Changes asked for with `options`, `labels` or `steps` are made first, in a store beside the
    target that is removed at the end.

    Args:
        source: The store.
        target: The file or folder to make.
        format: A key of `WRITERS`.
        options: Frame rate and picture size, where the store's are unknown or wrong.
        labels: CSV that gives labels, see `skelgraph.data.labels`.
        steps: What to do to the clips first.
        strict: Make repairs and clips that are left out an error.
        force: Replace a file that is there, or a folder that was written so.
        track: Wraps clips and their number, to show progress.

    Raises:
        FormatError: If the format cannot hold the store; says how to make it fit.
        StoreError: If the store is damaged, something is in the way, or the disk is full.
    """
    place, options, steps = Path(target), options or ReadOptions(), steps or ConvertSteps()
    writer = _writer(format)
    _check_place(place, writer, format, force=force)
    store = Store.open(source)
    with beside(place) as scratch, full_disk_told(place, scratch):
        changed = options != ReadOptions() or labels is not None or bool(steps.given)
        if changed:
            store = convert(
                source,
                scratch / "store",
                format="store",
                options=options,
                labels=labels,
                steps=steps,
                strict=strict,
                track=track,
            )
        _check_fit(store, writer, f"{Path(source).name} as {format}")
        lost = dict(writer.losses(store))
        if strict and "clips" in lost:
            raise FormatError(f"{source}: expected to write every clip, but {lost['clips']}.")
        made = _write(store, scratch / "out", writer, format, lost, track)
        _finish(made, place, writer, format, force=force)
        return Exported(place, format, _facts(store), lost, store.report if changed else {})


def _opened(store: Store | str | Path) -> Store:
    return store if isinstance(store, Store) else Store.open(store)


def _writer(format: str) -> ModuleType:
    if format not in WRITERS:
        raise FormatError(unknown_name("format to write", format, WRITERS))
    return WRITERS[format]


def _check_fit(store: Store, writer: ModuleType, what: str) -> None:
    faults = writer.faults(store)
    if faults:
        raise FormatError(list_faults([f"{what}: {fault}" for fault in faults]))


def _check_place(target: Path, writer: ModuleType, format: str, *, force: bool) -> None:
    if writer.ENDINGS and target.suffix.lower() not in writer.ENDINGS:
        raise FormatError(
            f"{target}: expected a name that ends in {' or '.join(writer.ENDINGS)} for {format}, "
            f"got '{target.suffix}'. Name it {target.with_suffix(writer.ENDINGS[0]).name}."
        )
    if not os.path.lexists(target):
        return
    if not force:
        raise StoreError(
            f"{target}: expected a new name, got one that exists. Use --force to replace it."
        )
    sound = target.is_file() if writer.ENDINGS else (target / MARKER).is_file()
    if not sound or target.is_symlink():
        wanted = "a file" if writer.ENDINGS else f"a folder that was written so, with {MARKER},"
        raise StoreError(
            f"{target}: expected {wanted} to replace, got something else. Remove it yourself or "
            "give another name."
        )


def _write(
    store: Store,
    made: Path,
    writer: ModuleType,
    format: str,
    lost: Mapping[str, str],
    track: Track | None,
) -> Path:
    """Write a store into the scratch folder."""
    if writer.ENDINGS:
        writer.write(store, made, track=track)
        return made
    made.mkdir()
    writer.write(store, made, track=track)
    facts = {
        "format": format,
        "skelgraph": skelgraph.__version__,
        "store": lineage_of(store),
        "not_held": dict(lost),
    }
    text = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)
    (made / MARKER).write_text(text, encoding="utf-8")
    return made


def _finish(made: Path, target: Path, writer: ModuleType, format: str, *, force: bool) -> None:
    check = partial(_check_place, writer=writer, format=format, force=force)
    if not writer.ENDINGS:
        put_in_place(made, target, check=check)
        return
    with made.open("rb") as file:
        os.fsync(file.fileno())
    check(target)
    made.replace(target)


def _facts(store: Store) -> dict[str, Any]:
    return {
        "layout": store.layout.name,
        "clips": store.num_clips,
        "frames": len(store.keypoints),
        "classes": list(store.class_names),
    }
