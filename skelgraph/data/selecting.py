"""Part of a store as a store of its own: some classes, subjects, cameras; classes renamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.class_map import apply_class_map
from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.converting import write_reading
from skelgraph.data.formats.reading import Reading, Track
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.lineage import lineage_of, note_edits
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store
from skelgraph.data.symmetry import CHANGES, Symmetry, unite
from skelgraph.data.table import ClipTable
from skelgraph.errors import ConfigError, StoreError, list_faults, unknown_name

KEEP, DROP = "keep", "drop"


@dataclass(frozen=True)
class Selection:
    """Which clips stay, and under which classes; a clip stays if nothing speaks against it.

    Args:
        classes: Classes that stay, by their names in the store. Empty: all.
        drop_classes: Classes that go.
        keep: Column of `CLIP_NUMBERS` -> numbers that stay, -1 for unknown. No entry: all.
        drop: Column of `CLIP_NUMBERS` -> numbers that go.
        class_map: Old class -> new class, '' where the class goes; equal new names make one
            class.
        unmapped: Whether classes that the map does not name `keep` their names or `drop`.
        unlabelled: Whether clips without a label are to `keep` or to `drop`.

    Raises:
        ConfigError: If a column or a word is unknown.
    """

    classes: tuple[str, ...] = ()
    drop_classes: tuple[str, ...] = ()
    keep: Mapping[str, Collection[int]] = field(default_factory=dict)
    drop: Mapping[str, Collection[int]] = field(default_factory=dict)
    class_map: Mapping[str, str] | None = None
    unmapped: str = KEEP
    unlabelled: str = KEEP

    def __post_init__(self) -> None:
        for column in (*self.keep, *self.drop):
            if column not in CLIP_NUMBERS:
                raise ConfigError(unknown_name("column", column, CLIP_NUMBERS))
        for option in ("unmapped", "unlabelled"):
            if getattr(self, option) not in (KEEP, DROP):
                raise ConfigError(unknown_name(option, getattr(self, option), (KEEP, DROP)))

    def to_dict(self) -> dict[str, Any]:
        """Return what was asked for in plain containers, for provenance."""
        asked = {
            "classes": list(self.classes),
            "drop_classes": list(self.drop_classes),
            "keep": {column: sorted(numbers) for column, numbers in self.keep.items()},
            "drop": {column: sorted(numbers) for column, numbers in self.drop.items()},
            "class_map": dict(self.class_map or {}),
            "unmapped": self.unmapped if self.class_map is not None else "",
            "unlabelled": self.unlabelled,
        }
        return {key: value for key, value in asked.items() if value}


@dataclass(frozen=True, eq=False)
class Choice:
    """What a selection leaves of a store.

    Args:
        rows: Clips that stay, in the store's order, int64 (N,).
        labels: New label of each old one, -1 where the class goes, int64 (classes,).
        class_names: The new classes: in the store's order, each where it first stands.
        reasons: Why clips went -> how many.
    """

    rows: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    reasons: Counter[str]


def select(
    source: str | Path,
    target: str | Path,
    selection: Selection,
    *,
    force: bool = False,
    track: Track | None = None,
) -> Store:
    """Write the chosen clips of a store to a new one, labels numbered anew.

    Frames, scores, subjects, recordings (`source`) and further columns come as they are.
    Frames stream from file to file.

    Args:
        source: The store to take from; it stays as it is.
        target: The store to make.
        selection: What stays.
        force: Replace a store that is there.
        track: Wraps the clips and their number, to show progress.

    Returns:
        The new store. Its provenance has the selection and the old store's checksums and
        provenance; its `report` counts what went.

    Raises:
        StoreError: If the store is damaged, the selection names what it does not have, or
            nothing is left.
        FormatError: If the class map names classes that it does not have.
    """
    store = Store.open(source)
    chosen = choose(store, selection)
    name = store.path.resolve().name
    report = ConversionReport(source=name, format="store", files=1)
    note_edits(store, report)
    _tell(store, chosen, report)
    clips: Iterable[Clip] = _clips(store, chosen)
    if track is not None:
        clips = track(clips, len(chosen.rows))
    symmetry = _symmetry(store, chosen, report)
    reading = Reading(iter(clips), len(chosen.rows), chosen.class_names, report, symmetry=symmetry)
    provenance = {"selection": selection.to_dict(), "parent": lineage_of(store)}
    return write_reading(surveyed(reading), target, provenance=provenance, force=force)


def choose(store: Store, selection: Selection) -> Choice:
    """Find what a selection leaves, without reading frames.

    Raises:
        StoreError: If the selection names what the store does not have, or nothing is left.
        FormatError: If the class map names classes that the store does not have.
    """
    table, names = store.clips, store.class_names
    faults = [*_class_faults(names, selection), *_number_faults(table, selection)]
    if faults:
        raise StoreError(list_faults([f"{store.path}: {fault}" for fault in faults]))
    new = _new_names(names, selection)
    class_names = tuple(dict.fromkeys(name for name in new if name))
    labels = np.array([class_names.index(name) if name else -1 for name in new], dtype=np.int64)
    kept, reasons = np.ones(len(table), dtype=bool), Counter[str]()
    for reason, against in _objections(table, names, labels, selection):
        reasons[reason] += int((kept & against).sum())
        kept &= ~against
    if not kept.any():
        told = "; ".join(f"{count} {reason}" for reason, count in (+reasons).most_common(5))
        raise StoreError(
            f"{store.path}: expected clips that stay, got none ({told} went). Choose others."
        )
    return Choice(np.flatnonzero(kept), labels, class_names, +reasons)


def _new_names(names: Sequence[str], selection: Selection) -> list[str]:
    """Give every class its new name, '' where it goes."""
    new = (
        apply_class_map(names, selection.class_map or {}, keep_others=selection.unmapped == KEEP)
        if selection.class_map is not None
        else list(names)
    )
    stay = set(selection.classes or names) - set(selection.drop_classes)
    return [now if name in stay else "" for name, now in zip(names, new, strict=True)]


def _objections(
    table: ClipTable, names: Sequence[str], labels: np.ndarray, selection: Selection
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what speaks against clips, and which ones, bool (N,)."""
    for label, name in enumerate(names):
        if labels[label] < 0:
            yield f"of class '{name}'", table.label == label
    if selection.unlabelled == DROP:
        yield "unlabelled", table.label < 0
    for column in CLIP_NUMBERS:
        values = getattr(table, column)
        against = np.isin(values, list(selection.drop.get(column, ())))
        if column in selection.keep:
            against |= ~np.isin(values, list(selection.keep[column]))
        for number in np.unique(values[against]).tolist():
            yield f"of {column} {'unknown' if number < 0 else number}", against & (values == number)


def _clips(store: Store, chosen: Choice) -> Iterator[Clip]:
    for row in chosen.rows.tolist():
        clip = store.clip(row)
        label = None if clip.label is None else int(chosen.labels[clip.label])
        yield replace(clip, label=label)


def _symmetry(store: Store, chosen: Choice, report: ConversionReport) -> Symmetry:
    """Keep what the store says of its classes, and say of which new ones it no longer holds."""
    labels = chosen.labels.tolist()
    symmetry = unite([(store.symmetry, labels)], num_classes=len(chosen.class_names))
    for change in CHANGES:
        before, after = getattr(store.symmetry, change), getattr(symmetry, change) or ()
        lost = [
            chosen.class_names[new]
            for new in dict.fromkeys(new for new in labels if new >= 0)
            if before is not None
            and after[new] < 0
            and any(before[old] >= 0 for old, now in enumerate(labels) if now == new)
        ]
        if lost:
            report.note(
                f"symmetry, {change}: no longer said of {', '.join(lost)}, whose partner went or "
                "which were made one with others"
            )
    return symmetry


def _class_faults(names: Sequence[str], selection: Selection) -> list[str]:
    named = dict.fromkeys((*selection.classes, *selection.drop_classes))
    return [unknown_name("class", name, names) for name in named if name not in names]


def _number_faults(table: ClipTable, selection: Selection) -> list[str]:
    faults = []
    for column in CLIP_NUMBERS:
        found = np.unique(getattr(table, column)).tolist()
        asked = {*selection.keep.get(column, ()), *selection.drop.get(column, ())}
        for number in sorted(asked - set(found)):
            there = ", ".join("unknown" if value < 0 else str(value) for value in found)
            got = "unknown" if number < 0 else number
            faults.append(f"{column}: expected one of {there}, got {got}. Choose one of those.")
    return faults


def _tell(store: Store, chosen: Choice, report: ConversionReport) -> None:
    labels = store.clips.label[chosen.rows]
    left = np.unique(chosen.labels[labels[labels >= 0]])
    empty = [name for new, name in enumerate(chosen.class_names) if new not in left]
    unlabelled = int((labels < 0).sum())
    report.steps["select"] = {
        "clips": store.num_clips,
        "kept": len(chosen.rows),
        "dropped": dict(chosen.reasons),
        "empty_classes": empty,
    }
    report.note(f"{len(chosen.rows):,} of {store.num_clips:,} clips kept")
    if chosen.reasons:
        told = [f"{count:,} {reason}" for reason, count in chosen.reasons.most_common()]
        more = f", and {len(told) - 10} more reasons" if len(told) > 10 else ""
        report.note(f"went: {', '.join(told[:10])}{more}")
    if empty:
        report.note(f"classes that no clip is left of stay in the list: {', '.join(empty)}")
    if unlabelled:
        report.note(f"{unlabelled:,} unlabelled clips kept")
