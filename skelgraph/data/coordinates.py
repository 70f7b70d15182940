"""From recorded units and axes to the house frame."""

from __future__ import annotations

import numpy as np

from skelgraph.data.clip import HOUSE_AXES, OPPOSITE, num_spatial
from skelgraph.errors import FormatError

METRES = {"metre": 1.0, "millimetre": 1e-3}


def to_house_frame(
    keypoints: np.ndarray,
    *,
    units: str,
    axes: tuple[str, ...],
    width: int | None = None,
    height: int | None = None,
) -> np.ndarray:
    """Turn axes to right, up, away; lengths to metres, or to isotropic units of the picture.

    Pixels stay pixels. Image fractions become heights of the picture: x and z times
    width / height (MediaPipe's z is in the scale of x), y as it is. 2-D stays 2-D, and a
    confidence as third coordinate stays as it is.

    Args:
        keypoints: As recorded, float32 (..., C).
        units: One of `skelgraph.data.clip.UNITS`.
        axes: Where each coordinate points.
        width: Picture width in pixels.
        height: Picture height in pixels.

    Returns:
        A new array, float32 (..., C).

    Raises:
        FormatError: If image fractions come without the picture's width and height.
    """
    order, factor = _order_and_factor(units, axes, width=width, height=height)
    places: np.ndarray = keypoints[..., order] * factor.astype(np.float32)
    if len(order) == len(axes):
        return places
    return np.concatenate([places, keypoints[..., num_spatial(axes) :]], axis=-1)


def from_house_frame(
    positions: np.ndarray,
    *,
    units: str,
    axes: tuple[str, ...],
    width: int | None = None,
    height: int | None = None,
) -> np.ndarray:
    """Undo `to_house_frame`: give places in a recording's own axes and units.

    Args:
        positions: House frame, no confidence among the coordinates, float32 (..., C).
        units: As of the recording.
        axes: As of the recording.
        width: Picture width in pixels.
        height: Picture height in pixels.

    Returns:
        A new array, float32 (..., C).

    Raises:
        FormatError: If image fractions come without the picture's width and height.
    """
    order, factor = _order_and_factor(units, axes, width=width, height=height)
    recorded = np.empty_like(positions, dtype=np.float32)
    recorded[..., order] = positions / factor
    return recorded


def _order_and_factor(
    units: str, axes: tuple[str, ...], *, width: int | None, height: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find, for each house axis that is there, the coordinate along it and what it is times."""
    order, sign = _order_and_sign(axes)
    factor = sign * METRES.get(units, 1.0)
    if units == "image fraction":
        if not width or not height:
            raise FormatError(
                "image fractions: expected the picture's width and height, got none. Convert "
                "again with --width PIXELS --height PIXELS."
            )
        upright = np.array([axis in ("up", "down") for axis in axes])[order]
        factor = np.where(upright, factor, factor * (width / height))
    return order, factor


def _order_and_sign(axes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Find, for each house axis that is there, the coordinate along it and its sign."""
    order, sign = [], []
    for house in HOUSE_AXES:
        for place, axis in enumerate(axes):
            if axis in (house, OPPOSITE[house]):
                order.append(place)
                sign.append(1.0 if axis == house else -1.0)
    return np.array(order), np.array(sign)
