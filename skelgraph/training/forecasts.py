"""What a forecast is: observed and predicted poses, in the coordinates of the recording."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.coordinates import from_house_frame
from skelgraph.data.store import Store, write_store
from skelgraph.evaluation.forecasting import hold_pose, keep_velocity
from skelgraph.graphs import Layout

METHODS = ("forecast", "last pose held", "constant velocity")


@dataclass(frozen=True)
class Placement:
    """Where prepared positions lie in the recording: house frame = (prepared + offset) / factor.

    Args:
        factor: From the recording's size to the neutral pose's.
        offset: The prepared origin, in metres of the neutral size, (C,).
    """

    factor: float
    offset: np.ndarray

    def prepared(self, house: np.ndarray) -> np.ndarray:
        """Give places of the house frame as the model sees them, (..., C)."""
        return house * np.float32(self.factor) - self.offset

    def house(self, prepared: np.ndarray) -> np.ndarray:
        """Give places as the model sees them in the house frame, (..., C)."""
        return (prepared + self.offset) / np.float32(self.factor)


@dataclass(frozen=True)
class Track:
    """One clip, or a window of it: what was observed, and what was predicted.

    Positions are in metres of the neutral size in the house frame, NaN where nothing is known.

    Args:
        clip: The recording's observed frames.
        row: Its row in the store.
        start: Frame of the recording that the forecast begins with.
        observed: (T, M, V, C).
        forecast: NaN for joints that were never observed, (F, M, V, C).
        truth: What came, where it was hidden from the model, (F, M, V, C).
        placement: Where the positions lie in the recording.
    """

    clip: Clip
    row: int
    start: int
    observed: np.ndarray
    forecast: np.ndarray
    truth: np.ndarray | None
    placement: Placement

    def guesses(self) -> dict[str, np.ndarray]:
        """The forecast and the two simple guesses, by the names in `METHODS`."""
        seen = np.isfinite(self.observed).all(axis=-1)
        count = len(self.forecast)
        simple = (
            guess(np.nan_to_num(self.observed), seen, num_frames=count)
            for guess in (hold_pose, keep_velocity)
        )
        return dict(zip(METHODS, (self.forecast, *simple), strict=True))

    def recorded(self, layout: Layout) -> Clip:
        """The forecast as a recording, in the coordinates of the one it follows."""
        clip = self.clip
        keypoints = from_house_frame(
            self.placement.house(self.forecast),
            units=clip.units,
            axes=clip.axes,
            width=clip.width,
            height=clip.height,
        )
        return replace(clip, keypoints=keypoints, layout=layout, confidence=None)


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of several clips.

    Args:
        tracks: One a clip, or one a window where the true poses were hidden.
        layout: Skeleton of the tracks.
        fps: Frames per second, if known.
        class_names: Class names of the recordings.
        dropped: Clips without a forecast -> why.
        notes: What is to be kept in mind of them.
    """

    tracks: list[Track]
    layout: Layout
    fps: float | None
    class_names: tuple[str, ...] = ()
    dropped: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Name each track: its clip, and the first frame predicted where it has several."""
        count = Counter(track.row for track in self.tracks)
        return [
            track.clip.name if count[track.row] == 1 else f"{track.clip.name}@{track.start}"
            for track in self.tracks
        ]

    @property
    def num_frames(self) -> int:
        return len(self.tracks[0].forecast)

    @property
    def step_ms(self) -> float | None:
        """Milliseconds from frame to frame."""
        return 1000 / self.fps if self.fps else None


def write_forecasts(
    forecasts: Forecasts, path: str | Path, *, run: str | Path, force: bool = False
) -> Store:
    """Write the predicted frames as a store, in units and axes of the recordings.

    Args:
        forecasts: What to write.
        path: The store to make.
        run: Named in the store's provenance.
        force: Replace a store that is there.

    Raises:
        StoreError: If the store cannot be written.
    """
    clips = (
        replace(track.recorded(forecasts.layout), name=name)
        for track, name in zip(forecasts.tracks, forecasts.names, strict=True)
    )
    provenance = {
        "source": f"forecast of {forecasts.num_frames} frames by {Path(run).name}",
        "format": "forecast",
    }
    return write_store(
        path, clips, class_names=forecasts.class_names, provenance=provenance, force=force
    )
