"""Northwestern-UCLA: JSON files called a01_s01_e00_v01.json, as CTR-GCN's authors share them.

Keys: file_name, skeletons [frames][20][3], label (1 to 10). Kinect v1, metres, x to the
person's right, y up, z away; joints in the order of the Kinect SDK 1.x. The name says action,
subject, repetition and camera (Wang et al. 2014, "Cross-view action modeling, learning and
recognition", CVPR). Actions are numbered 1, 2, 3, 4, 5, 6, 8, 9, 11 and 12.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.raw.safe_json import json_head, load_json
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet, class_of, numbers_in
from skelgraph.data.formats.sets.kinect import KINECT_V1_SDK, drop_origin, place_joints
from skelgraph.data.report import ConversionReport
from skelgraph.errors import Faults, FormatError, list_faults
from skelgraph.graphs import load_layout

ACTIONS = {
    1: "pick up with one hand",
    2: "pick up with two hands",
    3: "drop trash",
    4: "walk around",
    5: "sit down",
    6: "stand up",
    8: "donning",
    9: "doffing",
    11: "throw",
    12: "carry",
}
CLASS_NAMES = tuple(ACTIONS.values())
FPS = 30.0
NAMED = r"a(?P<action>\d+)_s(?P<subject>\d+)_e(?P<repetition>\d+)_v(?P<camera>\d+)\.json"

FILES = FileSet(
    format="nw_ucla",
    layout="kinect_v1",
    pattern="*.json",
    name=re.compile(NAMED, re.I),
    example="a01_s01_e00_v01.json",
    fits=lambda file: '"skeletons":[[[' in json_head(file),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and the key skeletons."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of NW-UCLA.

    Raises:
        FormatError: If there is no such file.
    """
    return FILES.open_singles(path, _clip, options=options, class_names=CLASS_NAMES)


def _clip(file: Path, name: str, options: ReadOptions, report: ConversionReport) -> Clip:
    content = load_json(file)
    if not isinstance(content, dict) or not isinstance(content.get("skeletons"), list):
        raise FormatError(
            f"{file}: expected an object with the list 'skeletons', got none. Check that the "
            "file is one of NW-UCLA's."
        )
    points = drop_origin(_positions(file, content["skeletons"]), report)
    layout = load_layout(FILES.layout)
    who = numbers_in(FILES.name, file)
    return Clip(
        keypoints=place_joints(points, KINECT_V1_SDK, layout)[:, None],
        layout=layout,
        name=name,
        fps=options.fps or FPS,
        label=class_of(_class(file, who.get("action"), content, report), CLASS_NAMES, file, report),
        subject=who.get("subject", -1),
        camera=who.get("camera", -1),
        repetition=who.get("repetition", -1),
        source=name,
    )


def _class(
    file: Path, action: int | None, content: dict[str, Any], report: ConversionReport
) -> int | None:
    """Find the class, from 1: the file's name rules, then what the file says."""
    said = content.get("label")
    said = said if isinstance(said, int) and not isinstance(said, bool) else None
    if action is None:
        return said
    named = list(ACTIONS).index(action) + 1 if action in ACTIONS else 0
    if said is not None and said not in (named, action):
        report.note(f"{file.name}: its label {said} is not that of its name, which is followed")
    return named


def _positions(file: Path, frames: list[Any]) -> np.ndarray:
    try:
        points = np.array(frames, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    if not frames:
        return np.empty((0, 20, 3), dtype=np.float32)
    if points.shape != (len(frames), 20, 3) or _has_words(frames):
        raise FormatError(list_faults(_frame_faults(file, frames)))
    return to_float32(points)


def _has_words(frames: list[Any]) -> bool:
    """Tell whether a coordinate is no number; numpy would turn "1.5" and true into one."""
    return any(
        type(value) not in (int, float) for frame in frames for joint in frame for value in joint
    )


def _frame_faults(file: Path, frames: list[Any]) -> list[str]:
    faults = Faults()
    for number, frame in enumerate(frames, start=1):
        joints = len(frame) if isinstance(frame, list) else 0
        if joints != 20:
            got = f"{joints} joints" if isinstance(frame, list) else f"'{str(frame)[:20]}'"
            fault = f"expected 20 joints, got {got}"
        elif not all(_is_point(joint) for joint in frame):
            place = next(i for i, joint in enumerate(frame) if not _is_point(joint))
            fault = f"joint {place + 1}: expected 3 numbers, got {str(frame[place])[:40]}"
        else:
            continue
        faults.append(f"{file}, frame {number}: {fault}. Copy the file again.")
    return faults or [f"{file}: expected numbers, got some that are too large. Copy it again."]


def _is_point(joint: Any) -> bool:
    return (
        isinstance(joint, list)
        and len(joint) == 3
        and all(type(value) in (int, float) for value in joint)
    )
