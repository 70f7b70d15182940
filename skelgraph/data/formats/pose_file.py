"""`.pose` files, the container of sign language data, read through the package pose-format.

Header: size of the picture, components (pose, face, hands) with the names of their points; body:
frame rate, positions (frames, people, points, dims) in pixels, and confidence, 0 for a point that
was not seen. OpenPose and MediaPipe headers are read, by the names of components and points; a
header may leave points out, which then are missing in every frame. Lost: the face, world
landmarks, people beyond the layout's number of bodies; of version 0.0 all but the first person,
which is what pose-format reads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.extras import need
from skelgraph.data.formats.files import clip_name, find_files, read_each
from skelgraph.data.formats.pose_points import FACES, Points, find_points, known_joints
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tracking import into_slots
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import HANDS

FORMS = ("XYC", "XYZC")
VERSIONS = (0.0, 0.1, 0.2)
SPARE_BYTES = 2**24
MOST_PEOPLE = 64
DAMAGE = (struct.error, ValueError, TypeError, IndexError, OverflowError, ZeroDivisionError)


def recognises(path: Path) -> bool:
    """Tell whether this is a file that ends in .pose, or a folder with such files."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".pose"
        return next(path.rglob("*.pose"), None) is not None
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a .pose file or a folder of them.

    Raises:
        FormatError: If nothing can be read.
        MissingExtraError: If pose-format is not installed.
    """
    need("pose_format", package="pose-format", what="reading .pose files")
    files = find_files(path, "*.pose")
    if not files:
        raise FormatError(f"{path}: expected a .pose file, got none. Check the path.")
    report = ConversionReport(source=source_name(path), format="pose")
    plan = _plan(files, path, options, report)
    parse = partial(_clips, plan=plan)
    return Reading(
        clips=read_each(files, parse, root=path, report=report),
        num_clips=len(files),
        class_names=(),
        report=report,
    )


@dataclass(frozen=True, eq=False)
class _Opened:
    """A file whose header was read, and was found to fit the rest of the file."""

    header: Any
    reader: Any
    points: Points
    fps: float
    coordinates: int
    size: tuple[int | None, int | None]
    ignored: int


@dataclass(frozen=True)
class _Plan:
    """What holds for all files of a source."""

    root: Path
    layout: Layout
    fps: float | None
    fixed_fps: bool
    coordinates: int
    size: tuple[int | None, int | None]


def _plan(files: list[Path], root: Path, options: ReadOptions, report: ConversionReport) -> _Plan:
    """Look at all headers; the first that is sound rules, but for the size of the picture."""
    found: list[_Opened] = []
    fault: FormatError | None = None
    sizes: set[tuple[int | None, int | None]] = set()
    for file in files:
        try:
            opened = _open(file)
        except FormatError as error:
            fault = fault or error
            continue
        found = found or [opened]
        sizes.add(opened.size)
    if not found:
        assert fault is not None
        raise fault
    first = found[0]
    layout = load_layout(options.layout or first.points.layout)
    if len(sizes) > 1:
        report.note(f"pictures of {len(sizes)} sizes: the size is left out")
    width, height = first.size if len(sizes) == 1 else (None, None)
    return _Plan(
        root=root,
        layout=layout,
        fps=options.fps or first.fps or None,
        fixed_fps=options.fps is not None,
        coordinates=first.coordinates,
        size=(options.width or width, options.height or height),
    )


def _open(file: Path) -> _Opened:
    """Read the header with pose-format, and hold its counts against the bytes that are there."""
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
    return _Opened(header, reader, points, float(fps), coordinates, size, ignored)


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


def _clips(file: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    from pose_format.numpy import NumPyPoseBody

    opened = _open(file)
    _check_fit(file, opened, plan)
    try:
        body = NumPyPoseBody.read(opened.header, opened.reader)
        data = np.asarray(body.data.data, dtype=np.float32)
        score = np.asarray(body.confidence, dtype=np.float32)
    except (*DAMAGE, NotImplementedError, MemoryError) as error:
        raise FormatError(
            f"{file}: expected frames as the header says, got '{error}'. Make the file again."
        ) from error
    report.repaired["bodies after the first in version 0.0 -> dropped"] += opened.ignored
    _say_unused(opened, plan, report)
    points = np.concatenate([data, score[..., None]], axis=-1)
    kept = _bodies(points, opened, plan, report)
    positions, confidence = kept[..., :-1].copy(), kept[..., -1].copy()
    lost = ~(confidence > 0)
    odd = lost & ~np.isnan(confidence) & ~np.isnan(positions).all(axis=-1)
    report.repaired["joints with confidence 0 -> missing"] += int(odd.sum())
    positions[lost] = np.nan
    confidence[lost] = 0.0
    yield Clip(
        keypoints=positions,
        confidence=np.clip(confidence, 0.0, 1.0),
        layout=plan.layout,
        name=clip_name(file, plan.root),
        units="pixel",
        axes=IMAGE_AXES[: plan.coordinates],
        fps=plan.fps,
        width=plan.size[0],
        height=plan.size[1],
        source=f"{source_name(plan.root)}/{clip_name(file, plan.root)}",
    )


def _check_fit(file: Path, opened: _Opened, plan: _Plan) -> None:
    other_rate = not plan.fixed_fps and (opened.fps or None) != plan.fps
    if opened.coordinates != plan.coordinates or other_rate:
        raise FormatError(
            f"{file}: expected {plan.coordinates} coordinates at {plan.fps} frames per second as "
            f"in the first file, got {opened.coordinates} at {opened.fps}. Convert it by itself."
        )
    joints = {joint for _, joint in opened.points.where}
    sided = any(slot is not None for slot, _ in opened.points.where)
    fits = sided == (plan.layout.instances == HANDS) and joints & set(plan.layout.joints)
    if not fits:
        raise FormatError(
            f"{file}: expected joints of layout '{plan.layout.name}', got those of "
            f"'{opened.points.layout}'. Convert it by itself."
        )


def _say_unused(opened: _Opened, plan: _Plan, report: ConversionReport) -> None:
    for name in opened.points.unused:
        report.note(f"component {name[:40]} is dropped" if name not in FACES
                    else "points of the face are dropped: no layout has them")  # fmt: skip
    here = {joint for _, joint in opened.points.where}
    lacking = [joint for joint in plan.layout.joints if joint not in here]
    if lacking:
        report.note(
            f"{len(lacking)} joints of layout '{plan.layout.name}' are not in the header and so "
            f"missing: {', '.join(lacking[:5])}{' ...' if len(lacking) > 5 else ''}"
        )


def _bodies(
    points: np.ndarray, opened: _Opened, plan: _Plan, report: ConversionReport
) -> np.ndarray:
    """Put points on the layout's joints and people into slots, (T, M, V, dims + 1)."""
    present = (points[..., -1] > 0).any(axis=-1)
    crowd = int(present[:, MOST_PEOPLE:].sum())
    report.repaired[f"bodies beyond {MOST_PEOPLE} in a file -> dropped"] += crowd
    points, present = points[:, :MOST_PEOPLE], present[:, :MOST_PEOPLE]
    if plan.layout.instances == HANDS:
        return _hands(points, present, opened, plan, report)
    places = {plan.layout.index(joint): number
              for (_, joint), number in known_joints(opened.points).items()
              if joint in plan.layout.joints}  # fmt: skip
    shape = (*points.shape[:2], plan.layout.num_joints, points.shape[-1])
    people = np.full(shape, np.nan, np.float32)
    people[:, :, list(places)] = points[:, :, list(places.values())]
    return people if people.shape[1] == 1 else _followed(people, present, plan, report)


def _hands(
    points: np.ndarray,
    present: np.ndarray,
    opened: _Opened,
    plan: _Plan,
    report: ConversionReport,
) -> np.ndarray:
    """Put the hands of the person that is seen best into slots left and right."""
    best = int(np.argmax(np.nansum(points[..., -1], axis=(0, 2), dtype=np.float64)))
    others = np.delete(present, best, axis=1)
    report.repaired["people after the one seen best -> dropped"] += int(others.sum())
    shape = (len(points), 2, plan.layout.num_joints, points.shape[-1])
    kept = np.full(shape, np.nan, np.float32)
    for (slot, joint), number in opened.points.where.items():
        if slot is not None and joint in plan.layout.joints:
            kept[:, slot, plan.layout.index(joint)] = points[:, best, number]
    return kept


def _followed(
    people: np.ndarray, present: np.ndarray, plan: _Plan, report: ConversionReport
) -> np.ndarray:
    """Follow people over time into the layout's slots."""
    clean = people.astype(np.float64)
    odd = ~(clean[..., -1] > 0) | ~np.isfinite(clean).all(axis=-1)
    clean[odd] = np.nan
    present = present & ~odd.all(axis=-1)
    there = [np.flatnonzero(row) for row in present]
    num_slots = min(plan.layout.max_bodies, people.shape[1])
    chosen, dropped = into_slots(
        [frame[own, :, :2] for frame, own in zip(clean, there, strict=True)],
        [frame[own, :, -1] for frame, own in zip(clean, there, strict=True)],
        num_slots=num_slots,
    )
    report.repaired[f"bodies beyond {plan.layout.max_bodies} -> dropped"] += dropped
    report.note("several people: followed over time by nearest joints")
    kept = np.full((len(people), num_slots, *people.shape[2:]), np.nan, np.float32)
    for frame, slot in zip(*np.nonzero(chosen >= 0), strict=True):
        kept[frame, slot] = people[frame, there[frame][chosen[frame, slot]]]
    return kept
