"""What is wrong with the annotations of a pickle of MMAction2 or PySKL."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.arrays.point_sets import MAX_CLASSES
from skelgraph.errors import Faults, FormatError

CONTENTS_ONLY = {"frame_inds", "box_score", "raw_file"}


def annotation_faults(annotations: list[Any], *, max_bytes: int) -> list[str]:
    """List all that keeps annotations from being read as clips.

    Args:
        annotations: What the file has; anything at all.
        max_bytes: Bound on the bytes of all arrays; the same array used over and over makes
            a small file large.
    """
    if all(isinstance(item, dict) and "keypoint" not in item for item in annotations) and any(
        CONTENTS_ONLY & set(item) for item in annotations
    ):
        return [
            "expected annotations with 'keypoint', got the table of contents of a set whose "
            "skeletons lie in files of their own (Kinetics-400). Give a file with skeletons."
        ]
    faults = Faults()
    for number, item in enumerate(annotations):
        for fault in _faults(item):
            faults.append(f"annotation {number}: {fault}")
    if faults:
        return faults
    counts = Counter(item["frame_dir"] for item in annotations)
    for name, count in counts.items():
        if count > 1:
            faults.append(f"expected each frame_dir once, got '{name}' {count} times. Rename them.")
    size = sum(item["keypoint"].nbytes for item in annotations)
    if size > max_bytes:
        faults.append(
            f"expected at most {max_bytes} bytes of keypoint arrays in a file of this size, got "
            f"{size}: arrays are repeated. The file is no recording."
        )
    return faults


def _faults(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return [f"expected a dictionary, got {type(item).__name__}. Correct it."]
    points = item.get("keypoint")
    faults = []
    if not isinstance(item.get("frame_dir"), str):
        faults.append("expected frame_dir as text, got none. Name the recording.")
    label = item.get("label", -1)
    if not _whole(label) or label >= MAX_CLASSES:
        faults.append(f"expected a whole number as label, got {_short(label)}. Correct it.")
    if not isinstance(points, np.ndarray) or points.ndim != 4 or points.dtype.kind not in "fiu":
        faults.append(
            f"expected keypoint as numbers (M, T, V, C), got {_short(points)}. Correct it."
        )
        return faults
    score = item.get("keypoint_score")
    if "keypoint_score" in item and not _numbers(score, points.shape[:3]):
        faults.append(
            f"expected keypoint_score of shape {points.shape[:3]}, got {_short(score)}. Correct it."
        )
    total = item.get("total_frames", points.shape[1])
    if not _whole(total) or total != points.shape[1]:
        faults.append(
            f"expected {_short(total)} frames (total_frames), got {points.shape[1]}. Correct it."
        )
    return faults + _picture_faults(item)


def _numbers(value: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in "fiu"


def _picture_faults(item: dict[str, Any]) -> list[str]:
    shape = item.get("img_shape", (1, 1))
    pair = isinstance(shape, (tuple, list)) and len(shape) == 2
    if pair and all(_whole(size) and size > 0 for size in shape):
        return []
    return [f"expected img_shape as (height, width), got {_short(shape)}. Correct it."]


def one_kind(path: Path, annotations: list[dict[str, Any]]) -> tuple[int, int]:
    """Find the joints and channels that all annotations share.

    Raises:
        FormatError: If they differ.
    """
    kinds = Counter(item["keypoint"].shape[2:] for item in annotations)
    if len(kinds) > 1:
        found = ", ".join(f"{count} of {v} x {c}" for (v, c), count in kinds.most_common(5))
        raise FormatError(
            f"{path}: expected annotations of one number of joints and channels, got {found}. "
            "Split the file."
        )
    joints, channels = next(iter(kinds))
    return joints, channels


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and -1 <= int(value) < 2**31


def _short(value: Any) -> str:
    """Describe any value in a few characters."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if isinstance(value, (int, float, str, np.generic)) and len(str(value)[:50]) < 50:
        return f"'{value}'"
    return type(value).__name__
