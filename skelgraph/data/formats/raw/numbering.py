"""Frames that lie in a file each: their order, and the gaps between their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults

MAX_DIGITS = 18
SPARE_GAPS = 300
GAPS_A_FRAME = 9


@dataclass(frozen=True)
class Numbering:
    """Where files belong on the time axis.

    Args:
        places: Frame of each file, in the files' own order.
        num_frames: Length of the time axis, with its gaps.
        step: Difference of neighbouring numbers, the greatest that fits all.
    """

    places: tuple[int, ...]
    num_frames: int
    step: int

    @property
    def gaps(self) -> int:
        """Frames that no file has."""
        return self.num_frames - len(self.places)


def split_number(stem: str) -> tuple[str, int | None]:
    """Split the number off the end of a name; None where it has none of a sane length.

    Example:
        >>> split_number("walk_000012")
        ('walk', 12)
        >>> split_number("walk")
        ('walk', None)
    """
    head = stem.rstrip("0123456789")
    digits = stem[len(head) :]
    if not 0 < len(digits) <= MAX_DIGITS or not digits.isascii():
        return stem, None
    return head.rstrip("_-. "), int(digits)


def group_frames(names: Iterable[str], root: Path, *, ending: str = "") -> dict[Path, list[str]]:
    """Group the files of frames by folder and by the name before the number.

    Args:
        names: Their paths inside the source.
        root: The source.
        ending: What may stand after the number, e.g. '_keypoints'.

    Returns:
        Place of each recording, below the source's folder -> names of its frames.
    """
    folder = root if root.is_dir() else root.parent
    found: dict[Path, list[str]] = {}
    for name in names:
        inside = PurePosixPath(name)
        before, _ = split_number(inside.stem.removesuffix(ending))
        place = folder / inside.parent / before if before else folder / inside.parent
        found.setdefault(place, []).append(name)
    return found


def number_frames(where: str, names: Sequence[str], numbers: Sequence[int | None]) -> Numbering:
    """Put files in the order of their numbers and find the gaps.

    Args:
        where: The folder, for messages.
        names: Names of the files.
        numbers: Number of each; None: it has none, which only a file alone may.

    Raises:
        FormatError: If numbers are lacking, stand twice, or lie too far apart.
    """
    if len(names) == 1:
        return Numbering(places=(0,), num_frames=1, step=1)
    faults = _faults(where, names, numbers)
    if faults:
        raise FormatError(list_faults(faults))
    known = [number for number in numbers if number is not None]
    first = min(known)
    step = math.gcd(*(number - first for number in known))
    num_frames = (max(known) - first) // step + 1
    if num_frames > SPARE_GAPS + (1 + GAPS_A_FRAME) * len(names):
        raise FormatError(
            f"{where}: expected frames numbered one after another, got {len(names)} files "
            f"numbered from {first} to {max(known)}. Put each recording into its own folder."
        )
    places = tuple((number - first) // step for number in known)
    return Numbering(places=places, num_frames=num_frames, step=step)


def report_numbering(numbering: Numbering, report: ConversionReport) -> None:
    """Count the gaps, and say where frames are not numbered one by one."""
    report.repaired["frames that no file has -> gaps"] += numbering.gaps
    if numbering.step > 1:
        report.note(
            f"frames numbered in steps of {numbering.step}: taken as neighbours, so give the "
            "frame rate of the files, not of the film"
        )


def _faults(where: str, names: Sequence[str], numbers: Sequence[int | None]) -> list[str]:
    faults = []
    met: dict[int, str] = {}
    for name, number in zip(names, numbers, strict=True):
        if number is None:
            faults.append(
                f"{where}: expected a name that ends in a frame's number, got '{name[:100]}'. "
                "Rename it or take it out."
            )
        elif number in met:
            faults.append(
                f"{where}: expected each frame once, got {number} as '{met[number][:100]}' and "
                f"'{name[:100]}'. Keep one."
            )
        else:
            met[number] = name
    return faults
