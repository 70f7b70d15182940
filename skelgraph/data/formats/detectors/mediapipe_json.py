"""MediaPipe's landmarks as people dump them to JSON: a list of frames, or a file a frame.

A frame is an object with `pose_landmarks`, `left_hand_landmarks`, `right_hand_landmarks`, or
`hand_landmarks` with `handedness` (also in the spelling of the JavaScript and the older Python
packages); each a list of {x, y, z, visibility}, a list of such lists for several bodies, or null.
A file is a list of frames, an object with `frames` and maybe `fps`, `width`, `height`, or one
frame. Shares of the picture. Lost: the face, world landmarks, bodies beyond the layout's number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.detectors.landmark_frames import HANDS, POSE, Landmarks, parse_landmarks
from skelgraph.data.formats.files import find_files, first_files, read_each
from skelgraph.data.formats.raw.numbering import (
    Numbering,
    group_frames,
    number_frames,
    report_numbering,
    split_number,
)
from skelgraph.data.formats.raw.safe_json import load_json
from skelgraph.data.formats.raw.tracking import into_slots
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout, load_layout
from skelgraph.graphs.layout import HANDS as SIDED

PEEK = 2**16
MARKS = re.compile(
    rb'"(pose_landmarks|(left_|right_|multi_)?hand_landmarks'
    rb'|poseLandmarks|(left|right|multi)HandLandmarks)"\s*:'
)
NUMBERS = ("frame", "frame_index", "frame_id", "frame_number")
LAYOUTS = {
    (True, True): "mediapipe_holistic",
    (True, False): "mediapipe_pose",
    (False, True): "mediapipe_hands",
}


def recognises(path: Path) -> bool:
    """Tell whether this is such a JSON file, or a folder of them."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".json" and _fits(path)
        return any(_fits(file) for file in first_files(path, "*.json"))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of files.

    Raises:
        FormatError: If nothing can be read, or nothing is seen in any frame.
    """
    files = find_files(path, "*.json")
    if not files:
        raise FormatError(f"{path}: expected a .json file, got none. Check the path.")
    report = ConversionReport(source=source_name(path), format="mediapipe_json")
    first, single = _first(path, files)
    recordings = _recordings(path, files) if single else {file: [file] for file in files}
    parts = set().union(*(parse_landmarks(frame, str(path)).parts for frame in first.frames))
    name = options.layout or LAYOUTS[POSE in parts, HANDS in parts]
    if name not in LAYOUTS.values():
        raise FormatError(
            f"{path}: expected one of {', '.join(LAYOUTS.values())}, got '{name}'. Convert first, "
            "then train with the layout that you want."
        )
    plan = _Plan(
        root=path,
        layout=load_layout(name),
        fps=options.fps or first.fps,
        width=options.width or first.width,
        height=options.height or first.height,
        recordings=recordings,
        options=options,
    )
    clips = read_each(list(recordings), partial(_clips, plan=plan), root=path, report=report)
    return Reading(clips=clips, num_clips=len(recordings), class_names=(), report=report)


@dataclass(frozen=True)
class _Plan:
    """What holds for all recordings, by the first file and what the user told."""

    root: Path
    layout: Layout
    fps: float | None
    width: int | None
    height: int | None
    recordings: Mapping[Path, list[Path]]
    options: ReadOptions

    @property
    def parts(self) -> set[str]:
        """Which of pose and hands the layout has."""
        pose, hands = next(parts for parts, name in LAYOUTS.items() if name == self.layout.name)
        return {part for part, there in ((POSE, pose), (HANDS, hands)) if there}


@dataclass(frozen=True)
class _Document:
    """The frames of a file, and what it says about them."""

    frames: list[Any]
    single: bool
    fps: float | None
    width: int | None
    height: int | None


def _fits(file: Path) -> bool:
    with file.open("rb") as stream:
        return MARKS.search(stream.read(PEEK)) is not None


def _load(file: Path) -> _Document:
    content = load_json(file)
    facts = content if isinstance(content, dict) else {}
    single = isinstance(content, dict) and "frames" not in content
    frames = [content] if single else facts.get("frames", content)
    if not isinstance(frames, list) or not frames:
        raise FormatError(
            f"{file}: expected a list of frames, got "
            f"{'an empty one' if frames == [] else type(frames).__name__}. Write an object a frame."
        )
    width, height = _positive(facts.get("width")), _positive(facts.get("height"))
    return _Document(
        frames=frames,
        single=single,
        fps=_positive(facts.get("fps")),
        width=int(width) if width else None,
        height=int(height) if height else None,
    )


def _positive(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6
    return float(value) if usable else None


def _first(path: Path, files: list[Path]) -> tuple[_Document, bool]:
    """Find the first file with landmarks, and whether it holds a single frame."""
    faults = []
    for file in files:
        try:
            document = _load(file)
            if any(parse_landmarks(frame, str(file)).parts for frame in document.frames):
                return document, document.single and path.is_dir()
            faults.append(f"{file}: expected landmarks of pose or hands, got none. Check the file.")
        except FormatError as error:
            faults.append(str(error))
    raise FormatError(list_faults(faults))


def _recordings(path: Path, files: list[Path]) -> dict[Path, list[Path]]:
    folder = path if path.is_dir() else path.parent
    names = {file.relative_to(folder).as_posix(): file for file in files}
    groups = group_frames(names, path)
    return {place: [names[name] for name in own] for place, own in groups.items()}


def _clips(place: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    files = plan.recordings[place]
    report.files = len(files)
    whole = files == [place]
    frames, numbering = _frames_of(place, plan) if whole else _frames_in(place, files, report)
    report_numbering(numbering, report)
    _tell_lost(frames, plan, report)
    for frame in frames:
        for text in frame.notes:
            report.note(text)
        report.repaired["bodies without a place -> dropped"] += frame.extra
    if plan.layout.instances == SIDED:
        points = _hands(frames, numbering, plan.layout)
    else:
        points = _people(frames, numbering, plan.layout, report)
    inside = place.relative_to(plan.root if plan.root.is_dir() else plan.root.parent)
    name = inside.with_suffix("").as_posix() if whole else inside.as_posix()
    name = name if name != "." else plan.root.name
    score = np.nan_to_num(points[..., 3], nan=0.0, posinf=0.0, neginf=0.0)
    yield Clip(
        keypoints=points[..., :3].copy(),
        confidence=np.clip(score, 0.0, 1.0),
        layout=plan.layout,
        name=name,
        units="image fraction",
        axes=IMAGE_AXES,
        fps=plan.fps,
        width=plan.width,
        height=plan.height,
        source=f"{source_name(plan.root)}/{name}",
    )


def _tell_lost(frames: list[Landmarks], plan: _Plan, report: ConversionReport) -> None:
    """Say what frames have and the clips do not; the layout went by the first file alone."""
    lost = set().union(*(frame.parts for frame in frames)) - plan.parts
    for part in sorted(() if plan.options.layout else lost):
        report.note(
            f"{part} dropped, of which the first file has none; to keep it: "
            f"--layout {LAYOUTS[True, True]}"
        )


def _frames_of(file: Path, plan: _Plan) -> tuple[list[Landmarks], Numbering]:
    """Read a file of many frames; numbers of frames, if all have them, show gaps."""
    document = _load(file)
    for fact in ("fps", "width", "height"):
        said, expected = getattr(document, fact), getattr(plan, fact)
        if said not in (None, expected) and getattr(plan.options, fact) is None:
            raise FormatError(
                f"{file}: expected {fact} {'unknown' if expected is None else f'{expected:g}'} as "
                f"in the first file, got {said:g}. Convert it by itself."
            )
    frames = document.frames
    found = [parse_landmarks(frame, f"{file}, frame {i}") for i, frame in enumerate(frames)]
    for key in NUMBERS:
        numbers = [frame.get(key) for frame in frames]
        if all(type(number) is int and number >= 0 for number in numbers):
            return found, number_frames(str(file), [f"frame {n}" for n in numbers], numbers)
    return found, Numbering(tuple(range(len(found))), len(found), 1)


def _frames_in(
    place: Path, files: list[Path], report: ConversionReport
) -> tuple[list[Landmarks], Numbering]:
    """Read a folder of single frames; damaged ones become gaps."""
    numbers = [split_number(file.stem)[1] for file in files]
    numbering = number_frames(str(place), [file.name for file in files], numbers)
    found = []
    for file in files:
        try:
            document = _load(file)
            if not document.single:
                raise FormatError(
                    f"{file}: expected one frame as in the other files, got a list. Take it out."
                )
            found.append(parse_landmarks(document.frames[0], str(file)))
        except FormatError as error:
            if len(files) == 1:
                raise
            report.skipped[file.name] = str(error)
            found.append(Landmarks())
    if len(report.skipped) == len(files):
        raise FormatError(list_faults(list(report.skipped.values())))
    return found, numbering


def _hands(frames: list[Landmarks], numbering: Numbering, layout: Layout) -> np.ndarray:
    """Put hands into slots left and right, (T, 2, 21, 4)."""
    points = np.full((numbering.num_frames, 2, layout.num_joints, 4), np.nan, np.float32)
    for where, frame in zip(numbering.places, frames, strict=True):
        for slot, hand in enumerate((frame.left, frame.right)):
            if hand is not None:
                points[where, slot] = hand
    return points


def _people(
    frames: list[Landmarks], numbering: Numbering, layout: Layout, report: ConversionReport
) -> np.ndarray:
    """Follow people into slots; hands belong to the one seen best, (T, M, V, 4)."""
    poses: list[np.ndarray] = [np.zeros((0, 33, 4), np.float32)] * numbering.num_frames
    for where, frame in zip(numbering.places, frames, strict=True):
        if frame.poses:
            poses[where] = np.stack(frame.poses)
    most = max(map(len, poses), default=1)
    slots = max(1, min(layout.max_bodies, most))
    clean = [
        np.where(np.isfinite(pose).all(axis=-1, keepdims=True), pose, np.nan) for pose in poses
    ]
    chosen, dropped = into_slots(
        [pose[..., :2].astype(np.float64) for pose in clean],
        [pose[..., 3].astype(np.float64) for pose in clean],
        num_slots=slots,
    )
    report.repaired[f"bodies beyond {layout.max_bodies} -> dropped"] += dropped
    points = np.full((numbering.num_frames, slots, layout.num_joints, 4), np.nan, np.float32)
    body = np.array(layout.indices(load_layout("mediapipe_pose").joints))
    for frame_number, slot in zip(*np.nonzero(chosen >= 0), strict=True):
        points[frame_number, slot, body] = poses[frame_number][chosen[frame_number, slot]]
    if "left_hand_wrist" in layout.joints:
        _add_hands(points, frames, numbering, layout)
    return points


def _add_hands(
    points: np.ndarray, frames: list[Landmarks], numbering: Numbering, layout: Layout
) -> None:
    joints = load_layout("mediapipe_hands").joints
    for side in ("left", "right"):
        own = np.array(layout.indices([f"{side}_hand_{joint}" for joint in joints]))
        for where, frame in zip(numbering.places, frames, strict=True):
            hand = getattr(frame, side)
            if hand is not None:
                points[where, 0, own] = hand
