"""What stands beside importance of any kind: the clips, the classes asked about, its file."""

from __future__ import annotations

import csv
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from skelgraph.data.choosing import class_places, clip_places
from skelgraph.errors import RunError
from skelgraph.files import written_whole
from skelgraph.graphs import Layout

SCHEMA_VERSION = 1
JOINTS, LINKS = "joints", "A-links"  # what importance is of

Asked = TypeVar("Asked", bound="ClipsAsked")


@dataclass(frozen=True, eq=False, kw_only=True)
class ClipsAsked(ABC):
    """N clips that a model was asked about; the values follow in subclasses.

    Args:
        present: Bodies that are seen, bool, shape (N, M).
        target: Class asked about, shape (N,).
        predicted: Class that the model predicts, shape (N,).
        label: True class, -1 where unknown, shape (N,).
        names: Names of the clips.
        class_names: Classes of the model.
        method: How the values were found.
        layout: Skeleton of axis V.
        provenance: Run, data, options and seed that it came from; plain values.
    """

    present: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    label: np.ndarray
    names: tuple[str, ...]
    class_names: tuple[str, ...]
    method: str
    layout: Layout
    provenance: dict[str, Any] = field(default_factory=dict)

    of: ClassVar[str]  # JOINTS or LINKS
    arrays: ClassVar[tuple[str, ...]]  # the fields that have a row a clip

    def __len__(self) -> int:
        return len(self.names)

    @property
    def classes(self) -> np.ndarray:
        """True class of each clip where known, else the predicted one, (N,)."""
        return np.where(self.label >= 0, self.label, self.predicted)

    def take(self: Asked, chosen: np.ndarray) -> Asked:
        """Keep some clips: places or a mask."""
        places = np.arange(len(self))[chosen]
        kept: dict[str, Any] = {name: getattr(self, name)[places] for name in self.arrays}
        return replace(self, **kept, names=tuple(self.names[i] for i in places))

    def of_class(self: Asked, name: str) -> Asked:
        """Keep the clips of a class: by label where known, else by prediction.

        Raises:
            RunError: If the class is unknown or has no clip.
        """
        return self.take(class_places(self.classes, self.class_names, name))

    def choose(self: Asked, *, clip: str | None = None, class_name: str | None = None) -> Asked:
        """Keep one clip, or those of a class, or all.

        Raises:
            RunError: If there is none such.
        """
        if clip is not None:
            return self.take(clip_places(self.names, clip))
        return self if class_name is None else self.of_class(class_name)

    def by_target(self: Asked) -> Iterator[tuple[str, Asked]]:
        """Yield each class that was asked about with its clips."""
        for number in np.unique(self.target).tolist():
            yield self.class_names[number], self.take(self.target == number)

    def mean_of(self, values: np.ndarray) -> np.ndarray:
        """Mean of (N, M, ...) over clips; hands keep their slots, of people over bodies too.

        Args:
            values: NaN where a body is absent.

        Returns:
            Shape (M, ...) of hands, NaN for one never seen, (1, ...) of people.
        """
        if self.layout.instances != "hands":
            values = values.reshape(-1, 1, *values.shape[2:])
        known = np.isfinite(values)
        total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write everything as .npz, or the values as .csv; whole or not at all.

        Raises:
            RunError: If the name ends otherwise.
            SkelgraphError: If the file exists and `force` is off.
        """
        target = Path(path)
        check_suffix(target)
        with written_whole(target, force=force) as temporary:
            if target.suffix == ".csv":
                with temporary.open("w", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerows(self.table())
            else:
                arrays = {name: getattr(self, name) for name in self.arrays}
                with temporary.open("wb") as file:
                    np.savez_compressed(file, description=json.dumps(self._description()), **arrays)

    @abstractmethod
    def table(self) -> Iterator[list[str]]:
        """Yield the rows of the .csv, its head first."""

    def _description(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "of": self.of,
            "names": list(self.names),
            "class_names": list(self.class_names),
            "method": self.method,
            "layout": self.layout.to_dict(),
            "provenance": self.provenance,
        }


def check_suffix(path: Path) -> None:
    """Raise RunError unless a file's name says how importance is written."""
    if path.suffix not in (".npz", ".csv"):
        raise RunError(
            f"{path}: expected a file name ending in .npz or .csv, got '{path.suffix}'. "
            "Choose one of those."
        )


def read_asked(path: str | Path, kind: type[Asked]) -> Asked:
    """Read what `ClipsAsked.save` wrote as .npz.

    Args:
        path: The file.
        kind: What it shall hold.

    Raises:
        RunError: If the file is missing, damaged, not ours, or of the other kind.
    """
    option = " --links" if kind.of == LINKS else ""
    try:
        with np.load(path, allow_pickle=False) as file:
            description = json.loads(str(file["description"]))
            held = description.get("of", JOINTS)
            arrays = {name: file[name] for name in kind.arrays if held == kind.of}
        version = description["schema_version"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(
            f"{path}: expected importance as `skelgraph explain{option} --output FILE.npz` writes "
            f"it, got something else ({type(error).__name__}). Write it again."
        ) from error
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path}: expected schema_version {SCHEMA_VERSION}, got {version!r}. "
            "Use the skelgraph that wrote it, or a later one."
        )
    if held != kind.of:
        raise RunError(
            f"{path}: expected importance of {kind.of}, got that of {held}. Give a file of "
            f"`skelgraph explain{option}`."
        )
    return kind(
        **arrays,
        names=tuple(description["names"]),
        class_names=tuple(description["class_names"]),
        method=description["method"],
        layout=Layout.from_dict(description["layout"]),
        provenance=description["provenance"],
    )
