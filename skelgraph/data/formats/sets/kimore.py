"""KIMORE: rows of 25 joints, x, y, z and tracking state each, separated by commas.

A row a frame; Kinect v2, metres, x to the person's right, y up, z away; the SDK's joint order;
state 2 is tracked (confidence 1), 1 inferred (0.5), 0 not tracked (missing). The set calls the
files JointPosition....csv in folders such as GPP/Stroke/S_ID1/Es1/Raw; others hand out one
recording as input.csv with its clinical score in label.csv beside it (Capecci et al. 2019,
"The KIMORE dataset", IEEE TNSRE 27). The set's files of joint orientations are not read.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name
from skelgraph.data.formats.raw.number_rows import (
    NUMBER,
    first_row,
    read_rows,
    read_text,
    to_float32,
)
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.kinect import apply_states, place_joints, v2_layout
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults

CLASS_NAMES = (
    *("lifting of the arms", "lateral tilt of the trunk with the arms in extension"),
    *("trunk rotation", "pelvis rotations on the transverse plane", "squatting"),
)
JOINTS = 25
COLUMNS = 4 * JOINTS
FPS = 30.0
EXERCISE = re.compile(r"Es(\d)", re.I)
PERSON = re.compile(r"[A-Z]+_ID\d+", re.I)

FILES = FileSet(
    format="kimore",
    layout="kinect_v2",
    pattern="*.csv",
    name=re.compile(r"(?!label|JointOrientation|TimeStamp|SupplementaryInfo).*\.csv", re.I),
    example="JointPosition240914.csv or input.csv",
    fits=lambda file: _has_states(first_row(file, delimiter=",")),
    beside=frozenset({"label.csv"}),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, hold rows of 25 x (x, y, z, state)."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of KIMORE.

    Raises:
        FormatError: If there is no such file.
    """
    report = ConversionReport(source="", format=FILES.format)
    people = sorted({_person(file) for file in FILES.files(path, report)} - {""})

    def parse(file: Path, report: ConversionReport) -> list[Clip]:
        person = _person(file)
        subject = people.index(person) if person in people else -1
        return [_clip(file, clip_name(file, path), subject, options, report)]

    return FILES.open(path, parse, options=options, class_names=CLASS_NAMES)


def _has_states(row: list[float]) -> bool:
    return len(row) == COLUMNS and set(row[3::4]) <= {0.0, 1.0, 2.0}


def _person(file: Path) -> str:
    """Find the folder that stands for a person, e.g. S_ID1."""
    return next((part for part in reversed(file.parts) if PERSON.fullmatch(part)), "")


def _clip(
    file: Path, name: str, subject: int, options: ReadOptions, report: ConversionReport
) -> Clip:
    rows = read_rows(file, columns=COLUMNS, delimiter=",").reshape(-1, JOINTS, 4)
    states = rows[..., 3]
    odd = ~np.isin(states, (0, 1, 2))
    if odd.any():
        faults = [
            f"{file}, frame {frame + 1}, joint {joint + 1}: expected state 0, 1 or 2, got "
            f"{states[frame, joint]:g}. Take the file of joint positions."
            for frame, joint in np.argwhere(odd)[:50]
        ]
        raise FormatError(list_faults(faults))
    points = to_float32(rows[..., :3])
    points, scores = apply_states(points, states.astype(np.int64), report)
    layout, names = v2_layout()
    return Clip(
        keypoints=place_joints(points, names, layout)[:, None],
        layout=layout,
        name=name,
        confidence=place_joints(scores, names, layout)[:, None],
        fps=options.fps or FPS,
        label=_label(file, report),
        subject=subject,
        source=name,
        extra={"person": _person(file), "score": _score(file, report)},
    )


def _label(file: Path, report: ConversionReport) -> int | None:
    found = next((m for part in reversed(file.parts) if (m := EXERCISE.fullmatch(part))), None)
    number = int(found.group(1)) if found else 0
    if 1 <= number <= len(CLASS_NAMES):
        return number - 1
    report.note("recordings outside folders Es1 to Es5: which exercise they show is not known")
    return None


def _score(file: Path, report: ConversionReport) -> str:
    """Read the clinical score from label.csv beside the file; '' where there is none."""
    beside = file.with_name("label.csv")
    if not beside.is_file():
        return ""
    words = read_text(beside).split()
    if len(words) != 1 or not NUMBER.fullmatch(words[0]):
        raise FormatError(
            f"{beside}: expected one number, the clinical score, got '{' '.join(words)[:20]}'. "
            "Correct it or take it away."
        )
    report.note("clinical scores taken from label.csv as column 'score'")
    return words[0]
