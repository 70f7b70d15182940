"""Joints where formats want them: in metres, or in pixels of the picture."""

from __future__ import annotations

import numpy as np

from skelgraph.data.clip import HOUSE_AXES, IMAGE_AXES
from skelgraph.data.coordinates import to_house_frame
from skelgraph.data.formats.writing.told import Losses
from skelgraph.data.store import Store

METRIC = ("metre", "millimetre")
"""Units of recordings that are not in the picture."""


def picture_faults(store: Store, what: str) -> list[str]:
    """List why joints cannot be given in pixels; an empty list means that they can."""
    if store.units not in ("pixel", "image fraction"):
        return [
            f"expected joints in the picture (pixel or image fraction) for {what}, got "
            f"{store.units}. Write 3-D recordings as mmaction_pickle, ctrgcn_npz, csv or pyg."
        ]
    if store.units == "image fraction" and not (store.width and store.height):
        return [
            "expected the picture's width and height to turn image fractions into pixels, got "
            "none. Give --width PIXELS --height PIXELS."
        ]
    if store.axes[:2] != IMAGE_AXES[:2] or store.axes[2:] not in ((), ("away",), ("confidence",)):
        return [
            f"expected the axes of a picture, {', '.join(IMAGE_AXES)}, got "
            f"{', '.join(store.axes)}. Convert the recordings themselves again."
        ]
    return []


def in_pixels(points: np.ndarray, store: Store) -> np.ndarray:
    """Give positions (..., 2 or 3) in pixels; MediaPipe's z is in the scale of x."""
    if store.units == "pixel":
        return points
    width, height = store.width or 1, store.height or 1
    scale = np.array([width, height, width], dtype=np.float32)[: points.shape[-1]]
    return points * scale


def in_space_or_pixels(points: np.ndarray, store: Store) -> np.ndarray:
    """Give positions in metres in the house frame, or in pixels of the picture."""
    if store.units in METRIC:
        return to_house_frame(points, units=store.units, axes=store.axes)
    return in_pixels(points, store)


def space_losses(store: Store) -> Losses:
    """List what becomes of units, axes and scores where only positions in metres are kept."""
    losses: Losses = {}
    if store.units != "metre":
        losses["units"] = "millimetres become metres"
    if store.axes != HOUSE_AXES:
        losses["axes"] = f"axes become {', '.join(HOUSE_AXES)}"
    if store.confidence is not None:
        losses["confidence"] = "the scores of all joints"
    return losses


def picture_losses(store: Store, *, coordinates: int) -> Losses:
    """List what becomes of units and of the third coordinate.

    Args:
        store: What is written.
        coordinates: How many the format keeps, 2 or 3.
    """
    losses: Losses = {}
    if store.units == "image fraction":
        losses["units"] = "image fractions become pixels"
    if store.axes[2:] == ("confidence",):
        losses["axes"] = "the third coordinate, a confidence, becomes the joints' score"
    elif len(store.axes) > coordinates:
        losses["axes"] = "the third coordinate z"
    return losses
