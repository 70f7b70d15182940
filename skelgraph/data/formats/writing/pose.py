"""`.pose` files, a file a clip, through the package pose-format.

Components and points of MediaPipe (pose, holistic, hands) or OpenPose (body, hands), the
layout's bones as limbs, pixels (z in the scale of x), the picture's size (0 where unknown), the
frame rate (0 where unknown), and confidence, 0 for joints that were not seen. Both hands of layout
mediapipe_hands are one person's. Written a clip at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import (
    all_clips,
    count_content,
    filled,
    places_and_score,
    used_slots,
)
from skelgraph.data.formats.writing.picture import in_pixels, picture_faults, picture_losses
from skelgraph.data.formats.writing.places import file_places
from skelgraph.data.formats.writing.pose_header import LAYOUTS, Part, family_of, parts_of_layout
from skelgraph.data.formats.writing.told import (
    Losses,
    Told,
    body_losses,
    fact_losses,
    layout_loss,
    missing_losses,
    score_losses,
)
from skelgraph.data.store import Store
from skelgraph.graphs.layout import HANDS

ENDINGS = ()
VERSION = 0.2
LARGEST_PICTURE = 65535


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written."""
    found = picture_faults(store, ".pose files")
    if family_of(store.layout) is None:
        found.append(
            f"expected a layout of {', '.join(LAYOUTS)}, got '{store.layout.name}'. Turn it into "
            "one of those: --to-layout NAME."
        )
    if max(store.width or 0, store.height or 0) > LARGEST_PICTURE:
        found.append(
            f"expected a picture of at most {LARGEST_PICTURE} pixels a side, got {store.width} x "
            f"{store.height}. Correct it: --width PIXELS --height PIXELS."
        )
    return found


def losses(store: Store) -> Losses:
    """List what the files do not hold."""
    content = count_content(store)
    told = Told(
        names=file_places(store.clips.name.tolist()),
        fps=None if store.fps is None else float(np.float32(store.fps)),
        picture=(store.width, store.height),
    )
    found = fact_losses(store, told) | picture_losses(store, coordinates=3)
    if store.layout.name not in LAYOUTS:
        found |= layout_loss(store)
    if store.axes[2:] != ("confidence",) or store.confidence is not None:
        found |= score_losses(store, content)
    found |= missing_losses(content, zero_score=True, origin=False)
    if store.layout.instances == HANDS:
        return found
    return found | body_losses(store, content, followed=True)


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as a folder of .pose files."""
    need("pose_format", package="pose-format", what="writing .pose files")
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody

    parts = parts_of_layout(store.layout)
    places = file_places(store.clips.name.tolist())
    header = _header(store, parts)
    for place, clip in zip(places, all_clips(store, track), strict=True):
        points, score = places_and_score(clip)
        positions, sure = filled(in_pixels(points, store), score)
        used = positions.shape[1] if store.layout.instances == HANDS else used_slots(points)
        body = NumPyPoseBody(
            float(store.fps or 0.0),
            _people(positions[:, :used], parts),
            _people(sure[:, :used, :, None], parts)[..., 0],
        )
        file = target / f"{place}.pose"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            Pose(header, body).write(stream)


def _people(values: np.ndarray, parts: list[Part]) -> np.ndarray:
    """Put joints (T, M, V, C) in the header's order, (T, people, points, C)."""
    if parts[0].slot is None:
        order = [joint for part in parts for joint in part.joints]
        return np.ascontiguousarray(values[:, :, order])
    wide = np.zeros((len(values), 2, *values.shape[2:]), dtype=np.float32)
    wide[:, : values.shape[1]] = values
    own = [wide[:, part.slot][:, list(part.joints)] for part in parts]
    return np.concatenate(own, axis=1)[:, None]


def _header(store: Store, parts: list[Part]) -> Any:
    from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

    spatial = 2 if store.axes[2:] == ("confidence",) else len(store.axes)
    form = "XYZ"[:spatial] + "C"
    components = [
        PoseHeaderComponent(
            part.name,
            list(part.points),
            list(part.limbs),
            list(part.colours),
            form,
        )
        for part in parts
    ]
    return PoseHeader(
        VERSION, PoseHeaderDimensions(store.width or 0, store.height or 0), components
    )
