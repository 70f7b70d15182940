"""What every reader hands over: clips as they come, class names, and an honest report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skelgraph.data.clip import UNITS, Clip
from skelgraph.data.report import ConversionReport
from skelgraph.data.symmetry import Symmetry
from skelgraph.errors import FormatError, unknown_name

Track = Callable[[Iterable[Clip], int], Iterable[Clip]]
"""Wraps clips and their number, to show progress."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user tells a reader; goes before what the file says.

    Args:
        layout: Name or file of the layout that the recording was made with.
        width: Picture width in pixels.
        height: Picture height in pixels.
        fps: Frames per second.
        units: One of `skelgraph.data.clip.UNITS`, where the format leaves them open.
        mapping: File that describes the columns of a table.
    """

    layout: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    units: str | None = None
    mapping: str | None = None

    def __post_init__(self) -> None:
        if self.units is not None and self.units not in UNITS:
            raise FormatError(unknown_name("units", self.units, UNITS))


@dataclass(frozen=True)
class Reading:
    """An open source.

    Args:
        clips: Clips one after another; can be taken once.
        num_clips: How many there are before any is dropped.
        class_names: Class names in label order.
        report: Complete once all clips were taken.
        provenance: What is known about where the source itself came from.
        symmetry: What is known of the classes when clips are mirrored or played backwards.
    """

    clips: Iterator[Clip]
    num_clips: int
    class_names: tuple[str, ...]
    report: ConversionReport
    provenance: Mapping[str, Any] = field(default_factory=dict)
    symmetry: Symmetry = Symmetry()


def source_name(path: Path) -> str:
    """Name a source in reports and indexes without the folders of one machine."""
    return path.name
