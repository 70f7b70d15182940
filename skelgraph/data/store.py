"""A data set on disk: memory-mapped frames, a readable index, and what is known about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skelgraph.data.clip import Clip, frame_faults
from skelgraph.data.index_columns import map_columns
from skelgraph.data.report import ConversionReport
from skelgraph.data.store_files import (
    CONFIDENCE,
    DATASET,
    INDEX,
    KEYPOINTS,
    REPORT,
    SCHEMA_VERSION,
    checksum,
    map_array,
)
from skelgraph.data.store_writer import write_files
from skelgraph.data.symmetry import Symmetry, read_symmetry
from skelgraph.data.table import ClipTable, read_table
from skelgraph.errors import SkelgraphError, StoreError, list_faults
from skelgraph.graphs import Layout

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, eq=False)
class Store:
    """A checked data set; frames are read from disk when they are used.

    Args:
        path: Its folder.
        keypoints: All clips' frames one after another, float32 (F, M, V, C), read-only,
            NaN where a joint was not seen.
        confidence: The detector's scores, float32 (F, M, V), or None.
        facts: The content of dataset.yaml.
        clips: The index, a row a clip.
    """

    path: Path
    keypoints: np.ndarray
    confidence: np.ndarray | None
    facts: Mapping[str, Any]
    clips: ClipTable

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Open a store and check that its parts fit together.

        Reads dataset.yaml and the headers of the arrays; frames are mapped, not read, and so
        is the index unless it was edited, see `skelgraph.data.index_columns`. Checksums are
        left to `verify`.

        Raises:
            StoreError: If there is no store, or lists everything that is wrong with it.
        """
        folder = Path(path)
        if not (folder / DATASET).is_file():
            raise StoreError(_absent(folder))
        facts = _read_facts(folder / DATASET)
        faults = _fact_faults(facts)
        if faults:
            raise StoreError(list_faults([f"{folder / DATASET}: {fault}" for fault in faults]))
        keypoints = map_array(folder / KEYPOINTS)
        confidence = map_array(folder / CONFIDENCE) if CONFIDENCE in facts["sha256"] else None
        faults = _array_faults(keypoints, confidence, facts)
        if faults:
            raise StoreError(list_faults([f"{folder}: {fault}" for fault in faults]))
        clips = _index(folder, facts, num_frames=len(keypoints))
        return cls(folder, keypoints, confidence, facts, clips)

    @cached_property
    def layout(self) -> Layout:
        return Layout.from_dict(self.facts["layout"])

    @property
    def class_names(self) -> tuple[str, ...]:
        return _class_names(self.facts)

    @cached_property
    def symmetry(self) -> Symmetry:
        """Which classes stay what they are when mirrored or played backwards, as it says."""
        return read_symmetry(self.facts.get("symmetry"), self.class_names)[0]

    @property
    def units(self) -> str:
        return str(self.facts["units"])

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(self.facts["axes"])

    @property
    def fps(self) -> float | None:
        return self.facts.get("fps")

    @property
    def width(self) -> int | None:
        return self.facts.get("width")

    @property
    def height(self) -> int | None:
        return self.facts.get("height")

    @property
    def num_clips(self) -> int:
        return len(self.clips)

    @property
    def num_bodies(self) -> int:
        return int(self.keypoints.shape[1])

    def __len__(self) -> int:
        return self.num_clips

    def keypoints_of(self, row: int) -> np.ndarray:
        """Map the frames of one clip, float32 (T, M, V, C)."""
        return self.keypoints[self._frames_of(row)]

    def confidence_of(self, row: int) -> np.ndarray | None:
        """Map the scores of one clip, float32 (T, M, V); None where the store has none."""
        return None if self.confidence is None else self.confidence[self._frames_of(row)]

    def clip(self, row: int) -> Clip:
        """Read one clip; its arrays stay mapped and read-only."""
        table = self.clips
        label = int(table.label[row])
        return Clip(
            keypoints=self.keypoints_of(row),
            layout=self.layout,
            name=str(table.name[row]),
            confidence=self.confidence_of(row),
            units=self.units,
            axes=self.axes,
            fps=self.fps,
            label=None if label < 0 else label,
            subject=int(table.subject[row]),
            camera=int(table.camera[row]),
            setup=int(table.setup[row]),
            repetition=int(table.repetition[row]),
            width=self.width,
            height=self.height,
            source=str(table.source[row]),
            extra={key: str(values[row]) for key, values in table.extra.items()},
        )

    def verify(self) -> list[str]:
        """Compare every file with its checksum; an empty list means that nothing changed."""
        faults = []
        for name, expected in self.facts["sha256"].items():
            file = self.path / name
            got = checksum(file) if file.is_file() else "no file"
            if got != expected:
                faults.append(
                    f"{file}: expected checksum {expected[:12]}..., got {got[:12]}. "
                    "It was changed after conversion."
                )
        return faults

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the conversion repaired and dropped; empty where no report was kept.

        Raises:
            StoreError: If the report is damaged.
        """
        file = self.path / REPORT
        if not file.is_file():
            return {}
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            found = " ".join(str(error).split())
        if not isinstance(found, dict):
            raise StoreError(
                f"{file}: expected the report of the conversion, got '{str(found)[:100]}'. "
                "Convert the data again, or remove it."
            )
        return found

    def _frames_of(self, row: int) -> slice:
        start = int(self.clips.start[row])
        return slice(start, start + int(self.clips.frames[row]))


def write_store(
    path: str | Path,
    clips: Iterable[Clip],
    *,
    class_names: Sequence[str],
    provenance: Mapping[str, Any],
    report: ConversionReport | None = None,
    symmetry: Symmetry | None = None,
    force: bool = False,
) -> Store:
    """Write clips to a new store, one after another, without holding them all in memory.

    Everything goes into a hidden folder beside the target, which is renamed at the end: a
    target that exists is whole, whatever interrupts. All clips share the first one's layout,
    units, axes, frame rate and picture size; one with fewer bodies gets missing ones.

    Args:
        path: The folder to make.
        clips: What to write; may be a generator.
        class_names: Class names in label order.
        provenance: Where the data came from, for dataset.yaml.
        report: Kept as conversion.json; read after the last clip, so a reader may fill it
            while it yields.
        symmetry: What is known of the classes when clips are mirrored or played backwards.
        force: Replace a store that is there. It is removed only once the new one stands.

    Returns:
        The new store, opened.

    Raises:
        StoreError: If something is in the way, the clips do not fit together, there are
            none, or the disk is full (nothing is left behind then).
    """
    write_files(
        Path(path),
        clips,
        class_names=class_names,
        provenance=provenance,
        report=report,
        symmetry=symmetry,
        force=force,
    )
    return Store.open(path)


def _absent(folder: Path) -> str:
    kept = (
        sorted(folder.parent.glob(f".{folder.name}.replaced-*")) if folder.parent.is_dir() else []
    )
    if kept:
        return (
            f"{folder}: expected a store, got none: a replacement was interrupted. "
            f"The old one is whole: rename {kept[-1]} to {folder.name}."
        )
    got = "a folder without dataset.yaml" if folder.is_dir() else "no such folder"
    if folder.is_file():
        got = "a file"
    return (
        f"{folder}: expected a store, got {got}. Make one with `skelgraph convert SOURCE {folder}`."
    )


def _read_facts(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise StoreError(
            f"{path}: expected readable YAML, got '{reason}'. Convert the data again."
        ) from error


def _fact_faults(facts: Any) -> list[str]:
    again = "Convert the data again."
    if not isinstance(facts, dict):
        return [f"expected a mapping, got {type(facts).__name__}. {again}"]
    version = facts.get("schema_version")
    if version != SCHEMA_VERSION:
        return [f"expected schema_version {SCHEMA_VERSION}, got {version!r}. {again}"]
    kinds = {"layout": dict, "class_names": list, "units": str, "axes": list, "sha256": dict}
    faults = [
        f"expected {key} as {kind.__name__}, got {facts.get(key)!r}. {again}"
        for key, kind in kinds.items()
        if not isinstance(facts.get(key), kind)
    ]
    if faults:
        return faults
    try:
        Layout.from_dict(facts["layout"])
    except (SkelgraphError, KeyError, TypeError) as error:
        faults.append(f"layout: expected a whole layout, got one that fails: {error}. {again}")
    _, wrong = read_symmetry(facts.get("symmetry"), _class_names(facts))
    return [*faults, *frame_faults(facts["units"], tuple(facts["axes"])), *wrong]


def _array_faults(
    keypoints: np.ndarray, confidence: np.ndarray | None, facts: Mapping[str, Any]
) -> list[str]:
    shape, layout, axes = keypoints.shape, Layout.from_dict(facts["layout"]), facts["axes"]
    faults = []
    if keypoints.dtype != np.float32 or len(shape) != 4:
        return [
            f"{KEYPOINTS}: expected float32 (F, M, V, C), got {keypoints.dtype} {shape}. "
            "Convert the data again."
        ]
    if shape[2:] != (layout.num_joints, len(axes)):
        faults.append(
            f"{KEYPOINTS}: expected {layout.num_joints} joints of '{layout.name}' and "
            f"{len(axes)} coordinates, got shape {shape}. Convert the data again."
        )
    if confidence is not None and confidence.shape != shape[:3]:
        faults.append(
            f"{CONFIDENCE}: expected shape {shape[:3]}, got {confidence.shape}. "
            "Convert the data again."
        )
    return faults


def _class_names(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in facts["class_names"])


def _index(folder: Path, facts: Mapping[str, Any], *, num_frames: int) -> ClipTable:
    """Map the index, or read and check it row by row where it was edited."""
    mapped = map_columns(folder, facts, _class_names(facts), num_frames=num_frames)
    if mapped is not None:
        return mapped
    table = read_table(folder / INDEX, _class_names(facts))
    faults = _range_faults(table, num_frames)
    if faults:
        raise StoreError(list_faults([f"{folder}: {fault}" for fault in faults]))
    return table


def _range_faults(table: ClipTable, total: int) -> list[str]:
    if len(table) == 0:
        return [f"{INDEX}: expected at least one clip, got none. Convert the data again."]
    outside = (table.start < 0) | (table.frames < 1) | (table.start + table.frames > total)
    return [
        f"{INDEX}, clip '{table.name[row]}': expected frames inside 0..{total}, got start "
        f"{table.start[row]} and {table.frames[row]} frames. Correct the row."
        for row in np.flatnonzero(outside)
    ]
