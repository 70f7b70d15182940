"""The importance of joints and frames of some clips, as one result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from skelgraph.errors import RunError
from skelgraph.explain.clips_asked import JOINTS, ClipsAsked, read_asked
from skelgraph.graphs.layout import SLOTS


@dataclass(frozen=True, eq=False, kw_only=True)
class Importance(ClipsAsked):
    """Importance of joints, and of frames where the method tells them apart, in N clips.

    Larger means that the class rests more on it; what speaks against the class is negative where
    a method knows. Only values of one method can be compared; `method` is a key of
    `skelgraph.explain.METHODS`. Saved as .csv it has a row a clip and body (left or right
    hand; of people the slot's number), and a frame where those are told apart, and a column a
    joint.

    Args:
        values: Shape (N, M, T, V), or (N, M, V) of a method that takes clips as a whole; zero for
            absent bodies and in padding.
        frames: Valid frames of each clip as the model saw it, the first ones, shape (N,).
    """

    values: np.ndarray
    frames: np.ndarray

    of: ClassVar[str] = JOINTS
    arrays: ClassVar[tuple[str, ...]] = (
        "values", "present", "frames", "target", "predicted", "label",
    )  # fmt: skip

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
        return self.mean_of(self.joints())

    def table(self) -> Iterator[list[str]]:
        """Yield the rows of the .csv, its head first."""
        yield [*TABLE, *self.layout.joints]
        for place, name in enumerate(self.names):
            target, predicted, label = (
                self.class_names[number] if number >= 0 else ""
                for number in (self.target[place], self.predicted[place], self.label[place])
            )
            head = [name, self.method, target, predicted, label]
            for body in np.flatnonzero(self.present[place]):
                values = self.values[place, body]
                whose = SLOTS[body] if self.layout.instances == "hands" else str(body)
                lines = values[: self.frames[place]] if self.timed else values[None]
                for frame, line in enumerate(lines):
                    when = str(frame) if self.timed else ""
                    yield [*head, whose, when, *(f"{value:.6g}" for value in line)]


TABLE = ("clip", "method", "class", "predicted", "label", "body", "frame")


def read_importance(path: str | Path) -> Importance:
    """Read what `Importance.save` wrote as .npz.

    Raises:
        RunError: If the file is missing, damaged or not ours.
    """
    return read_asked(path, Importance)
