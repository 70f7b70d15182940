"""Several stores as one: equal kinds of recordings, unique names, people kept apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.converting import write_reading
from skelgraph.data.formats.reading import Reading, Track
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.lineage import ancestors_of, lineage_of, note_edits
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store
from skelgraph.data.symmetry import Symmetry, unite
from skelgraph.errors import StoreError, list_faults
from skelgraph.graphs import Layout

GIVE = "Where it is unknown or wrong, give it: skelgraph convert {store} OUT --{key} {number}."
SAME_RATE = 0.002
"""Share by which frame rates may differ that are taken for one, as 29.97 and 30 are."""

STEPS: Mapping[str, str] = {
    "layout": "Turn one into the other: skelgraph convert {store} OUT --to-layout {first}.",
    "units": "Convert the recordings themselves again, all to one.",
    "axes": "Convert the recordings themselves again, all to one.",
    "fps": GIVE,
    "width": GIVE,
    "height": GIVE,
}


@dataclass(frozen=True, eq=False)
class MergePlan:
    """How the clips of each store are named and numbered.

    Args:
        stores: In the order in which they are merged.
        names: A name for each store, unique.
        kin: For each store the first one that holds recordings of the same origin, int64 (S,).
        class_names: All classes, each once.
        shifts: What is added to each store's subject numbers.
        rename: Whether clips get their store's name in front of their own.
        resource: Whether recordings get the name of their store's kin in front of their own.
        extra: Further columns of any store.
    """

    stores: tuple[Store, ...]
    names: tuple[str, ...]
    kin: tuple[int, ...]
    class_names: tuple[str, ...]
    shifts: tuple[int, ...]
    rename: bool
    resource: bool
    extra: tuple[str, ...]


def merge(
    sources: Sequence[str | Path],
    target: str | Path,
    *,
    same_subjects: bool = False,
    force: bool = False,
    track: Track | None = None,
) -> Store:
    """Write the clips of several stores to one, after another. Classes are united by name.

    Subject numbers of different stores mean different people, so that those of later stores
    are raised above those before. Stores of one origin (one was made from the other, or both
    from one store or file, by their checksums) keep common numbers and recordings. Where clip
    names or recordings of different stores are equal, all get the name of their store in front.

    Args:
        sources: At least two stores; they stay as they are.
        target: The store to make.
        same_subjects: Subject numbers mean the same people in all stores.
        force: Replace a store that is there.
        track: Wraps the clips and their number, to show progress.

    Returns:
        The new store. Its provenance has each store's checksums and provenance.

    Raises:
        StoreError: If a store is damaged, or they differ in layout, units, axes, frame rate
            or picture size; lists all differences.
    """
    if len(sources) < 2:
        raise StoreError(f"stores: expected at least two, got {len(sources)}. Name more.")
    stores = tuple(Store.open(source) for source in sources)
    check_alike(stores)
    plan = plan_merge(stores, same_subjects=same_subjects)
    report = ConversionReport(source=" + ".join(plan.names), format="store", files=len(stores))
    _tell(plan, report)
    total = sum(store.num_clips for store in stores)
    clips: Iterable[Clip] = _clips(plan)
    if track is not None:
        clips = track(clips, total)
    reading = Reading(iter(clips), total, plan.class_names, report, symmetry=_symmetry(plan))
    parents = [lineage_of(store) for store in stores]
    provenance = {"same_subjects": same_subjects, "parents": parents}
    return write_reading(surveyed(reading), target, provenance=provenance, force=force)


def check_alike(stores: Sequence[Store]) -> None:
    """Refuse stores whose clips do not belong in one store.

    Frame rates count as one that differ by less than `SAME_RATE`; the first store's is taken.

    Raises:
        StoreError: Lists every difference from the first store, and what to do.
    """
    first, faults = stores[0], []
    for store in stores[1:]:
        for key in STEPS:
            expected, got = getattr(first, key), getattr(store, key)
            if not _ALIKE.get(key, eq)(expected, got):
                faults.append(
                    f"{store.path}, {key}: expected {_show(expected)} as in {first.path}, got "
                    f"{_show(got)}. {_step(key, first, store)}"
                )
    if faults:
        raise StoreError(list_faults(faults))


def _step(key: str, first: Store, store: Store) -> str:
    """Say what to do: where one number is unknown, to give it to that store."""
    expected, got = getattr(first, key), getattr(store, key)
    changed, number = (first, got) if expected is None else (store, expected)
    return STEPS[key].format(
        key=key, store=changed.path, first=_show(expected), number=_show(number)
    )


def _same_rate(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME_RATE * one


def plan_merge(stores: Sequence[Store], *, same_subjects: bool) -> MergePlan:
    """Decide on names, numbers and classes, without reading frames."""
    kin = _kin(stores)
    recordings: dict[int, set[str]] = {}
    for store, first in zip(stores, kin, strict=True):
        recordings.setdefault(first, set()).update(store.clips.recording.tolist())
    shifts = [0] * len(stores) if same_subjects else _shifts(stores, kin)
    return MergePlan(
        stores=tuple(stores),
        names=_unique_names(stores),
        kin=tuple(kin),
        class_names=tuple(dict.fromkeys(name for store in stores for name in store.class_names)),
        shifts=tuple(shifts),
        rename=_overlap([set(store.clips.name.tolist()) for store in stores]),
        resource=_overlap(list(recordings.values())),
        extra=tuple(dict.fromkeys(key for store in stores for key in store.clips.extra)),
    )


def _clips(plan: MergePlan) -> Iterator[Clip]:
    layout = plan.stores[0].layout
    for place, store in enumerate(plan.stores):
        labels = [plan.class_names.index(name) for name in store.class_names]
        for row in range(store.num_clips):
            clip = store.clip(row)
            yield replace(
                clip,
                layout=layout,
                fps=plan.stores[0].fps,
                label=None if clip.label is None else labels[clip.label],
                subject=clip.subject + plan.shifts[place] if clip.subject >= 0 else -1,
                name=f"{plan.names[place]}/{clip.name}" if plan.rename else clip.name,
                source=_source(clip, plan, place),
                extra={key: clip.extra.get(key, "") for key in plan.extra},
            )


def _symmetry(plan: MergePlan) -> Symmetry:
    """What the stores that say something agree on."""
    parts = [
        (store.symmetry, [plan.class_names.index(name) for name in store.class_names])
        for store in plan.stores
    ]
    return unite(parts, num_classes=len(plan.class_names))


def _source(clip: Clip, plan: MergePlan, place: int) -> str:
    """Name the recording; a clip that names none is one of its own, by the name it had."""
    own = clip.source or (clip.name if plan.rename or plan.resource else "")
    return f"{plan.names[plan.kin[place]]}/{own}" if plan.resource else own


def _kin(stores: Sequence[Store]) -> list[int]:
    """Find, for each store, the first one that is of the same origin, maybe through others."""
    ancestors = [ancestors_of(store) for store in stores]
    kin = list(range(len(stores)))
    for later in range(len(stores)):
        for earlier in range(later):
            if ancestors[later] & ancestors[earlier]:
                low, high = sorted((kin[later], kin[earlier]))
                kin = [low if first == high else first for first in kin]
    return kin


def _shifts(stores: Sequence[Store], kin: Sequence[int]) -> list[int]:
    """Find what raises each origin's subject numbers above those of the ones before."""
    shifts, highest = [0] * len(stores), -1
    for first in sorted(set(kin)):
        own = [place for place, other in enumerate(kin) if other == first]
        numbers = np.concatenate([stores[place].clips.subject for place in own])
        numbers = numbers[numbers >= 0]
        if len(numbers) == 0:
            continue
        shift = max(0, highest + 1 - int(numbers.min()))
        highest = int(numbers.max()) + shift
        for place in own:
            shifts[place] = shift
    return shifts


def _unique_names(stores: Sequence[Store]) -> tuple[str, ...]:
    names: list[str] = []
    for store in stores:
        name = wanted = store.path.resolve().name
        number = 1
        while name in names:
            number += 1
            name = f"{wanted}-{number}"
        names.append(name)
    return tuple(names)


def _overlap(sets: Sequence[set[str]]) -> bool:
    return sum(map(len, sets)) > len(set().union(*sets))


def _same_skeleton(one: Layout, other: Layout) -> bool:
    """Compare two layouts but for their title and the words about their source."""
    words = {"title": "", "source": ""}
    return {**one.to_dict(), **words} == {**other.to_dict(), **words}


_ALIKE: dict[str, Callable[[Any, Any], bool]] = {"layout": _same_skeleton, "fps": _same_rate}


def _show(value: Any) -> str:
    if isinstance(value, Layout):
        return value.name
    if isinstance(value, tuple):
        return ", ".join(value)
    return "unknown" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _tell(plan: MergePlan, report: ConversionReport) -> None:
    for store in plan.stores:
        note_edits(store, report)
    report.steps["merge"] = {
        "stores": [
            {"store": name, "clips": store.num_clips, "subject_shift": shift, "origin": first}
            for name, store, shift, first in zip(
                plan.names, plan.stores, plan.shifts, plan.kin, strict=True
            )
        ],
        "renamed_clips": plan.rename,
        "renamed_recordings": plan.resource,
    }
    notes = (_notes_on_rates, _notes_on_origin, _notes_on_names, _notes_on_classes)
    for text in (text for told in notes for text in told(plan)):
        report.note(text)
    scored = {store.confidence is not None for store in plan.stores}
    if len(scored) == 2:
        without = [
            name
            for name, store in zip(plan.names, plan.stores, strict=True)
            if store.confidence is None
        ]
        report.note(f"no confidence in {', '.join(without)}: missing there")


def _notes_on_rates(plan: MergePlan) -> Iterator[str]:
    rate = plan.stores[0].fps
    for name, store in zip(plan.names, plan.stores, strict=True):
        if store.fps != rate:
            yield f"{name} has {store.fps:g} frames a second: taken for {rate:g}"


def _notes_on_origin(plan: MergePlan) -> Iterator[str]:
    for place, name in enumerate(plan.names):
        if plan.kin[place] != place:
            yield (
                f"{name} is of the same origin as {plan.names[plan.kin[place]]} (by checksum): "
                "subjects and recordings are the same ones"
            )
        elif plan.shifts[place]:
            yield f"subjects of {name}: numbers raised by {plan.shifts[place]}, other people"


def _notes_on_names(plan: MergePlan) -> Iterator[str]:
    if plan.rename:
        yield "clips of different stores have equal names: each has its store's name in front"
    if plan.resource:
        yield "recordings of different origins have equal names: each has its store's in front"


def _notes_on_classes(plan: MergePlan) -> Iterator[str]:
    stores = len(plan.stores)
    counts = Counter(name for store in plan.stores for name in store.class_names)
    shared = sum(count > 1 for count in counts.values())
    yield f"{len(counts)} classes, {shared} of them in more than one of the {stores} stores"
    folded = Counter(name.casefold().strip() for name in counts)
    for name in sorted(counts):
        if folded[name.casefold().strip()] > 1:
            yield f"class '{name}': another differs only in case; a class map makes them one"
