"""Writing a store: whole or not at all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skelgraph.data.clip import Clip
from skelgraph.data.index_columns import write_columns
from skelgraph.data.new_folder import beside, full_disk_told, put_in_place
from skelgraph.data.report import ConversionReport
from skelgraph.data.store_files import (
    CONFIDENCE,
    DATASET,
    INDEX,
    INDEX_COLUMNS,
    KEYPOINTS,
    REPORT,
    SCHEMA_VERSION,
    GrowingArray,
    checksum,
    close_safely,
    pad_bodies,
    sync,
)
from skelgraph.data.symmetry import Symmetry
from skelgraph.data.table import COLUMNS, index_row
from skelgraph.errors import StoreError

ODD = "backslashreplace"
"""How texts are written that are no Unicode: names of files in another encoding, half a pair of
UTF-16 in a damaged JSON file."""

MAX_NAME = 1000


def write_files(
    target: Path,
    clips: Iterable[Clip],
    *,
    class_names: Sequence[str],
    provenance: Mapping[str, Any],
    report: ConversionReport | None,
    symmetry: Symmetry | None,
    force: bool,
) -> None:
    """Write the files of a store; see `skelgraph.data.store.write_store`."""
    check_free(target, force=force)
    _check_length("class", class_names)
    with beside(target) as folder:
        writer = _Writer(folder, class_names, symmetry or Symmetry())
        with full_disk_told(target, folder, aside=writer.clips_so_far):
            try:
                for clip in clips:
                    writer.add(clip)
                writer.finish(provenance, report)
            finally:
                writer.close()
        put_in_place(folder, target, check=partial(check_free, force=force))


def _check_length(what: str, names: Iterable[str]) -> None:
    """Refuse names without end, as damaged files have them; indexes would carry them about."""
    for name in names:
        if len(name) > MAX_NAME:
            raise StoreError(
                f"{what} '{name[:50]}...': expected a name of at most {MAX_NAME} letters, got "
                f"{len(name)}. Correct the source."
            )


def _unicode(facts: Any) -> Any:
    """Escape in plain containers what is no Unicode, which YAML cannot hold."""
    if isinstance(facts, str):
        return facts.encode("utf-8", ODD).decode()
    if isinstance(facts, dict):
        return {_unicode(key): _unicode(value) for key, value in facts.items()}
    return [_unicode(item) for item in facts] if isinstance(facts, (list, tuple)) else facts


class _Writer:
    """The files of one store while they grow."""

    def __init__(self, folder: Path, class_names: Sequence[str], symmetry: Symmetry) -> None:
        self.folder = folder
        self.symmetry = symmetry
        self.class_names = list(class_names)
        self.first: Clip | None = None
        self.extra: list[str] = []
        self.num_frames = 0
        self.num_bodies = 0
        self.scored = False
        self.names: set[str] = set()
        self.keypoints = GrowingArray(folder / KEYPOINTS)
        self.confidence = GrowingArray(folder / CONFIDENCE)
        self.index = (folder / INDEX).open("w", newline="", encoding="utf-8", errors=ODD)
        self.rows = csv.writer(self.index, lineterminator="\n")

    def clips_so_far(self) -> str:
        return f" (that much was needed by the first {len(self.names)} clips)"

    def add(self, clip: Clip) -> None:
        if self.first is None:
            self._begin(clip)
        self._check(clip)
        bodies = clip.keypoints.shape[1]
        if bodies > self.num_bodies:
            self.num_bodies = bodies
            self.keypoints.widen(bodies)
            self.confidence.widen(bodies)
        score = clip.confidence
        if score is None:
            score = np.full(clip.keypoints.shape[:3], np.nan, dtype=np.float32)
        else:
            self.scored = True
        self.keypoints.append(pad_bodies(clip.keypoints, self.num_bodies))
        self.confidence.append(pad_bodies(score, self.num_bodies))
        self.rows.writerow(index_row(self._values(clip), self.class_names, self.extra))
        self.num_frames += clip.num_frames
        self.names.add(clip.name)

    def finish(self, provenance: Mapping[str, Any], report: ConversionReport | None) -> None:
        if self.first is None:
            why = Counter(report.dropped.values() if report else ())
            reasons = ", ".join(f"{count} dropped: {reason}" for reason, count in why.items())
            raise StoreError(
                f"{provenance.get('source', 'source')}: expected at least one usable clip, got "
                f"none{f' ({reasons})' if reasons else ''}. Check the recording."
            )
        self.keypoints.close()
        self.confidence.close()
        close_safely(self.index)
        if not self.scored:
            (self.folder / CONFIDENCE).unlink()
        if report is not None:
            text = json.dumps({"schema_version": 1, **report.to_dict()}, indent=2)
            (self.folder / REPORT).write_text(text + "\n", encoding="utf-8")
        columns = write_columns(self.folder, _unicode(self.class_names))
        facts = yaml.safe_dump(
            _unicode(self._facts(provenance, columns)), sort_keys=False, allow_unicode=True
        )
        with (self.folder / DATASET).open("w", encoding="utf-8") as file:
            file.write(facts)
            sync(file)

    def close(self) -> None:
        """Let go of the files; what a full disk keeps back is lost with them."""
        for file in (self.keypoints.file, self.confidence.file, self.index):
            with suppress(OSError):
                file.close()

    def _begin(self, clip: Clip) -> None:
        self.first = clip
        self.extra = list(clip.extra)
        self.num_bodies = clip.keypoints.shape[1]
        self.rows.writerow([*COLUMNS, *self.extra])

    def _check(self, clip: Clip) -> None:
        first = self.first
        assert first is not None
        _check_length("clip", (clip.name, clip.source))
        if clip.layout is not first.layout and clip.layout.to_dict() != first.layout.to_dict():
            raise StoreError(_unlike(clip, "layout", first.layout.name, clip.layout.name))
        for key in ("units", "axes", "fps", "width", "height"):
            if getattr(clip, key) != getattr(first, key):
                raise StoreError(_unlike(clip, key, getattr(first, key), getattr(clip, key)))
        if clip.name in self.names:
            raise StoreError(
                f"clip '{clip.name}': expected unique names, got it twice. Rename one of them."
            )
        if clip.label is not None and not 0 <= clip.label < len(self.class_names):
            raise StoreError(
                f"clip '{clip.name}': expected a label below {len(self.class_names)}, "
                f"got {clip.label}. Name every class."
            )
        if clip.num_frames < 1:
            raise StoreError(
                f"clip '{clip.name}': expected at least one frame, got none. Leave it out."
            )

    def _values(self, clip: Clip) -> dict[str, object]:
        return {
            **{key: clip.extra.get(key, "") for key in self.extra},
            "clip": clip.name,
            "start": self.num_frames,
            "frames": clip.num_frames,
            "label": -1 if clip.label is None else clip.label,
            "subject": clip.subject,
            "camera": clip.camera,
            "setup": clip.setup,
            "repetition": clip.repetition,
            "bodies": int(clip.seen.any(axis=(0, 2)).sum()),
            "source": clip.source,
        }

    def _facts(self, provenance: Mapping[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
        first = self.first
        assert first is not None
        files = (KEYPOINTS, CONFIDENCE, INDEX, INDEX_COLUMNS, REPORT)
        symmetry = self.symmetry.describe(self.class_names)
        return {
            "schema_version": SCHEMA_VERSION,
            "clips": len(self.names),
            "frames": self.num_frames,
            "class_names": self.class_names,
            **({"symmetry": symmetry} if symmetry else {}),
            "units": first.units,
            "axes": list(first.axes),
            "fps": first.fps,
            "width": first.width,
            "height": first.height,
            "index": columns,
            "provenance": json.loads(json.dumps(dict(provenance), default=str)),
            "sha256": {name: checksum(self.folder / name) for name in files if self._has(name)},
            "layout": json.loads(json.dumps(first.layout.to_dict())),
        }

    def _has(self, name: str) -> bool:
        return (self.folder / name).is_file()


def _unlike(clip: Clip, key: str, expected: object, got: object) -> str:
    return (
        f"clip '{clip.name}': expected {key} {expected!r} like the first clip's, got {got!r}. "
        "Convert the two kinds to stores of their own."
    )


def check_free(target: Path, *, force: bool) -> None:
    """Check that a store can go to a place: it is free, or holds a store and may be replaced.

    Raises:
        StoreError: If something is in the way.
    """
    if not target.exists() and not target.is_symlink():
        return
    if not force:
        raise StoreError(
            f"{target}: expected a new name, got one that exists. Use --force to replace it."
        )
    if not (target / DATASET).is_file() or target.is_symlink():
        raise StoreError(
            f"{target}: expected a store to replace, got something else. Remove it yourself "
            "or give another name."
        )
