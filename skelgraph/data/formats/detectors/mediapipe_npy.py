"""MediaPipe Holistic results as .npy, as the widely used sign language tutorial writes them.

Folders class/sequence/frame.npy, each frame 1,662 numbers: 33 x (x, y, z, visibility) of the pose,
468 x (x, y, z) of the face, 21 x (x, y, z) of the left and of the right hand; or 258 without the
face; or a whole sequence (frames, 1662) in one file class/sequence.npy. Shares of the picture.
A part that was not found is all zeros. Lost: the face.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.files import find_files, first_files, read_each
from skelgraph.data.formats.raw.npy_file import load_npy, npy_shape
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.raw.numbering import (
    group_frames,
    number_frames,
    report_numbering,
    split_number,
)
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout

NUM_POSE, NUM_FACE, NUM_HAND = 33 * 4, 468 * 3, 21 * 3
WITH_FACE = NUM_POSE + NUM_FACE + 2 * NUM_HAND
WITHOUT_FACE = NUM_POSE + 2 * NUM_HAND
COUNTS = (WITH_FACE, WITHOUT_FACE)
NOT_FOUND = "parts that were not found (all zeros) -> missing"


def recognises(path: Path) -> bool:
    """Tell whether this is such a .npy file, or a folder of them."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".npy" and _fits(path)
        return any(_fits(file) for file in first_files(path, "*.npy"))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of folders.

    Raises:
        FormatError: If nothing can be read, or another layout is asked for.
    """
    layout = load_layout("mediapipe_holistic")
    if options.layout not in (None, layout.name):
        raise FormatError(
            f"{path}: expected layout '{layout.name}', got '{options.layout}'. Convert first, "
            "then train with the layout that you want."
        )
    recordings = _recordings(path)
    if not recordings:
        raise FormatError(f"{path}: expected at least one .npy file, got none. Check the path.")
    names = {place: _class_of(place, path) for place in recordings}
    classes = tuple(sorted({name for name in names.values() if name is not None}))
    report = ConversionReport(source=source_name(path), format="mediapipe_npy")
    if classes:
        report.note("classes are the folders above the recordings")
    plan = _Plan(path, layout, options, recordings, names, classes)
    clips = read_each(list(recordings), partial(_clips, plan=plan), root=path, report=report)
    return Reading(clips=clips, num_clips=len(recordings), class_names=classes, report=report)


@dataclass(frozen=True)
class _Plan:
    """What holds for all recordings."""

    root: Path
    layout: Layout
    options: ReadOptions
    recordings: Mapping[Path, list[Path]]
    classes_of: Mapping[Path, str | None]
    classes: tuple[str, ...]


def _fits(file: Path) -> bool:
    shape = npy_shape(file)
    return shape is not None and len(shape) in (1, 2) and shape[-1] in COUNTS


def _recordings(path: Path) -> dict[Path, list[Path]]:
    """Find recordings: files of whole sequences, and folders of frames."""
    files = find_files(path, "*.npy")
    whole = [file for file in files if len(npy_shape(file) or ()) == 2]
    found = {file: [file] for file in whole}
    folder = path if path.is_dir() else path.parent
    frames = {f.relative_to(folder).as_posix(): f for f in files if f not in found}
    for place, names in group_frames(frames, path).items():
        found[place] = [frames[name] for name in names]
    return found


def _class_of(place: Path, root: Path) -> str | None:
    """Name the folder above a recording, where that is inside the source."""
    if root.is_file():
        return None
    above = place.relative_to(root).parent
    return None if above == Path() else above.name


def _clips(place: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    files = plan.recordings[place]
    frames = _whole(place) if place.is_file() else _frames(place, files, report)
    report.files = len(files)
    positions, score = _joints(frames, plan.layout, report)
    inside = place.relative_to(plan.root if plan.root.is_dir() else plan.root.parent)
    name = inside.with_suffix("").as_posix() if place.is_file() else inside.as_posix()
    name = name if name != "." else plan.root.stem
    word = plan.classes_of[place]
    yield Clip(
        keypoints=positions,
        confidence=score,
        layout=plan.layout,
        name=name,
        units="image fraction",
        axes=IMAGE_AXES,
        fps=plan.options.fps,
        label=None if word is None else plan.classes.index(word),
        width=plan.options.width,
        height=plan.options.height,
        source=f"{source_name(plan.root)}/{name}",
    )


def _whole(file: Path) -> np.ndarray:
    return _checked(load_npy(file), file)


def _frames(place: Path, files: list[Path], report: ConversionReport) -> np.ndarray:
    names = [file.name for file in files]
    numbering = number_frames(str(place), names, [split_number(file.stem)[1] for file in files])
    report_numbering(numbering, report)
    rows = [_checked(load_npy(file)[None], file) for file in files]
    if len({row.shape[1] for row in rows}) > 1:
        raise FormatError(
            f"{place}: expected {WITH_FACE} or {WITHOUT_FACE} numbers in all frames, got both. "
            "Convert each kind by itself."
        )
    frames = np.zeros((numbering.num_frames, rows[0].shape[1]), np.float32)
    for row, where in zip(rows, numbering.places, strict=True):
        frames[where] = row[0]
    return frames


def _checked(frames: np.ndarray, file: Path) -> np.ndarray:
    if frames.ndim != 2 or frames.shape[1] not in COUNTS:
        raise FormatError(
            f"{file}: expected {WITH_FACE} numbers a frame, or {WITHOUT_FACE} without the face, "
            f"got shape {frames.shape[1:] if frames.shape[0] == 1 else frames.shape}. "
            "Take it out, or describe it as another format."
        )
    return to_float32(frames)


def _joints(
    frames: np.ndarray, layout: Layout, report: ConversionReport
) -> tuple[np.ndarray, np.ndarray]:
    """Split frames into parts; positions (T, 1, V, 3) and scores (T, 1, V)."""
    count = len(frames)
    if frames.shape[1] == WITH_FACE:
        report.note("points of the face are dropped: no layout has them")
    ends = frames.shape[1] - 2 * NUM_HAND
    pose = frames[:, :NUM_POSE].reshape(count, 33, 4)
    hands = frames[:, ends:].reshape(count, 2, 21, 3)
    points = np.full((count, layout.num_joints, 4), np.nan, np.float32)
    body = layout.indices(load_layout("mediapipe_pose").joints)
    points[:, body] = np.where((pose == 0).all(axis=(1, 2), keepdims=True), np.nan, pose)
    missing = int((pose == 0).all(axis=(1, 2)).sum())
    joints = load_layout("mediapipe_hands").joints
    for slot, side in enumerate(("left", "right")):
        lost = (hands[:, slot] == 0).all(axis=(1, 2))
        missing += int(lost.sum())
        own = layout.indices([f"{side}_hand_{joint}" for joint in joints])
        points[:, own, :3] = np.where(lost[:, None, None], np.nan, hands[:, slot])
        points[:, own, 3] = 1.0 - lost[:, None]
    report.repaired[NOT_FOUND] += missing
    score = np.nan_to_num(points[..., 3], nan=0.0, posinf=0.0, neginf=0.0)
    return points[:, None, :, :3].copy(), np.clip(score, 0.0, 1.0)[:, None]
