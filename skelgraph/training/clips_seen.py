"""What stands beside whatever a run says about its clips: names, classes, which to keep."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from skelgraph.data.choosing import class_places, clip_places
from skelgraph.graphs import Layout

Kept = TypeVar("Kept", bound="ClipsSeen")


@dataclass(frozen=True, eq=False)
class ClipsSeen:
    """N clips that a run was asked about; arrays of what it said follow in subclasses.

    Every array has a row a clip.

    Args:
        layout: Skeleton that the model sees.
        class_names: Classes of the run.
        names: Names of the clips.
        label: True class, -1 where unknown, (N,).
        predicted: Class that the run predicts, (N,).
    """

    layout: Layout
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    label: np.ndarray
    predicted: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labelled(self) -> bool:
        """Whether any clip has a true class."""
        return bool((self.label >= 0).any())

    @property
    def classes(self) -> np.ndarray:
        """True classes, or predicted ones where no clip has a label, (N,)."""
        return self.label if self.labelled else self.predicted

    def take(self: Kept, places: np.ndarray) -> Kept:
        """Keep the clips at some places."""
        kept: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                kept[field.name] = value[places]
        return replace(self, **kept, names=tuple(self.names[i] for i in places))

    def choose(self: Kept, *, clip: str | None = None, class_name: str | None = None) -> Kept:
        """Keep one clip, or those of a class, or all.

        Raises:
            RunError: If there is none such.
        """
        if clip is not None:
            return self.take(clip_places(self.names, clip))
        if class_name is not None:
            return self.take(class_places(self.classes, self.class_names, class_name))
        return self
