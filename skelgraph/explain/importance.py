"""The importance of joints and frames of some clips, as one result."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.errors import RunError, unknown_name
from skelgraph.files import written_whole
from skelgraph.graphs import Layout

SCHEMA_VERSION = 1
ARRAYS = ("values", "present", "frames", "target", "predicted", "label")


@dataclass(frozen=True, eq=False)
class Importance:
    """Importance of joints, and of frames where the method tells them apart, in N clips.

    Larger means that the class rests more on it; what speaks against the class is negative where
    a method knows. Only values of one method can be compared.

    Args:
        values: Shape (N, M, T, V), or (N, M, V) of a method that takes clips as a whole; zero for
            absent bodies and in padding.
        present: Bodies that are seen, bool, shape (N, M).
        frames: Valid frames of each clip as the model saw it, the first ones, shape (N,).
        target: Class asked about, shape (N,).
        predicted: Class that the model predicts, shape (N,).
        label: True class, -1 where unknown, shape (N,).
        names: Names of the clips.
        class_names: Classes of the model.
        method: A key of `skelgraph.explain.METHODS`.
        layout: Skeleton of axis V.
        provenance: Run, data, options and seed that it came from; plain values.
    """

    values: np.ndarray
    present: np.ndarray
    frames: np.ndarray
    target: np.ndarray
    predicted: np.ndarray
    label: np.ndarray
    names: tuple[str, ...]
    class_names: tuple[str, ...]
    method: str
    layout: Layout
    provenance: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def timed(self) -> bool:
        """Whether frames are told apart."""
        return self.values.ndim == 4

    def joints(self) -> np.ndarray:
        """Importance of each joint over the whole clip, NaN for absent bodies, (N, M, V)."""
        whole = self.values.sum(axis=2) if self.timed else self.values
        return np.where(self.present[..., None], whole, np.nan)

    def over_bodies(self) -> np.ndarray:
        """Importance of each joint, its bodies added up, (N, V)."""
        return np.nansum(self.joints(), axis=1)

    def over_joints(self) -> np.ndarray:
        """Importance of each frame, bodies and joints added up, (N, T).

        Raises:
            RunError: If frames are not told apart.
        """
        if not self.timed:
            raise RunError(
                f"importance: expected a method that tells frames apart, got '{self.method}'. "
                "Take one that does, such as integrated_gradients or occlusion_spans."
            )
        return np.asarray(self.values.sum(axis=(1, 3)))

    def parts(self) -> dict[str, np.ndarray]:
        """Importance of each body part, bodies added up: name -> (N,)."""
        joints = self.over_bodies()
        return {name: joints[:, list(part)].sum(axis=1) for name, part in self.layout.parts.items()}

    def mean_joints(self) -> np.ndarray:
        """Mean over clips; hands keep their slots, of people the mean over bodies too.

        Returns:
            Shape (M, V) of hands, NaN for one never seen, (1, V) of people.
        """
        joints = self.joints()
        if self.layout.instances != "hands":
            joints = joints.reshape(-1, 1, joints.shape[-1])
        known = np.isfinite(joints)
        total, count = np.where(known, joints, 0.0).sum(axis=0), known.sum(axis=0)
        return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)

    def take(self, chosen: np.ndarray) -> Importance:
        """Keep some clips: places or a mask."""
        places = np.arange(len(self))[chosen]
        kept: dict[str, Any] = {name: getattr(self, name)[places] for name in ARRAYS}
        return replace(self, **kept, names=tuple(self.names[i] for i in places))

    def of_class(self, name: str) -> Importance:
        """Keep the clips of a class: by label where known, else by prediction.

        Raises:
            RunError: If the class is unknown or has no clip.
        """
        if name not in self.class_names:
            raise RunError(unknown_name("class", name, self.class_names))
        own = np.where(self.label >= 0, self.label, self.predicted)
        kept = self.take(own == self.class_names.index(name))
        if not len(kept):
            raise RunError(
                f"class '{name}': expected a clip of it, got none among {len(self)}. "
                "Choose another class or other clips."
            )
        return kept

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write everything as .npz, or the values as .csv; whole or not at all.

        The table has a row a clip and body, and a frame where those are told apart, and a column
        a joint.

        Raises:
            RunError: If the name ends otherwise.
            SkelgraphError: If the file exists and `force` is off.
        """
        target = Path(path)
        check_suffix(target)
        with written_whole(target, force=force) as temporary:
            if target.suffix == ".csv":
                self._write_table(temporary)
            else:
                arrays = {name: getattr(self, name) for name in ARRAYS}
                with temporary.open("wb") as file:
                    np.savez_compressed(file, description=json.dumps(self._description()), **arrays)

    def _description(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "names": list(self.names),
            "class_names": list(self.class_names),
            "method": self.method,
            "layout": self.layout.to_dict(),
            "provenance": self.provenance,
        }

    def _write_table(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow((*TABLE, *self.layout.joints))
            writer.writerows(self._rows())

    def _rows(self) -> Iterator[list[str]]:
        for place, name in enumerate(self.names):
            target, predicted, label = (
                self.class_names[number] if number >= 0 else ""
                for number in (self.target[place], self.predicted[place], self.label[place])
            )
            head = [name, self.method, target, predicted, label]
            for body in np.flatnonzero(self.present[place]):
                values = self.values[place, body]
                lines = values[: self.frames[place]] if self.timed else values[None]
                for frame, line in enumerate(lines):
                    when = str(frame) if self.timed else ""
                    yield [*head, str(body), when, *(f"{value:.6g}" for value in line)]


TABLE = ("clip", "method", "class", "predicted", "label", "body", "frame")


def check_suffix(path: Path) -> None:
    """Raise RunError unless a file's name says how importance is written."""
    if path.suffix not in (".npz", ".csv"):
        raise RunError(
            f"{path}: expected a file name ending in .npz or .csv, got '{path.suffix}'. "
            "Choose one of those."
        )


def read_importance(path: str | Path) -> Importance:
    """Read what `Importance.save` wrote as .npz.

    Raises:
        RunError: If the file is missing, damaged or not ours.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            description = json.loads(str(file["description"]))
            arrays = {name: file[name] for name in ARRAYS}
        version = description["schema_version"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(
            f"{path}: expected importance as `skelgraph explain --output FILE.npz` writes it, got "
            f"something else ({type(error).__name__}). Write it again."
        ) from error
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path}: expected schema_version {SCHEMA_VERSION}, got {version!r}. "
            "Use the skelgraph that wrote it, or a later one."
        )
    return Importance(
        **arrays,
        names=tuple(description["names"]),
        class_names=tuple(description["class_names"]),
        method=description["method"],
        layout=Layout.from_dict(description["layout"]),
        provenance=description["provenance"],
    )
