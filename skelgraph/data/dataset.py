"""Batches of windows, cut from recordings that were prepared once."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.data.memory import ClipList
from skelgraph.data.prepare import HANDS, PrepareOptions, check_clip, prepare_clip
from skelgraph.data.sampling import gather_frames, sample_times
from skelgraph.data.size import EMPTY, neutral_coordinates
from skelgraph.data.store import Store
from skelgraph.data.windows import Windows
from skelgraph.errors import ConfigError, StoreError, unknown_name
from skelgraph.graphs import JointMap, Layout

if TYPE_CHECKING:
    from torch_geometric.data import Data

MEMORY_LIMIT = 4 << 30
CENTRES = ("clip", "frame")


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows ready for a model.

    Args:
        positions: Metres in the house frame about the centre, no NaN, float32 (N, C, T, V, M);
            the third channel may be a confidence, see `ClipSet.num_spatial`.
        visible: Joints that were seen, bool (N, T, V, M); False in padding.
        frames: Frames that belong to the window and are no padding, bool (N, T).
        label: Class, -1 where unlabelled, int64 (N,).
        index: Place of each window in its ClipSet, int64 (N,).
    """

    positions: Tensor
    visible: Tensor
    frames: Tensor
    label: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.label)

    @property
    def bodies(self) -> Tensor:
        """Which bodies are seen at all, bool (N, M)."""
        return self.visible.flatten(1, 2).any(dim=1)

    def to(self, device: torch.device | str) -> Batch:
        """Move to a device."""
        return replace(self, **{key: value.to(device) for key, value in self._items()})

    def select(self, rows: Tensor) -> Batch:
        """Keep some windows: places int64 (K,) or a mask bool (N,)."""
        return replace(self, **{key: value[rows] for key, value in self._items()})

    def _items(self) -> list[tuple[str, Tensor]]:
        return [(item.name, getattr(self, item.name)) for item in fields(self)]


class ClipSet:
    """Windows over recordings that are prepared once and then only gathered from.

    Args:
        store: A store, or clips in memory.
        windows: What to batch; only the recordings they come from are prepared.
        layout: What the model sees.
        joint_map: From the store's layout to `layout`.
        options: Treatment of gaps.
        memory_limit: Bytes of prepared frames up to which they are kept in memory; more go to
            a temporary file, which is mapped.

    Attributes:
        counts: What preparing did: how clips were scaled, joints interpolated and filled.
        num_spatial: How many of the channels are places, see `Clip.num_spatial`.
        symmetry: Which classes the data set says stay what they are when mirrored or played
            backwards; labels are those of the set.

    Raises:
        StoreError: If there is no window, or no joint of the layout is seen in any clip.
        FormatError: If image fractions come without the picture's width and height.
    """

    def __init__(
        self,
        store: Store | ClipList,
        windows: Windows,
        *,
        layout: Layout,
        joint_map: JointMap,
        options: PrepareOptions | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        if len(windows) == 0:
            raise StoreError("windows: expected at least one, got none. Choose other clips.")
        self.layout = layout
        self.windows = windows
        self.symmetry = store.symmetry
        self.counts: Counter[str] = Counter()
        self._table = store.clips
        rows, place = np.unique(windows.row, return_inverse=True)
        frames = self._table.frames[rows]
        self._begins = np.cumsum(frames) - frames
        self._rows = rows
        self._allocate(store, joint_map, int(frames.sum()), memory_limit)
        self._prepare(store, joint_map, options or PrepareOptions())
        self._point(windows, place)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def num_bodies(self) -> int:
        return int(self._positions.shape[1])

    @property
    def num_channels(self) -> int:
        return int(self._positions.shape[3])

    @property
    def labels(self) -> np.ndarray:
        """Class of each window, int64 (W,)."""
        return self._table.label[self.windows.row]

    @property
    def names(self) -> np.ndarray:
        """Name of the clip of each window, (W,)."""
        return self._table.name[self.windows.row]

    def with_windows(self, windows: Windows) -> ClipSet:
        """Give a set of other windows over the same prepared recordings.

        Raises:
            StoreError: If a window lies in a recording that was not prepared here.
        """
        place = np.searchsorted(self._rows, windows.row).clip(max=len(self._rows) - 1)
        if len(windows) == 0 or (self._rows[place] != windows.row).any():
            raise StoreError(
                "windows: expected some, cut from the clips that were prepared, got others. "
                "Make a new ClipSet."
            )
        other = object.__new__(ClipSet)
        other.__dict__.update(self.__dict__)
        other.windows = windows
        other._point(windows, place)
        return other

    def batch(
        self,
        indices: Any,
        *,
        num_frames: int | None,
        generator: torch.Generator | None = None,
        centre: str = "clip",
        crop: float = 1.0,
    ) -> Batch:
        """Gather windows.

        Args:
            indices: Places of the windows, (N,).
            num_frames: Sample each window evenly to so many frames, interpolating between
                recorded ones. None: all frames, padded to the longest window of the batch.
            generator: Draw sampling times at random (for training). None: segment middles.
            centre: Origin: the mean of the centres of the bodies that are seen, over the whole
                window (`clip`) or in each `frame`. Bodies keep their places to each other.
            crop: Shortest share of a window to sample from at random; needs a generator.

        Raises:
            ConfigError: If an option is out of range.
        """
        if centre not in CENTRES:
            raise ConfigError(unknown_name("centre", centre, CENTRES))
        index = torch.as_tensor(np.asarray(indices), dtype=torch.int64)
        length = torch.from_numpy(self.windows.length)[index]
        if num_frames is None:
            step = torch.arange(int(length.max()))
            frames = step < length[:, None]
            times = torch.minimum(step, length[:, None] - 1).double()
        else:
            times = sample_times(length, num_frames, crop=crop, generator=generator)
            frames = torch.ones(times.shape, dtype=torch.bool)
        start = self._start[index.numpy()]
        positions, visible = gather_frames(
            self._positions, self._visible, start=start, times=times.numpy()
        )
        visible = visible & frames.numpy()[..., None, None]
        positions = self._centred(positions, visible, frames.numpy(), centre)
        return Batch(
            positions=torch.from_numpy(positions.transpose(0, 4, 1, 3, 2).copy()),
            visible=torch.from_numpy(visible.swapaxes(2, 3).copy()),
            frames=frames,
            label=torch.from_numpy(self._table.label[self.windows.row[index.numpy()]]),
            index=index,
        )

    def iterate(
        self,
        order: Any,
        batch_size: int,
        *,
        num_frames: int | None,
        generator: torch.Generator | None = None,
        centre: str = "clip",
        crop: float = 1.0,
    ) -> Iterator[Batch]:
        """Yield batches of the windows in the given order, the last one as short as it is."""
        places = np.asarray(order)
        for first in range(0, len(places), batch_size):
            yield self.batch(
                places[first : first + batch_size],
                num_frames=num_frames,
                generator=generator,
                centre=centre,
                crop=crop,
            )

    def to_pyg(self, index: int, *, num_frames: int | None = None) -> Data:
        """Give a window as a PyG graph of per-joint sequences.

        Nodes are the joints of the bodies that are seen, body after body.

        Returns:
            `Data` with x (P*V, T, C), visible (P*V, T), pos (P*V, 3), edge_index and edge_type
            of the layout once a body, body (P*V,), y (1,), joint_names.
        """
        from skelgraph.data.graph_item import to_data

        return to_data(self.batch([index], num_frames=num_frames), self.layout)

    def _allocate(
        self, store: Store | ClipList, joint_map: JointMap, frames: int, limit: int
    ) -> None:
        first = store.clip(int(self._rows[0]))
        check_clip(first)
        bodies = joint_map.num_bodies(store.num_bodies)
        bodies = max(bodies, 2) if self.layout.instances == HANDS else bodies
        channels = first.keypoints.shape[-1]
        shape = (frames, bodies, self.layout.num_joints, channels)
        self._positions = _frames_for(shape, limit)
        self._visible = np.zeros(shape[:3], dtype=bool)
        self.num_spatial = first.num_spatial
        neutral = neutral_coordinates(self.layout, bodies=bodies, channels=self.num_spatial)
        centre = neutral[:, list(self.layout.centre)].mean(axis=1, keepdims=True)
        scores = np.zeros((*neutral.shape[:2], channels - self.num_spatial), dtype=np.float32)
        self._neutral = np.concatenate([neutral - centre, scores], axis=-1)  # (M, V, C)

    def _prepare(
        self, store: Store | ClipList, joint_map: JointMap, options: PrepareOptions
    ) -> None:
        for row, begin in zip(self._rows, self._begins, strict=True):
            ready, seen = prepare_clip(
                store.clip(int(row)),
                joint_map,
                layout=self.layout,
                options=options,
                counts=self.counts,
            )
            part = slice(begin, begin + len(ready)), slice(0, ready.shape[1])
            self._positions[part], self._visible[part] = ready, seen
        if self.counts[EMPTY] == len(self._rows):
            raise StoreError(
                f"layout '{self.layout.name}': expected its joints in some clip, got all of "
                "them missing everywhere. Choose another layout or other clips."
            )

    def _point(self, windows: Windows, place: np.ndarray) -> None:
        self._start = self._begins[place] + windows.start - self._table.start[windows.row]

    def _centred(
        self, positions: np.ndarray, visible: np.ndarray, frames: np.ndarray, centre: str
    ) -> np.ndarray:
        """Move the origin to the centre; bodies that are not seen get the neutral pose there."""
        middle = positions[:, :, :, list(self.layout.centre)].mean(axis=3)  # (N, T, M, C)
        middle[..., self.num_spatial :] = 0  # a confidence has no origin
        present = np.asarray(visible.any(axis=(1, 3)))[:, None, :, None]  # (N, 1, M, 1)
        bodies = np.maximum(present.sum(axis=2), 1).astype(np.float32)
        middle = (middle * present).sum(axis=2) / bodies  # (N, T, C)
        if centre == "clip":
            valid = frames[..., None]
            count = valid.sum(axis=1, keepdims=True).astype(np.float32)
            middle = (middle * valid).sum(axis=1, keepdims=True) / count
        moved = positions - middle[:, :, None, None]
        return np.where(present[..., None], moved, self._neutral)


def _frames_for(shape: tuple[int, ...], limit: int) -> np.ndarray:
    """Make room for float32 frames: in memory, or above the limit in a nameless file."""
    if 4 * int(np.prod(shape, dtype=np.int64)) <= limit:
        return np.zeros(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
