"""Data sets of many files whose names say who does what: finding, recognising, opening them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import (
    LOOKED_THROUGH,
    Parse,
    clip_name,
    find_files,
    matches,
    read_each,
    walk,
)
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError

ClipOf = Callable[[Path, str, ReadOptions, ConversionReport], Clip]
"""Reads the one clip of a file, under a name."""

LOOKED_AT = 5  # files of a folder that are opened to recognise it


@dataclass(frozen=True)
class FileSet:
    """What the files of a data set are called and hold.

    Args:
        format: Name of the format.
        layout: Name of the layout that all its clips have.
        pattern: What a file's name matches first, e.g. '*.txt'.
        name: What a file's name must be, e.g. a01_s01_e01.txt, without regard to case.
        example: A name, for messages.
        fits: Looks into a file, cheaply, whether it holds what the format holds.
        beside: Names, in small letters, of files that belong to the set and hold no skeletons.
    """

    format: str
    layout: str
    pattern: str
    name: re.Pattern[str]
    example: str
    fits: Callable[[Path], bool]
    beside: frozenset[str] = frozenset()

    def recognises(self, path: Path) -> bool:
        """Tell whether a file, or one of the first fitting names in a folder, is of this set."""
        try:
            candidates = islice(self._walk(path), LOOKED_AT)
            return any(self.fits(file) for file in candidates)
        except (OSError, ValueError):
            return False

    def names(self, file: Path) -> bool:
        """Tell whether a file is called as this set calls its files."""
        return self.name.fullmatch(file.name) is not None

    def files(self, path: Path, report: ConversionReport) -> list[Path]:
        """List the files to read: a single file whatever its name, else those that fit.

        Raises:
            FormatError: If there is none.
        """
        if path.is_file():
            return [path]
        listed = find_files(path, self.pattern)
        found = [file for file in listed if self.names(file)]
        if not found:
            got = "no such file" if path.is_dir() else "no folder and no file"
            raise FormatError(
                f"{path}: expected files called like {self.example}, got {got}. "
                "Check the path, or name the format: --format NAME."
            )
        others = [f for f in listed if not (self.names(f) or f.name.lower() in self.beside)]
        if others:
            report.note(f"not read, since their names are not like {self.example}: {len(others)}")
        return found

    def check_layout(self, path: Path, options: ReadOptions) -> None:
        """Refuse another layout than the one that the format always has.

        Raises:
            FormatError: If the user names another.
        """
        if options.layout not in (None, self.layout):
            raise FormatError(
                f"{path}: expected layout '{self.layout}', which files of format "
                f"'{self.format}' have, got '{options.layout}'. Leave --layout out."
            )

    def open(
        self, path: Path, parse: Parse, *, options: ReadOptions, class_names: tuple[str, ...]
    ) -> Reading:
        """Open a file or a folder.

        Raises:
            FormatError: If there is no file, or the user names another layout.
        """
        self.check_layout(path, options)
        report = ConversionReport(source=source_name(path), format=self.format)
        files = self.files(path, report)
        clips = read_each(files, parse, root=path, report=report)
        return Reading(clips, len(files), class_names, report)

    def open_singles(
        self, path: Path, clip_of: ClipOf, *, options: ReadOptions, class_names: tuple[str, ...]
    ) -> Reading:
        """Open a file or a folder, where a file holds one clip that is called like it.

        Raises:
            FormatError: As `open`.
        """

        def parse(file: Path, report: ConversionReport) -> list[Clip]:
            return [clip_of(file, clip_name(file, path), options, report)]

        return self.open(path, parse, options=options, class_names=class_names)

    def _walk(self, path: Path) -> Iterator[Path]:
        if path.is_file():
            if matches(path.name, self.pattern) and self.names(path):
                yield path
            return
        yield from filter(self.names, walk(path, self.pattern, most=LOOKED_THROUGH))


def numbers_in(name: re.Pattern[str], file: Path) -> dict[str, int]:
    """Read the named groups of a file's name as numbers; nothing where it does not match."""
    match = name.fullmatch(file.name)
    if match is None:
        return {}
    return {key: int(text) for key, text in match.groupdict().items() if text is not None}


def class_of(
    number: int | None, class_names: tuple[str, ...], file: Path, report: ConversionReport
) -> int | None:
    """Turn a class number that counts from 1 into a label; None, and said, where there is none."""
    if number is None:
        report.note("files without the set's names: their class and subject are not known")
        return None
    if 1 <= number <= len(class_names):
        return number - 1
    report.note(
        f"{file.name}: class {number} is none of the set's {len(class_names)}: left unlabelled"
    )
    return None
