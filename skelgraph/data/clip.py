"""One recording of a skeleton, as a sensor or a detector gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from skelgraph.errors import FormatError
from skelgraph.graphs import Layout

UNITS = ("metre", "millimetre", "pixel", "image fraction")

HOUSE_AXES = ("right", "up", "away")
"""Where +x, +y, +z point: to the person's right as that person faces the camera, up, away
from the camera. Kinect sets are recorded so."""

IMAGE_AXES = ("left", "down", "away")
"""A picture's x runs to its right, which is the left of a person who faces the camera (on
the OpenPose sets the right wrist has the smaller x in 99 of 100 frames), its y runs down.
MediaPipe's z grows away from the camera."""

CLIP_NUMBERS = ("subject", "camera", "setup", "repetition")
"""Numbers that say who performs, seen from where, and how often; -1 where unknown."""

CONFIDENCE_AXIS = "confidence"
"""A third coordinate that is no place: the detector's score of a 2-D joint, from 0 to 1. Only
a conversion that was asked for it makes one."""

OPPOSITE = {
    "right": "left",
    "left": "right",
    "up": "down",
    "down": "up",
    "away": "toward",
    "toward": "away",
}


@dataclass(frozen=True, eq=False)
class Clip:
    """A labelled recording on a named layout, in the units and axes it was recorded in.

    Args:
        keypoints: Positions, NaN where a joint was not seen, float32 (T, M, V, C) with C 2
            or 3, e.g. (93, 1, 25, 3).
        layout: The skeleton that axis V follows.
        name: Unique name inside a data set.
        confidence: The detector's score, float32 (T, M, V). None: it gave none.
        units: One of `UNITS`.
        axes: Where each of the C coordinates points, e.g. `HOUSE_AXES` or `IMAGE_AXES[:2]`;
            the third may be `CONFIDENCE_AXIS`, which the units do not hold for.
        fps: Frames per second. None: unknown.
        label: Class index. None: unlabelled.
        subject: Who performs. -1: unknown; the same for camera, setup and repetition.
        width: Picture width in pixels, needed to use image fractions.
        height: Picture height in pixels, needed to use image fractions.
        source: The recording it was taken from; clips that share it are never split.
        extra: Further facts to keep as columns of the store's index.

    Raises:
        FormatError: If a shape, the units or the axes do not fit.
    """

    keypoints: np.ndarray
    layout: Layout
    name: str
    confidence: np.ndarray | None = None
    units: str = "metre"
    axes: tuple[str, ...] = HOUSE_AXES
    fps: float | None = None
    label: int | None = None
    subject: int = -1
    camera: int = -1
    setup: int = -1
    repetition: int = -1
    width: int | None = None
    height: int | None = None
    source: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = [*_shape_faults(self), *frame_faults(self.units, self.axes)]
        if faults:
            raise FormatError("\n".join(f"clip '{self.name}': {fault}" for fault in faults))

    @property
    def num_frames(self) -> int:
        return int(self.keypoints.shape[0])

    @property
    def num_spatial(self) -> int:
        """How many of the coordinates are places: C, or 2 beside a confidence."""
        return num_spatial(self.axes)

    @property
    def seen(self) -> np.ndarray:
        """Which joints have a position, bool (T, M, V)."""
        return seen_joints(self.keypoints)


def seen_joints(keypoints: np.ndarray) -> np.ndarray:
    """Tell which joints have all their coordinates, (..., C) to bool (...)."""
    return in_all(~np.isnan(keypoints))


def in_all(flags: np.ndarray) -> np.ndarray:
    """Tell what holds for all coordinates of a joint, bool (..., C) to (...).

    One coordinate after another: a reduction over so short an axis takes ten times as long.
    """
    held: np.ndarray = flags[..., 0].copy()
    for coordinate in range(1, flags.shape[-1]):
        held &= flags[..., coordinate]
    return held


def _shape_faults(clip: Clip) -> list[str]:
    shape = clip.keypoints.shape
    if len(shape) != 4:
        return [f"expected keypoints (T, M, V, C), got shape {shape}. Add the missing axes."]
    faults = []
    if shape[2] != clip.layout.num_joints:
        faults.append(
            f"expected {clip.layout.num_joints} joints for layout '{clip.layout.name}', "
            f"got {shape[2]}. Give the layout that the clip was recorded with."
        )
    if shape[3] not in (2, 3) or len(clip.axes) != shape[3]:
        faults.append(
            f"expected 2 or 3 coordinates, an axis each, got {shape[3]} coordinates and axes "
            f"{clip.axes}. Keep confidences apart from coordinates."
        )
    if clip.confidence is not None and clip.confidence.shape != shape[:3]:
        faults.append(
            f"expected confidence of shape {shape[:3]}, got {clip.confidence.shape}. "
            "Give one score a joint."
        )
    return faults


def frame_faults(units: str, axes: tuple[str, ...]) -> list[str]:
    """List what is wrong with units and axes; an empty list means that they are usable.

    Example:
        >>> frame_faults("metre", ("right", "up", "away"))
        []
        >>> len(frame_faults("yard", ("right", "left")))
        2
    """
    faults = []
    if units not in UNITS:
        faults.append(f"units: expected one of {', '.join(UNITS)}, got '{units}'. Convert first.")
    places = axes[: num_spatial(axes)]
    lines = [frozenset((axis, OPPOSITE.get(axis, ""))) for axis in places]
    if not set(places) <= set(OPPOSITE) or len(set(lines)) != len(lines):
        faults.append(
            f"axes: expected different ones of {', '.join(sorted(OPPOSITE))}, got {axes}. "
            "Say where each coordinate points."
        )
    return faults


def num_spatial(axes: tuple[str, ...]) -> int:
    """Count the coordinates that are places, which a confidence as the third is not.

    Example:
        >>> num_spatial(("left", "down", "confidence"))
        2
    """
    return 2 if len(axes) == 3 and axes[2] == CONFIDENCE_AXIS else len(axes)
