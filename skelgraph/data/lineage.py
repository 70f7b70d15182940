"""Where a store came from, for the stores that are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store
from skelgraph.data.store_files import INDEX, checksum


def lineage_of(store: Store) -> dict[str, Any]:
    """Describe a store for the provenance of another: its checksums, and its own provenance.

    What its conversion repaired and decided stays known as well; what was skipped and dropped
    is counted.
    """
    report = store.report
    kept = {key: report[key] for key in ("repaired", "notes", "steps") if report.get(key)}
    counts = {key: len(report[key]) for key in ("skipped", "dropped") if report.get(key)}
    return {
        "store": store.path.resolve().name,
        "clips": store.num_clips,
        "sha256": dict(store.facts["sha256"]),
        "provenance": store.facts.get("provenance"),
        **({"conversion": {**kept, **counts}} if kept or counts else {}),
    }


def note_edits(store: Store, report: ConversionReport) -> None:
    """Say that a store's index was edited by hand since it was written."""
    if store.facts["sha256"].get(INDEX) != checksum(store.path / INDEX):
        report.note(f"{store.path.name}: {INDEX} was edited after conversion; taken as it is")


def ancestors_of(store: Store) -> set[str]:
    """Collect what tells whether two stores hold the same recordings.

    The checksums of its frames, of the frames of every store that it was made from, and of the
    files that those were converted from.
    """
    found = {str(store.facts["sha256"].get("keypoints.npy"))}
    for mapping in _mappings(store.facts.get("provenance")):
        checksums = mapping.get("sha256")
        if isinstance(checksums, Mapping):
            checksums = checksums.get("keypoints.npy")
        if isinstance(checksums, str):
            found.add(checksums)
    return found


def _mappings(value: Any) -> Iterator[Mapping[Any, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _mappings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mappings(inner)
