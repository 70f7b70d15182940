"""Headers of `.pose` files, and whether the rest of the file is as they say."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.detectors.pose_points import Points, find_points
from skelgraph.errors import FormatError

FORMS = ("XYC", "XYZC")
VERSIONS = (0.0, 0.1, 0.2)
SPARE_BYTES = 2**24
DAMAGE = (struct.error, ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError)


@dataclass(frozen=True, eq=False)
class PoseHeaderFound:
    """A file whose header was read, and was found to fit the rest of the file."""

    header: Any
    reader: Any
    points: Points
    fps: float
    coordinates: int
    size: tuple[int | None, int | None]
    ignored: int


def open_pose(file: Path) -> PoseHeaderFound:
    """Read the header with pose-format, and hold its counts against the bytes that are there.

    Raises:
        FormatError: If it is damaged, of another version, or of components that are not known.
    """
    from pose_format.pose_header import PoseHeader
    from pose_format.utils.reader import BufferReader

    try:
        content = file.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{file}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error
    reader = BufferReader(content)
    try:
        header = PoseHeader.read(reader)
        version = round(float(header.version), 3)
        if version not in VERSIONS:
            raise ValueError(f"version {version:g}")
        forms = {component.format for component in header.components}
        if len(forms) != 1 or not forms <= set(FORMS):
            raise ValueError(f"points of the form {', '.join(sorted(forms)) or 'none'}"[:200])
        fps, ignored = _check_body(reader, header, version, len(content))
    except DAMAGE as error:
        raise FormatError(
            f"{file}: expected a .pose file of version 0.0, 0.1 or 0.2 with points x, y, maybe z, "
            f"and confidence, got '{error}'. Copy or make the file again."
        ) from error
    named = [(component.name, component.points) for component in header.components]
    points = find_points(named)
    if points is None:
        raise FormatError(
            f"{file}: expected components of OpenPose or MediaPipe, got "
            f"{', '.join(name[:40] for name, _ in named[:5])}. Convert the file with pose-format."
        )
    size = (header.dimensions.width or None, header.dimensions.height or None)
    coordinates = len(next(iter(forms))) - 1
    return PoseHeaderFound(header, reader, points, float(fps), coordinates, size, ignored)


def _check_body(reader: Any, header: Any, version: float, size: int) -> tuple[float, int]:
    """Find the frame rate, and the people that pose-format would leave out.

    Raises:
        ValueError: If the counts do not fit the bytes that are left.
    """
    place = reader.read_offset
    numbers = sum(len(item.points) * len(item.format) for item in header.components)
    if numbers == 0:
        raise ValueError("a header without points")
    if version == 0.0:
        return _walk(reader.buffer, place, numbers, size)
    form = "<HHH" if version == 0.1 else "<fIH"
    fps, frames, people = struct.unpack_from(form, reader.buffer, place)
    left = size - place - struct.calcsize(form)
    each = people * numbers * 4
    if each == 0 or left == 0:
        raise ValueError(f"{people} people in {frames} frames")
    # Version 0.1 counts its frames in 16 bits: more of them are told by the size of the file.
    true_frames = left // each if version == 0.1 else frames
    if left != true_frames * each or frames != true_frames % 2 ** (16 if version == 0.1 else 32):
        raise ValueError(f"{left} bytes where {frames} frames of {people} people take {each} each")
    if not np.isfinite(fps) or fps < 0:
        raise ValueError(f"{fps} frames per second")
    return fps, 0


def _walk(content: bytes, place: int, numbers: int, size: int) -> tuple[float, int]:
    """Walk over the frames of version 0.0, whose people are counted in each frame."""
    fps, frames = struct.unpack_from("<HH", content, place)
    if frames == 0:
        raise ValueError("no frames")
    if frames * numbers * 4 > SPARE_BYTES + 10 * size:
        raise ValueError(f"{frames} frames in {size} bytes")
    place, ignored = place + 4, 0
    for _ in range(frames):
        (people,) = struct.unpack_from("<H", content, place)
        place += 2 + people * (2 + 4 * numbers)
        ignored += max(0, people - 1)
        if place > size:
            raise ValueError(f"{size} bytes where {frames} frames take more")
    return fps, ignored
