"""IntelliRehabDS: text files called 215_18_0_1_1_stand.txt, whose first line is Version0.1.

A row a frame: frame number, a number that the description does not explain, time in
milliseconds, then 25 times (Name,State,x,y,z,u,v): Kinect v2, metres, x to the person's right,
y up, z away; u and v, the place in the depth picture, are not kept. State is Tracked
(confidence 1), Inferred (0.5) or NotTracked (missing). The name says subject, date, gesture (0
to 8), repetition, correctness (1 correct, 2 incorrect, 3 poorly executed) and position (Miron
et al. 2021, "IntelliRehabDS (IRDS): a dataset of physical rehabilitation movements", Data 6).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.number_rows import NUMBER, SHOWN, read_text, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet, class_of
from skelgraph.data.formats.sets.kinect import (
    KINECT_V2_SDK,
    apply_states,
    frames_in_order,
    order_faults,
    place_joints,
    v2_layout,
)
from skelgraph.data.report import ConversionReport
from skelgraph.errors import Faults, FormatError, list_faults

CLASS_NAMES = (
    *("elbow flexion left", "elbow flexion right", "shoulder flexion left"),
    *("shoulder flexion right", "shoulder abduction left", "shoulder abduction right"),
    *("shoulder forward elevation", "side tap left", "side tap right"),
)
VERSION = "Version0.1"
STATES = {"NotTracked": 0, "Inferred": 1, "Tracked": 2, "0": 0, "1": 1, "2": 2}
FPS = 30.0
FIRST, EACH = 3, 7
WORDS = FIRST + EACH * len(KINECT_V2_SDK)
BRACKETS = str.maketrans("", "", "() \t\r")
JOINTS = list(KINECT_V2_SDK)
NAMED = (
    r"(?P<subject>\d+)_(?P<date>\d+)_(?P<gesture>\d+)_(?P<repetition>\d+)_"
    r"(?P<correctness>\d+)_(?P<position>[A-Za-z\- ]+)\.txt"
)

FILES = FileSet(
    format="irds",
    layout="kinect_v2",
    pattern="*.txt",
    name=re.compile(NAMED, re.I),
    example="215_18_0_1_1_stand.txt",
    fits=lambda file: _begins(file),
)

Row = tuple[list[float], list[int], list[float]]


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and begin Version0.1."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of IntelliRehabDS.

    Raises:
        FormatError: If there is no such file.
    """
    return FILES.open_singles(path, _clip, options=options, class_names=CLASS_NAMES)


def _begins(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(64).removeprefix(b"\xef\xbb\xbf").startswith(VERSION.encode())


def _clip(file: Path, name: str, options: ReadOptions, report: ConversionReport) -> Clip:
    heads, states, values = _rows(file)
    keep, falls = frames_in_order(heads[:, 0], report)
    if falls:
        raise FormatError(order_faults(file, heads[:, 0], falls))
    points, scores = apply_states(to_float32(values[keep]), states[keep], report)
    layout, names = v2_layout()
    match = FILES.name.fullmatch(file.name)
    who = match.groupdict() if match else {}
    return Clip(
        keypoints=place_joints(points, names, layout)[:, None],
        layout=layout,
        name=name,
        confidence=place_joints(scores, names, layout)[:, None],
        fps=options.fps or FPS,
        label=class_of(int(who["gesture"]) + 1 if who else None, CLASS_NAMES, file, report),
        subject=int(who.get("subject", -1)),
        repetition=int(who.get("repetition", -1)),
        source=name,
        extra={key: who.get(key, "") for key in ("correctness", "position", "date")},
    )


def _rows(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read frame numbers (T, 3), states (T, 25) and positions (T, 25, 3)."""
    lines = read_text(file).splitlines()
    if not lines or lines[0].strip() != VERSION:
        got = lines[0][:SHOWN] if lines else ""
        raise FormatError(
            f"{file}, line 1: expected {VERSION}, got '{got}'. Take the set's raw files; its "
            "simplified ones have no states."
        )
    rows, faults = [], Faults()
    for number, line in enumerate(lines[1:], start=2):
        if line and not line.isspace():
            try:
                rows.append(_row(line))
            except FormatError as error:
                faults.append(f"{file}, line {number}: {error}")
    if faults:
        raise FormatError(list_faults(faults))
    if not rows:
        raise FormatError(f"{file}: expected rows of {WORDS} values, got none. Copy it again.")
    heads, states, values = zip(*rows, strict=True)
    points = np.array(values, dtype=np.float64).reshape(len(rows), 3, len(JOINTS))
    return np.array(heads), np.array(states), points.transpose(0, 2, 1)


def _row(line: str) -> Row:
    """Read a row: three numbers, states, and all x, all y, all z.

    Raises:
        FormatError: Without the file and line.
    """
    words = line.translate(BRACKETS).split(",")
    if "_" in line:  # float() would pass over it
        raise FormatError("expected no '_', got one. Copy the file again.")
    if len(words) != WORDS:
        raise FormatError(f"expected {WORDS} values, got {len(words)}. Copy the file again.")
    names, states = words[FIRST::EACH], words[FIRST + 1 :: EACH]
    if names != JOINTS:
        wrong, right = next((a, b) for a, b in zip(names, JOINTS, strict=True) if a != b)
        raise FormatError(f"expected joint {right}, got '{wrong[:SHOWN]}'. Copy the file again.")
    try:
        numbers = [float(word) for axis in (2, 3, 4) for word in words[FIRST + axis :: EACH]]
        return [float(word) for word in words[:FIRST]], [STATES[s] for s in states], numbers
    except KeyError as error:
        got = str(error.args[0])[:SHOWN]
        raise FormatError(
            f"expected state Tracked, Inferred or NotTracked, got '{got}'. Copy the file again."
        ) from None
    except ValueError:
        wrong = next((w for w in _number_words(words) if not NUMBER.fullmatch(w)), "")
        raise FormatError(
            f"expected a number, got '{wrong[:SHOWN]}'. Copy the file again."
        ) from None


def _number_words(words: list[str]) -> list[str]:
    return words[:FIRST] + [w for axis in (2, 3, 4) for w in words[FIRST + axis :: EACH]]
