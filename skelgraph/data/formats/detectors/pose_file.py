"""`.pose` files, the container of sign language data, read through the package pose-format.

Header: size of the picture, components (pose, face, hands) with the names of their points; body:
frame rate, positions (frames, people, points, dims) in pixels, and confidence, 0 for a point that
was not seen. OpenPose and MediaPipe headers are read, by the names of components and points; a
header may leave points out, which then are missing in every frame. Lost: the face, world
landmarks, people beyond the layout's number of bodies; of version 0.0 all but the first person,
which is what pose-format reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.detectors.pose_header import DAMAGE, PoseHeaderFound, open_pose
from skelgraph.data.formats.detectors.pose_points import FACES, known_joints
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_each
from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.raw.tracking import into_slots
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import HANDS

MOST_PEOPLE = 64


def recognises(path: Path) -> bool:
    """Tell whether this is a file that ends in .pose, or a folder with such files."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".pose"
        return bool(first_files(path, "*.pose", 1))
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
    plan: _Plan | None = None
    fault: FormatError | None = None
    sizes: set[tuple[int | None, int | None]] = set()
    for file in files:
        try:
            opened = open_pose(file)
            plan = plan or _plan_of(file, opened, root, options)
            _check_fit(file, opened, plan)
        except FormatError as error:  # reading it says so
            fault = fault or error
            continue
        sizes.add(opened.size)
    if plan is None:
        assert fault is not None
        raise fault
    if len(sizes) > 1:
        report.note(f"pictures of {len(sizes)} sizes: the size is left out")
    width, height = sizes.pop() if len(sizes) == 1 else (None, None)
    return replace(plan, size=(options.width or width, options.height or height))


def _plan_of(file: Path, first: PoseHeaderFound, root: Path, options: ReadOptions) -> _Plan:
    own = load_layout(first.points.layout)
    layout = load_layout(options.layout) if options.layout else own
    if not (set(layout.joints) <= set(own.joints) or set(own.joints) <= set(layout.joints)):
        raise FormatError(
            f"{file}: expected layout '{own.name}', or one that is part of it or holds it, got "
            f"'{layout.name}'. To turn its joints into those, give --to-layout {layout.name}."
        )
    return _Plan(
        root=root,
        layout=layout,
        fps=options.fps or first.fps or None,
        fixed_fps=options.fps is not None,
        coordinates=first.coordinates,
        size=(None, None),
    )


def _clips(file: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    from pose_format.numpy import NumPyPoseBody

    opened = open_pose(file)
    _check_fit(file, opened, plan)
    try:
        body = NumPyPoseBody.read(opened.header, opened.reader)
        data = np.asarray(body.data.data, dtype=np.float32)
        score = np.asarray(body.confidence, dtype=np.float32)
    except (*DAMAGE, MemoryError) as error:
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


def _check_fit(file: Path, opened: PoseHeaderFound, plan: _Plan) -> None:
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


def _say_unused(opened: PoseHeaderFound, plan: _Plan, report: ConversionReport) -> None:
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
    points: np.ndarray, opened: PoseHeaderFound, plan: _Plan, report: ConversionReport
) -> np.ndarray:
    """Put points on the layout's joints and people into slots, (T, M, V, dims + 1)."""
    present: np.ndarray = np.any(points[..., -1] > 0, axis=-1)
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
    opened: PoseHeaderFound,
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
