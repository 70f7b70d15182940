"""Keraal, picture part: JSON files of OpenPose, BlazePose or AlphaPose key points.

`positions` holds frame number -> joint name (AlphaPose: number) -> coordinates, as fractions of
the picture; give its size with --width and --height to train on it. Which detector it was shows
in the joints' names: OpenPose COCO 18 joints, BlazePose 33 joints with depth, AlphaPose COCO 17.
A joint that is left out of a frame, or at (0, 0), is missing; frames that the file leaves out
become frames with nobody. There are no scores and no frame rate. File names say group,
exercise, participant, trial and judgement, see `keraal_names`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.files import clip_name, read_each
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.raw.safe_json import json_head, load_json
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.keraal_detectors import DETECTORS, Detector, detector_of
from skelgraph.data.formats.sets.keraal_names import NAMED, KeraalNames, further_facts, repetition
from skelgraph.data.formats.sets.kinect import drop_origin, order_faults
from skelgraph.data.report import ConversionReport
from skelgraph.errors import Faults, FormatError, list_faults
from skelgraph.graphs import load_layout

LEFT_OUT = "frames that the file leaves out -> frames with nobody"
SHOWN = 20
MOST_LEFT_OUT = 4  # times as many frames as there are, or the numbers are wrong
WHOLE = re.compile(r"\d{1,9}(\.0+)?")

FILES = FileSet(
    format="keraal_pose",
    layout="",
    pattern="*.json",
    name=NAMED,
    example="G3-OP-CTK-P1T1-Unknown-C-0.json",
    fits=lambda file: json_head(file).startswith('{"positions":{"'),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and begin positions."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of Keraal's picture key points.

    Raises:
        FormatError: If there is no such file, or files of several detectors and no layout to
            choose one.
    """
    report = ConversionReport(source=source_name(path), format=FILES.format)
    found = {file: detector_of(json_head(file)) for file in FILES.files(path, report)}
    detector = _choose(path, list(found.values()), options)
    files = [file for file, its in found.items() if its in (detector, None)]
    if len(files) < len(found):
        report.note(f"{len(found) - len(files)} files of other detectors not read")
    names = KeraalNames.of(files)

    def parse(file: Path, report: ConversionReport) -> list[Clip]:
        points = drop_origin(_positions(file, detector, report), report)
        return [_clip(file, clip_name(file, path), points, names, detector, options)]

    clips = read_each(files, parse, root=path, report=report)
    return Reading(clips, len(files), names.exercises, report)


def _choose(path: Path, found: list[Detector | None], options: ReadOptions) -> Detector:
    """Find the one detector whose files are read: all clips share a layout."""
    there = [detector for detector in DETECTORS if detector in found]
    asked = [detector for detector in there if options.layout in (None, detector.layout)]
    if len(asked) == 1:
        return asked[0]
    known = " or ".join(f"'{each.layout}' ({each.title})" for each in there or DETECTORS)
    if not there:
        fault = f"expected files of layout {known}, got none. Check the files."
    elif options.layout is None:
        fault = f"expected files of one detector, got {known}. Choose one: --layout NAME."
    else:
        step = "Leave --layout out." if len(there) == 1 else "Choose one of those."
        fault = f"expected layout {known}, which the files have, got '{options.layout}'. {step}"
    raise FormatError(f"{path}: {fault}")


def _clip(
    file: Path,
    name: str,
    points: np.ndarray,
    names: KeraalNames,
    detector: Detector,
    options: ReadOptions,
) -> Clip:
    return Clip(
        keypoints=points[:, None],
        layout=load_layout(detector.layout),
        name=name,
        units="image fraction",
        axes=IMAGE_AXES[: detector.channels],
        fps=options.fps,
        label=names.label(file),
        subject=names.subject(file),
        repetition=repetition(file),
        width=options.width,
        height=options.height,
        source=name,
        extra=further_facts(file),
    )


def _positions(file: Path, detector: Detector, report: ConversionReport) -> np.ndarray:
    """Read positions, float32 (T, V, C), NaN where a joint is not there."""
    content = load_json(file)
    frames = content.get("positions") if isinstance(content, dict) else None
    if not isinstance(frames, dict) or not frames:
        raise FormatError(
            f"{file}: expected 'positions' with frames, got none. Copy the file again."
        )
    faults = Faults()
    rows = _frame_rows(file, list(frames), report)
    joints = load_layout(detector.layout).joints
    points = np.full((rows[-1] + 1, len(joints), detector.channels), np.nan)
    for row, (number, frame) in zip(rows, frames.items(), strict=True):
        fault = _fill(points[row], frame, detector)
        if fault:
            faults.append(f"{file}, frame {number[:SHOWN]}: {fault}. Copy the file again.")
    if faults:
        raise FormatError(list_faults(faults))
    return to_float32(points)


def _frame_rows(file: Path, numbers: list[str], report: ConversionReport) -> list[int]:
    """Find the row of each frame, its number less the first one's."""
    wrong = [number for number in numbers if not WHOLE.fullmatch(number)]
    if wrong:
        raise FormatError(
            f"{file}: expected frame numbers, got '{wrong[0][:SHOWN]}'. Copy the file again."
        )
    values = [int(number.partition(".")[0]) for number in numbers]
    falls = [place for place in range(1, len(values)) if values[place] <= values[place - 1]]
    if falls:
        raise FormatError(order_faults(file, np.array(values, dtype=np.float64), falls))
    span = values[-1] - values[0] + 1
    if span > MOST_LEFT_OUT * len(values):
        raise FormatError(
            f"{file}: expected most frames from {values[0]} to {values[-1]}, got {len(values)}. "
            "Correct the frame numbers."
        )
    report.repaired[LEFT_OUT] += span - len(values)
    return [value - values[0] for value in values]


def _fill(row: np.ndarray, frame: Any, detector: Detector) -> str:
    """Write a frame's joints into a row (V, C); return what is wrong with it, or ''."""
    if not isinstance(frame, dict):
        return f"expected joints by name, got '{str(frame)[:SHOWN]}'"
    places = _places(detector)
    for joint, values in frame.items():
        if joint not in places:
            return f"expected a joint of {detector.title}, got '{joint[:SHOWN]}'"
        if not isinstance(values, list) or len(values) != detector.channels:
            return f"joint {joint}: expected {detector.channels} numbers, got {str(values)[:40]}"
        if any(type(value) not in (int, float) for value in values):
            return f"joint {joint}: expected numbers, got {str(values)[:40]}"
        try:
            row[places[joint]] = values
        except OverflowError:
            return f"joint {joint}: expected numbers, got one that is too large"
    return ""


@cache
def _places(detector: Detector) -> dict[str, int]:
    layout = load_layout(detector.layout)
    return {name: layout.index(joint) for name, joint in detector.joints.items()}
