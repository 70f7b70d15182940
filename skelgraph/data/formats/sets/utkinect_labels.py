"""UTKinect's actionLabel.txt: which frames of which recording show which action.

A line such as s01_e01, then ten such as `walk: 252 390`, first and last frame number; NaN where
the action was not recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skelgraph.data.formats.files import find_files
from skelgraph.data.formats.raw.number_rows import read_text
from skelgraph.errors import Faults, FormatError, list_faults, unknown_name

ACTIONS = {
    "walk": "walk",
    "sitDown": "sit down",
    "standUp": "stand up",
    "pickUp": "pick up",
    "carry": "carry",
    "throw": "throw",
    "push": "push",
    "pull": "pull",
    "waveHands": "wave hands",
    "clapHands": "clap hands",
}
RECORDING = re.compile(r"s(\d+)_e(\d+)", re.I)
RANGE = re.compile(r"(\w+)\s*:\s*(\d{1,9}|nan)\s+(\d{1,9}|nan)", re.I)
NAME = "actionLabel.txt"


@dataclass(frozen=True)
class Segment:
    """An action in a recording.

    Args:
        action: A key of `ACTIONS`.
        first: Its first frame number; None where the file gives none.
        last: Its last frame number.
    """

    action: str
    first: int | None
    last: int | None


def find_labels(path: Path) -> Path | None:
    """Find the label file: in the folder, below it, or up to two folders above."""
    start = path if path.is_dir() else path.parent
    for folder in [start, *start.absolute().parents[:2]]:
        if (folder / NAME).is_file():
            return folder / NAME
    return next(iter(find_files(start, NAME)), None)


def read_labels(file: Path) -> dict[tuple[int, int], list[Segment]]:
    """Read the segments of each recording, by subject and repetition.

    Raises:
        FormatError: If a line is neither a recording nor an action; lists ten.
    """
    found: dict[tuple[int, int], list[Segment]] = {}
    faults = Faults()
    current: list[Segment] | None = None
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        text = line.strip()
        recording = RECORDING.fullmatch(text)
        if recording:
            current = found.setdefault((int(recording[1]), int(recording[2])), [])
        elif text:
            part = _segment(text)
            if isinstance(part, str) or current is None:
                fault = part if isinstance(part, str) else "expected s01_e01 first, got an action."
                faults.append(f"{file}, line {number}: {fault}")
            else:
                current.append(part)
    if faults:
        raise FormatError(list_faults(faults))
    return found


def _segment(text: str) -> Segment | str:
    """Read a line, or say what is wrong with it."""
    match = RANGE.fullmatch(text)
    if match is None:
        return f"expected a line such as 'walk: 252 390', got '{text[:20]}'. Correct it."
    action, first, last = match.groups()
    if action not in ACTIONS:
        return unknown_name("action", action[:20], ACTIONS)
    if "nan" in (first.lower(), last.lower()):
        return Segment(action, None, None)
    if int(first) > int(last):
        return f"expected a first frame up to {last}, got {first}. Correct it."
    return Segment(action, int(first), int(last))
