"""Clips in memory, with what a store offers to protocols and batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.symmetry import Symmetry
from skelgraph.data.table import ClipTable
from skelgraph.errors import StoreError
from skelgraph.graphs import Layout


class ClipList:
    """A list of clips that can be split, cut and batched like a store.

    Args:
        clips: At least one clip, all of one layout.
        class_names: Class names in label order.

    Raises:
        StoreError: If there are no clips or their layouts differ.
    """

    def __init__(self, clips: Sequence[Clip], class_names: Sequence[str] = ()) -> None:
        if not clips:
            raise StoreError("clips: expected at least one, got none. Give a recording.")
        other = [clip.name for clip in clips if clip.layout != clips[0].layout]
        if other:
            raise StoreError(
                f"clip '{other[0]}': expected layout '{clips[0].layout.name}' like the first "
                "clip's, got another. Keep one list a layout."
            )
        self._clips = list(clips)
        self.class_names = tuple(class_names)

    def __len__(self) -> int:
        return len(self._clips)

    @property
    def layout(self) -> Layout:
        return self._clips[0].layout

    @property
    def symmetry(self) -> Symmetry:
        return Symmetry()

    @property
    def fps(self) -> float | None:
        return self._clips[0].fps

    @property
    def num_clips(self) -> int:
        return len(self._clips)

    @property
    def num_bodies(self) -> int:
        return max(clip.keypoints.shape[1] for clip in self._clips)

    def clip(self, row: int) -> Clip:
        """Give one clip."""
        return self._clips[row]

    @cached_property
    def clips(self) -> ClipTable:
        frames = np.array([clip.num_frames for clip in self._clips], dtype=np.int64)
        labels = [-1 if clip.label is None else clip.label for clip in self._clips]
        numbers: dict[str, Any] = {
            key: np.array([getattr(clip, key) for clip in self._clips], dtype=np.int64)
            for key in CLIP_NUMBERS
        }
        return ClipTable(
            name=np.array([clip.name for clip in self._clips], dtype=str),
            start=np.cumsum(frames) - frames,
            frames=frames,
            label=np.array(labels, dtype=np.int64),
            **numbers,
            bodies=np.array(
                [clip.seen.any(axis=(0, 2)).sum() for clip in self._clips], dtype=np.int64
            ),
            source=np.array([clip.source for clip in self._clips], dtype=str),
            class_names=self.class_names,
        )
