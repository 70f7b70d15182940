"""SHREC'17 and DHG with 28 classes: each gesture with one finger, or with the whole hand.

Files as in `shrec`. Never found by looking, since the files are the same: --format shrec_28.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets import shrec

CLASS_NAMES = tuple(
    f"{gesture}, {fingers}"
    for gesture in shrec.CLASS_NAMES
    for fingers in ("one finger", "whole hand")
)


def recognises(path: Path) -> bool:
    """Tell that it is not found by looking: format 'shrec' reads the same files."""
    return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of SHREC'17 or DHG, with 28 classes.

    Raises:
        FormatError: If there is no such file.
    """
    kind = replace(shrec.FILES, format="shrec_28")
    return shrec.open_hands(path, kind, options, CLASS_NAMES, _label)


def _label(gesture: int, finger: int) -> int:
    return 2 * (gesture - 1) + finger - 1
