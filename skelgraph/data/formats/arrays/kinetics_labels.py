"""Classes of Kinetics-skeleton: in each file, and in a list beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from skelgraph.data.formats.arrays.point_sets import MAX_CLASSES, is_label
from skelgraph.data.formats.files import find_files
from skelgraph.data.formats.raw.safe_json import load_json
from skelgraph.errors import Faults, FormatError, list_faults

Label = tuple[int, str]
"""Class number and its name, which may be empty."""

TAIL = 2048
_LABEL = re.compile(rb'"label"\s*:\s*("(?:[^"\\]|\\.)*")')
_INDEX = re.compile(rb'"label_index"\s*:\s*(-?\d{1,9})\b')


def peek(file: Path) -> Label | None:
    """Look for a file's class at its end, or else at its start; None if it is not there."""
    try:
        with file.open("rb") as opened:
            start = opened.read(TAIL)
            size = file.stat().st_size
            opened.seek(max(size - TAIL, 0))
            ends = (opened.read(TAIL), start)
    except OSError:
        return None
    for text in ends:
        index, label = _INDEX.search(text), _LABEL.search(text)
        if index is not None and 0 <= int(index.group(1)) < MAX_CLASSES:
            return int(index.group(1)), _unquoted(label.group(1)) if label else ""
    return None


def _unquoted(text: bytes) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


def find_labels(
    path: Path, found: dict[Path, Label | None]
) -> tuple[dict[Path, int | None], tuple[str, ...]]:
    """Number the files' classes and name them.

    Args:
        path: The source; lists are looked for in it and, if it is a folder, beside it.
        found: What each file says of its class.

    Returns:
        Label of each file, None where nothing is known; class names in label order, a number
        where a class has no name.

    Raises:
        FormatError: If a list is damaged, or one class number has two names.
    """
    listed = _listed(path)
    labels = {file: label or listed.get(file.stem) for file, label in found.items()}
    names: dict[int, str] = {}
    faults = Faults()
    known = [*listed.values(), *(label for label in labels.values() if label is not None)]
    for index, name in known:
        if name and names.setdefault(index, name) != name:
            faults.append(
                f"{path}: expected one name for class {index}, got '{names[index]}' and '{name}'. "
                "Correct the labels."
            )
    if faults:
        raise FormatError(list_faults(sorted(set(faults))))
    highest = max((index for index, _ in known), default=-1)
    return (
        {file: None if label is None else label[0] for file, label in labels.items()},
        tuple(names.get(index, str(index)) for index in range(highest + 1)),
    )


def _listed(path: Path) -> dict[str, Label]:
    """Read the lists of labels: a file's name without its ending -> its class."""
    if not path.is_dir():
        return {}
    files = find_files(path, "*_label.json")
    beside = path.parent / f"{path.name}_label.json"
    found: dict[str, Label] = {}
    for file in [*files, *([beside] if beside.is_file() else [])]:
        content = load_json(file)
        if not isinstance(content, dict):
            raise FormatError(
                f"{file}: expected an object with an entry a video, got "
                f"{type(content).__name__}. Correct it or take it away."
            )
        for name, entry in content.items():
            label = _entry(entry)
            if label is not None:
                found[name] = label
    return found


def _entry(entry: Any) -> Label | None:
    if not isinstance(entry, dict):
        return None
    index, name = entry.get("label_index"), entry.get("label")
    if not is_label(index):
        return None
    return index, name if isinstance(name, str) else ""
