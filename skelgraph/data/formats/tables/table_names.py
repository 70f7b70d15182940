"""What a file's name says, and which segments of it are clips."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS
from skelgraph.data.formats.tables.table_mapping import TableMapping
from skelgraph.data.formats.tables.table_rows import Table
from skelgraph.errors import FormatError, list_faults

SAME_TIME = 1e-6
"""Seconds by which a segment may miss a row's time: what rounding of decimals costs."""


@dataclass(frozen=True)
class Segment:
    """A part of a recording: seconds, both ends taken in, and its class."""

    start: float
    end: float
    label: str | None

    def rows(self, times: np.ndarray) -> np.ndarray:
        """Find the rows within, by their times."""
        inside = (times >= self.start - SAME_TIME) & (times <= self.end + SAME_TIME)
        return np.flatnonzero(inside)


@lru_cache(maxsize=16)
def _pattern(template: str) -> re.Pattern[str]:
    forms = {"label": r"(?P<label>[^/]+?)", "any": r"[^/]*?"}
    forms.update({fact: rf"(?P<{fact}>\d{{1,9}})" for fact in CLIP_NUMBERS})
    pieces = re.split(r"(\{.*?\})", template)
    return re.compile("".join(forms.get(piece[1:-1], re.escape(piece)) for piece in pieces))


def facts_of_name(name: str, mapping: TableMapping) -> dict[str, str]:
    """Take the class and numbers out of a clip's name, as the mapping's `names` describes it.

    Raises:
        FormatError: If the name has another form.
    """
    if mapping.names is None:
        return {}
    text = name if "/" in mapping.names else name.rsplit("/", 1)[-1]
    match = _pattern(mapping.names).fullmatch(text)
    if match is None:
        raise FormatError(
            f"{name}: expected a name like '{mapping.names}', got '{text}'. Rename the file, "
            "or correct 'names' in the mapping."
        )
    return match.groupdict()


def find_segments_file(path: Path, mapping: TableMapping) -> Path | None:
    """Find the file of segments: in the source's folder or beside the mapping."""
    named = mapping.segments.get("file")
    if named is None:
        return None
    folder = path if path.is_dir() else path.parent
    for place in (folder / named, mapping.path.parent / named):
        if place.is_file():
            return place
    raise FormatError(
        f"{folder / named}: expected the file of segments, got none. Put it there or beside "
        f"{mapping.path.name}."
    )


def read_segments(file: Path, mapping: TableMapping) -> dict[str, list[Segment]]:
    """Read the segments of each recording, by the name that stands in the file.

    Raises:
        FormatError: If a column is lacking or a start does not come before its end.
    """
    key, start, end = (mapping.segments[column] for column in ("clip", "start", "end"))
    label = mapping.segments.get("label")
    words = [key] if label is None else [key, label]
    rows = Table(file).read([start, end], words)
    labels: Sequence[str | None] = rows.words[label] if label else [None] * len(rows.lines)
    found: dict[str, list[Segment]] = {}
    faults = []
    everything = zip(rows.words[key], rows.numbers.tolist(), labels, rows.lines, strict=True)
    for name, (begin, stop), word, line in everything:
        if not (math.isfinite(begin) and math.isfinite(stop) and begin <= stop):
            faults.append(
                f"{file}, row {line}: expected a start before its end, got {begin} to {stop}. "
                "Correct it."
            )
        found.setdefault(name, []).append(Segment(begin, stop, word or None))
    if faults:
        raise FormatError(list_faults(faults))
    return found
