"""Reading a source that is one file or a folder of files, each with clips of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from skelgraph.data.clip import Clip
from skelgraph.data.formats.workers import Load, load_all
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError

Parse = Callable[[Path, ConversionReport], Iterable[Clip]]
"""Reads the clips of one file and adds to the report what it repaired, dropped and decided."""

LOOKED_THROUGH = 20_000
"""Names of a folder that are looked through to tell its format."""

Make = Callable[[Path, Any, ConversionReport], Iterable[Clip]]
"""Makes clips of a file of what was loaded from it, and adds to the report like `Parse`."""


def find_files(path: Path, pattern: str) -> list[Path]:
    """Find the files of a source: itself, or those in the folder and below that match.

    Sorted by their path; hidden files and folders are left out.

    Args:
        path: File or folder.
        pattern: What a file's name must match, see `matches`.
    """
    if path.is_file():
        return [path] if matches(path.name, pattern) else []
    return sorted(walk(path, pattern))


def first_files(folder: Path, pattern: str, count: int = 5) -> list[Path]:
    """Find a few of the files that `find_files` finds, for a look at them.

    Stops after a folder with which `LOOKED_THROUGH` names have been seen.
    """
    return list(islice(walk(folder, pattern, most=LOOKED_THROUGH), count))


def walk(folder: Path, pattern: str, *, most: int | None = None) -> Iterator[Path]:
    """Yield the files of a folder and below, by name, hidden ones left out.

    Args:
        folder: Where to begin; what is no folder holds nothing.
        pattern: What a file's name must match, see `matches`.
        most: Names after which no further folder is entered.
    """
    seen = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(files) + len(folders)
        for name in sorted(files):
            file = Path(place, name)
            if not name.startswith(".") and matches(name, pattern) and file.is_file():
                yield file
        if most is not None and seen > most:
            return


def matches(name: str, pattern: str) -> bool:
    """Tell whether a file is called like a pattern such as '*.skeleton', capitals or not.

    Recorders write .CSV and .BVH as well, and some systems do not tell them apart.
    """
    return fnmatchcase(name.lower(), pattern.lower())


def clip_name(file: Path, root: Path) -> str:
    """Name a clip after its file, with the folders between it and the source's root."""
    inside = file.name if file == root else str(file)[len(str(root)) + 1 :]
    return inside.removesuffix(file.suffix).replace(os.sep, "/")


def read_each(
    files: Sequence[Path], parse: Parse, *, root: Path, report: ConversionReport
) -> Iterator[Clip]:
    """Read files one after another.

    A damaged file among several is skipped, with its reason in the report; a single one is an
    error. If all of several are damaged, that is an error too.

    Raises:
        FormatError: If nothing could be read.
    """
    damaged: list[str] = []  # beside the report, where parts name what they skip themselves
    for file in files:
        part = ConversionReport(source=report.source, format=report.format, files=1)
        try:
            clips = list(parse(file, part))
        except FormatError as error:
            if len(files) == 1:
                raise
            report.skipped[_inside(file, root)] = str(error)
            damaged.append(str(error))
            continue
        report.merge(part)
        yield from clips
    if files and len(damaged) == len(files):
        raise FormatError(
            f"{root}: expected at least one readable file, got {len(files)} damaged ones. "
            f"The first: {damaged[0]}"
        )


def read_parallel(
    files: Sequence[Path],
    load: Load,
    make: Make,
    *,
    root: Path,
    report: ConversionReport,
    workers: int | None = None,
) -> Iterator[Clip]:
    """Read files with several processes; skips, reports and fails as `read_each` does.

    Args:
        files: The files, in the order in which their clips shall come.
        load: Does the slow part for one file, in another process where that pays: see
            `skelgraph.data.formats.workers`. What it returns is copied between processes,
            so arrays and numbers rather than clips with layouts.
        make: Makes the clips of one file of what `load` returned, here, and adds to the
            report.
        root: The source.
        report: Filled while clips are taken.
        workers: See `load_all`.

    Raises:
        FormatError: If nothing could be read.
    """
    results = load_all(files, load, workers=workers)

    def parse(file: Path, part: ConversionReport) -> Iterable[Clip]:
        result = next(results)
        if isinstance(result, FormatError):
            raise result
        return make(file, result, part)

    with closing(results):
        yield from read_each(files, parse, root=root, report=report)


def _inside(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if root.is_dir() else file.name
