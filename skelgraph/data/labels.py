"""Labels that are written down in a CSV file beside the recordings."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.reading import Reading
from skelgraph.data.symmetry import unite
from skelgraph.errors import FormatError, list_faults


def relabel(reading: Reading, path: Path) -> Reading:
    """Give clips the class, and maybe subject, camera, setup and repetition, that a CSV says.

    The file has a column `clip` and `class` (or `label`, a number); an empty class means
    unlabelled. A clip that the file does not name loses its label, and is counted. Classes
    keep the source's numbers if it knows them all; else they are numbered in sorted order.

    Args:
        reading: An open source.
        path: The CSV file.

    Raises:
        FormatError: If the file is faulty; while clips are taken, if it names clips that the
            source does not have.
    """
    rows = _read(path)
    names = _class_names(rows, reading.class_names, path)
    clips = _relabelled(reading, rows, names, path)
    labels = [names.index(name) if name in names else -1 for name in reading.class_names]
    symmetry = unite([(reading.symmetry, labels)], num_classes=len(names))
    return replace(reading, clips=clips, class_names=names, symmetry=symmetry)


def check_names(path: Path, names: Sequence[str]) -> None:
    """Check before long work that a labels file can be read and names no other clips.

    Args:
        path: The CSV file.
        names: Names that the clips will have.

    Raises:
        FormatError: If not.
    """
    _check_met(set(_read(path)) - set(names), names, path)


def _check_met(left: set[str], met: Sequence[str], path: Path) -> None:
    if left:
        raise FormatError(
            list_faults([_not_a_clip(f"{path}: clip", name, met) for name in sorted(left)])
        )


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(
            f"{path}: expected a readable CSV file, got '{reason}'. Check the path."
        ) from error
    columns = set(reader.fieldnames or ())
    if "clip" not in columns or not columns & {"class", "label"}:
        raise FormatError(
            f"{path}: expected columns clip and class (or label), got "
            f"{', '.join(sorted(columns)) or 'none'}. Write a row a clip."
        )
    faults = _faults(rows, path)
    if faults:
        raise FormatError(list_faults(faults))
    return {row["clip"]: row for row in rows}


def _faults(rows: list[dict[str, str]], path: Path) -> list[str]:
    faults = []
    met: set[str] = set()
    for number, row in enumerate(rows, start=2):
        where = f"{path}, row {number}"
        if row["clip"] in met:
            faults.append(f"{where}: expected each clip once, got '{row['clip']}' again. Drop it.")
        met.add(row["clip"])
        for column in ("label", *CLIP_NUMBERS):
            value = row.get(column, "")
            if value and not value.removeprefix("-").isdecimal():
                faults.append(
                    f"{where}: expected a whole number as {column}, got '{value}'. Correct it."
                )
    return faults


def _class_names(
    rows: dict[str, dict[str, str]], known: Sequence[str], path: Path
) -> tuple[str, ...]:
    if any("class" in row for row in rows.values()):
        used = {row["class"] for row in rows.values() if row.get("class")}
        return tuple(known) if used <= set(known) else tuple(sorted(used))
    highest = max((int(row["label"]) for row in rows.values() if row["label"]), default=-1)
    if known and highest >= len(known):
        raise FormatError(
            f"{path}: expected labels below {len(known)}, got {highest}. Write the class instead."
        )
    return tuple(known) or tuple(str(label) for label in range(highest + 1))


def _relabelled(
    reading: Reading, rows: dict[str, dict[str, str]], names: tuple[str, ...], path: Path
) -> Iterator[Clip]:
    left = set(rows)
    unnamed = 0
    met = []
    for clip in reading.clips:
        met.append(clip.name)
        unnamed += clip.name not in rows
        left.discard(clip.name)
        yield _changed(clip, rows.get(clip.name, {}), names)
    left -= set(reading.report.dropped)
    left -= {Path(file).with_suffix("").as_posix() for file in reading.report.skipped}
    _check_met(left, met, path)
    if unnamed:
        reading.report.notes.append(f"{unnamed} clips are not in {path.name}: unlabelled")


def _changed(clip: Clip, row: dict[str, str], names: tuple[str, ...]) -> Clip:
    label = int(row["label"]) if row.get("label") else -1
    if row.get("class"):
        label = names.index(row["class"])
    numbers: dict[str, Any] = {key: int(row[key]) for key in CLIP_NUMBERS if row.get(key)}
    return replace(clip, label=None if label < 0 else label, **numbers)


def _not_a_clip(what: str, name: str, choices: Sequence[str]) -> str:
    """Word the error for an unknown name without listing thousands of choices."""
    near = get_close_matches(name, choices, n=1, cutoff=0.5)
    hint = (
        f"Did you mean '{near[0]}'?"
        if near
        else f"Clips are called like '{min(choices, default='')}'."
    )
    return f"{what}: expected a clip of the source, got '{name}'. {hint}"
