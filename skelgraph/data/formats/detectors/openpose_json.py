"""OpenPose's JSON: a file a frame with everyone in it, in folders or in a zip archive.

`openpose --write_json FOLDER` writes `NAME_000000000012_keypoints.json` for each frame: for each
person x, y (pixels) and score of 25 (BODY_25) or 18 (COCO) joints and, where asked for, of 21
joints of each hand and 70 points of the face. A recording is what shares a folder and the name
before the number. People are followed over the frames by nearest joints into stable slots.
Lost: the face, joints in 3-D, and people beyond the layout's number of bodies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.detectors.openpose_people import BODIES, Frame, joint_names, parse_frame
from skelgraph.data.formats.files import find_files, first_files, read_each
from skelgraph.data.formats.raw.archives import Archive, peek_archive
from skelgraph.data.formats.raw.numbering import (
    group_frames,
    number_frames,
    report_numbering,
    split_number,
)
from skelgraph.data.formats.raw.safe_json import load_json, parse_json
from skelgraph.data.formats.raw.tracking import into_slots
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout, load_layout

ENDING = "_keypoints"
HANDS = "_hands"
PEEK = 4096
BEGINNING = re.compile(rb'^(?:\xef\xbb\xbf)?\s*\{[^{}]{0,200}?"people"\s*:\s*\[')

Load = Callable[[], Frame]
"""Reads and parses one frame."""


def recognises(path: Path) -> bool:
    """Tell whether this is a file, folder or zip archive of OpenPose's frames."""
    try:
        if path.is_file():
            head = _head(path) if path.suffix.lower() == ".json" else _zip_head(path)
            return head is not None and BEGINNING.match(head) is not None
        return any(BEGINNING.match(_head(file)) for file in first_files(path, "*.json"))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file, a folder (with folders in it) or a zip archive of frames.

    Raises:
        FormatError: If it holds no frames or nobody is in any, or the layout does not fit.
    """
    recordings = _recordings(path)
    report = ConversionReport(source=source_name(path), format="openpose_json")
    plan = _plan(path, recordings, options, report)
    parse = partial(_clips, recordings=recordings, plan=plan, root=path)
    clips = read_each(list(recordings), parse, root=path, report=report)
    return Reading(clips=clips, num_clips=len(recordings), class_names=(), report=report)


@dataclass(frozen=True)
class _Plan:
    """What holds for all recordings: the layout, where its joints are, what the user told."""

    layout: Layout
    index: np.ndarray
    numbers: int
    options: ReadOptions


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(PEEK)


def _zip_head(path: Path) -> bytes | None:
    return peek_archive(path, ".json", PEEK) if path.suffix.lower() == ".zip" else None


def _recordings(path: Path) -> dict[Path, dict[str, Load]]:
    """Find recordings (by folder and name before the number) and the frames of each."""
    frames: dict[str, Load] = {}
    if path.suffix.lower() == ".zip" and path.is_file():
        archive = Archive(path, ".json")
        frames = {name: partial(_load_member, archive, name) for name in archive.names}
    else:
        for file in find_files(path, "*.json"):
            name = file.name if path.is_file() else file.relative_to(path).as_posix()
            frames[name] = partial(_load_file, file)
    if not frames:
        raise FormatError(
            f"{path}: expected at least one frame as .json, got none. Give the folder that "
            "OpenPose wrote with --write_json."
        )
    groups = group_frames(frames, path, ending=ENDING)
    return {place: {name: frames[name] for name in names} for place, names in groups.items()}


def _load_file(file: Path) -> Frame:
    return parse_frame(load_json(file), str(file))


def _load_member(archive: Archive, name: str) -> Frame:
    where = f"{archive.path}, '{name[:200]}'"
    return parse_frame(parse_json(archive.read(name), where), where)


def _plan(
    path: Path,
    recordings: Mapping[Path, Mapping[str, Load]],
    options: ReadOptions,
    report: ConversionReport,
) -> _Plan:
    """Take the layout from the first frame with someone in it, or from the user."""
    first = _first(path, recordings)
    names = joint_names(first.numbers)
    own = BODIES[first.numbers]
    if options.layout is not None:
        layout = load_layout(options.layout)
    elif first.hands and first.numbers == 75:
        layout = load_layout(f"{own}_hands")
    else:
        layout = load_layout(own)
    lacking = [joint for joint in layout.joints if joint not in names]
    if lacking:
        raise FormatError(
            f"{path}: expected joints of '{own}' and its hands, got layout '{layout.name}' with "
            f"{', '.join(lacking[:5])}{' ...' if len(lacking) > 5 else ''}. Leave --layout out."
        )
    index = np.array([names.index(joint) for joint in layout.joints])
    return _Plan(layout=layout, index=index, numbers=first.numbers, options=options)


def _first(path: Path, recordings: Mapping[Path, Mapping[str, Load]]) -> Frame:
    faults = []
    for frames in recordings.values():
        for load in frames.values():
            try:
                frame = load()
            except FormatError as error:
                faults.append(str(error))
                continue
            if len(frame.points):
                return frame
    raise FormatError(
        list_faults(
            [
                f"{path}: expected a person in at least one frame, got none. Check the source.",
                *faults,
            ]
        )
    )


def _clips(
    place: Path,
    report: ConversionReport,
    *,
    recordings: Mapping[Path, Mapping[str, Load]],
    plan: _Plan,
    root: Path,
) -> Iterator[Clip]:
    frames = recordings[place]
    names = list(frames)
    numbers = [split_number(PurePosixPath(name).stem.removesuffix(ENDING))[1] for name in names]
    numbering = number_frames(str(place), names, numbers)
    report_numbering(numbering, report)
    report.files = len(names)
    people = [np.zeros((0, plan.layout.num_joints, 3), np.float32)] * numbering.num_frames
    for name, where in zip(names, numbering.places, strict=True):
        try:
            people[where] = _people(frames[name](), plan, name, report)
        except FormatError as error:
            if len(names) == 1:
                raise
            report.skipped[name] = str(error)
    if len(report.skipped) == len(names):
        raise FormatError(list_faults(list(report.skipped.values())))
    keypoints, score = _bodies(people, plan, report)
    name = place.relative_to(root if root.is_dir() else root.parent).as_posix()
    name = name if name != "." else root.stem if root.is_file() else root.name
    yield Clip(
        keypoints=keypoints,
        confidence=score,
        layout=plan.layout,
        name=name,
        units="pixel",
        axes=IMAGE_AXES[:2],
        fps=plan.options.fps,
        width=plan.options.width,
        height=plan.options.height,
        source=f"{source_name(root)}/{name}",
    )


def _people(frame: Frame, plan: _Plan, name: str, report: ConversionReport) -> np.ndarray:
    """Put the joints of a frame's people in the layout's order, (people, V, 3)."""
    if not len(frame.points):
        return np.zeros((0, plan.layout.num_joints, 3), np.float32)
    if frame.numbers != plan.numbers:
        raise FormatError(
            f"{name}: expected {plan.numbers} numbers a body as in the first frame, got "
            f"{frame.numbers}. Convert the recordings of each model by themselves."
        )
    _tell_dropped(frame, plan, report)
    report.repaired["bodies beyond the 32 seen best in a frame -> dropped"] += frame.crowd
    points = frame.points[:, plan.index]
    seen = (points[..., 2] > 0).any(axis=1)
    report.repaired["bodies without any joint -> dropped"] += int((~seen).sum())
    return points[seen]


def _tell_dropped(frame: Frame, plan: _Plan, report: ConversionReport) -> None:
    """Say what a frame has and the clips do not; the layout went by the first frame alone."""
    if frame.face:
        report.note("points of the face are dropped: no layout has them")
    if not frame.hands or plan.options.layout or plan.layout.name.endswith(HANDS):
        return
    layout = plan.layout.name + HANDS
    reason = f"there is no layout '{layout}'"
    if frame.numbers == 75:
        reason = f"the first frame has none; to keep them: --layout {layout}"
    report.note(f"joints of the hands are dropped: {reason}")


def _bodies(
    people: list[np.ndarray], plan: _Plan, report: ConversionReport
) -> tuple[np.ndarray, np.ndarray]:
    """Follow people over time; positions (T, M, V, 2) and scores (T, M, V) of those kept."""
    slots = max(1, min(plan.layout.max_bodies, max(map(len, people), default=1)))
    clean = [_without_unseen(points) for points in people]
    chosen, dropped = into_slots(
        [points[..., :2] for points in clean], [points[..., 2] for points in clean], num_slots=slots
    )
    report.repaired[f"bodies beyond {plan.layout.max_bodies} -> dropped"] += dropped
    kept = np.full((len(people), slots, plan.layout.num_joints, 3), np.nan, np.float32)
    for frame, slot in zip(*np.nonzero(chosen >= 0), strict=True):
        kept[frame, slot] = people[frame][chosen[frame, slot]]
    positions, score = kept[..., :2].copy(), kept[..., 2].copy()
    lost = ~(score > 0)
    report.repaired["joints with confidence 0 -> missing"] += int((lost & ~np.isnan(score)).sum())
    positions[lost] = np.nan
    score[lost] = 0.0
    return positions, np.minimum(score, 1.0)


def _without_unseen(points: np.ndarray) -> np.ndarray:
    """Copy people for tracking, NaN where a joint was not seen or is no position."""
    clean = points.astype(np.float64)
    odd = ~(clean[..., 2] > 0) | ~np.isfinite(clean).all(axis=-1)
    clean[odd] = np.nan, np.nan, 0.0
    return clean
