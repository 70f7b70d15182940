"""What is wrong with the arrays of an .npz set."""

from __future__ import annotations

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, UNITS
from skelgraph.errors import MAX_FAULTS

COLUMNS = ("label", *CLIP_NUMBERS)
UNIT_NAMES = {**{unit: unit for unit in UNITS}, "m": "metre", "mm": "millimetre", "px": "pixel"}


def npz_faults(arrays: dict[str, np.ndarray]) -> list[str]:
    """List all that keeps a set's arrays from being read as clips."""
    faults = [
        f"expected the key '{key}', got none. {step}."
        for key, step in (("keypoints", "Add it"), ("units", "Add it, or give --units NAME"))
        if key not in arrays
    ]
    if "keypoints" in arrays:
        faults += _keypoint_faults(arrays)
    if "units" in arrays and (as_text(arrays["units"]) or "") not in UNIT_NAMES:
        faults.append(
            f"units: expected one of {', '.join(UNITS)}, got {arrays['units']!r}. Correct it."
        )
    if faults:
        return faults
    return [*_channel_faults(arrays), *_offset_faults(arrays), *_column_faults(arrays)]


def _keypoint_faults(arrays: dict[str, np.ndarray]) -> list[str]:
    keypoints = arrays["keypoints"]
    faults = []
    if keypoints.dtype.kind not in "fiu":
        faults.append(f"keypoints: expected numbers, got {keypoints.dtype}. Store float32.")
    flat = keypoints.ndim == 3 and "offsets" in arrays
    if not flat and keypoints.ndim != 5:
        faults.append(
            "keypoints: expected (F, V, C) with 'offsets' or (clips, T, M, V, C), got shape "
            f"{keypoints.shape}{'' if 'offsets' in arrays else ' without offsets'}. Reshape it."
        )
    return faults


def _channel_faults(arrays: dict[str, np.ndarray]) -> list[str]:
    pixels = UNIT_NAMES[as_text(arrays["units"]) or ""] == "pixel"
    rule = "2 or 3 (x, y, confidence)" if pixels else "3 or 4 (x, y, z, confidence)"
    channels = arrays["keypoints"].shape[-1]
    if channels in ((2, 3) if pixels else (3, 4)):
        return []
    return [f"keypoints: expected {rule} channels, got {channels}. Give those."]


def _offset_faults(arrays: dict[str, np.ndarray]) -> list[str]:
    if arrays["keypoints"].ndim == 5:
        return []
    offsets, frames = arrays["offsets"], len(arrays["keypoints"])
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) < 2:
        return [
            f"offsets: expected at least two whole numbers, got {offsets.dtype} "
            f"{offsets.shape}. Give clips + 1 of them."
        ]
    faults = []
    falls = np.flatnonzero(offsets[1:].astype(np.int64) < offsets[:-1].astype(np.int64))
    if len(falls):
        faults.append(
            f"offsets: expected no value below the one before, got that at clips "
            f"{', '.join(map(str, falls[:5]))}{' ...' if len(falls) > 5 else ''}. Correct them."
        )
    if offsets[0] != 0 or offsets[-1] != frames:
        faults.append(
            f"offsets: expected to run from 0 to the {frames} frames, got {offsets[0]} to "
            f"{offsets[-1]}. The file is cut off or its offsets belong to another."
        )
    return faults


def _column_faults(arrays: dict[str, np.ndarray]) -> list[str]:
    num_clips = count_clips(arrays)
    faults = [
        f"{key}: expected {num_clips} whole numbers, one a clip, got {arrays[key].dtype} "
        f"{arrays[key].shape}. Correct it."
        for key in COLUMNS
        if key in arrays
        and (arrays[key].shape != (num_clips,) or arrays[key].dtype.kind not in "iu")
    ]
    names = as_texts(arrays.get("class_names"))
    if faults or names is None or "label" not in arrays:
        return faults
    wrong = np.flatnonzero((arrays["label"] < -1) | (arrays["label"] >= len(names)))
    rule = f"expected a label from 0 to {len(names) - 1} (-1: none)"
    faults = [
        f"clip {row}: {rule}, got {arrays['label'][row]}. Correct it or name the class."
        for row in wrong[: MAX_FAULTS - 1]
    ]
    if len(wrong) >= MAX_FAULTS:
        faults.append(f"{len(wrong) - len(faults)} more clips: {rule}, got others. Correct them.")
    return faults


def count_clips(arrays: dict[str, np.ndarray]) -> int:
    """Count the clips of a set."""
    flat = arrays["keypoints"].ndim == 3
    return len(arrays["offsets"]) - 1 if flat else len(arrays["keypoints"])


def as_text(value: np.ndarray | None) -> str | None:
    """Read a single word; None where there is none."""
    return None if value is None or value.ndim else str(value)


def as_texts(value: np.ndarray | None) -> list[str] | None:
    """Read a list of words; None where there is none."""
    return None if value is None or value.ndim != 1 else [str(item) for item in value]
