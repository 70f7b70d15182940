"""Class maps: files that say which classes become which."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skelgraph.errors import FormatError, list_faults, unknown_name

CLASS, NEW = "class", "new"


def read_class_map(path: str | Path) -> dict[str, str]:
    """Read a class map: old name -> new name, empty where the class goes.

    A CSV file has the columns `class` and `new`; a YAML file is a mapping of names.

    Raises:
        FormatError: If it cannot be read or a class stands twice; lists all that is wrong.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(
            f"{file}: expected a readable class map, got '{reason}'. Check the path."
        ) from error
    yaml_file = file.suffix.lower() in (".yaml", ".yml")
    pairs, faults = _yaml_pairs(text, file) if yaml_file else _csv_pairs(text, file)
    met: set[str] = set()
    for where, old, _ in pairs:
        if old in met:
            faults.append(f"{where}: expected each class once, got '{old}' again. Remove one.")
        met.add(old)
    if faults:
        raise FormatError(list_faults(faults))
    return {old: new for _, old, new in pairs}


def apply_class_map(
    class_names: Sequence[str], class_map: Mapping[str, str], *, keep_others: bool
) -> list[str]:
    """Give every class its new name, '' where it goes.

    Args:
        class_names: The classes there are.
        class_map: Old name -> new name.
        keep_others: Classes that the map does not name keep theirs; else they go.

    Raises:
        FormatError: If the map names classes that are not there, the nearest one first.

    Example:
        >>> apply_class_map(
        ...     ["nod", "wave", "fall"], {"nod": "gesture", "fall": ""}, keep_others=True
        ... )
        ['gesture', 'wave', '']
    """
    faults = [
        unknown_name("class map", name, class_names)
        for name in class_map
        if name not in class_names
    ]
    if faults:
        raise FormatError(list_faults(faults))
    return [class_map.get(name, name if keep_others else "") for name in class_names]


Pairs = list[tuple[str, str, str]]


def _csv_pairs(text: str, file: Path) -> tuple[Pairs, list[str]]:
    try:
        reader = csv.DictReader(text.splitlines(), strict=True)
        rows = list(reader)
    except csv.Error as error:
        return [], [f"{file}: expected CSV, got '{error}'. Correct the file."]
    columns = set(reader.fieldnames or ())
    if not {CLASS, NEW} <= columns:
        return [], [
            f"{file}: expected columns {CLASS} and {NEW}, got "
            f"{', '.join(sorted(columns)) or 'none'}. Write a row a class."
        ]
    pairs, faults = [], []
    for number, row in enumerate(rows, start=2):
        old, new = ((row[key] or "").strip() for key in (CLASS, NEW))
        if None in row or row[NEW] is None:
            faults.append(
                f"{file}, row {number}: expected {len(columns)} values, got another number. "
                "Put names with commas in quotes."
            )
        elif not old:
            faults.append(f"{file}, row {number}: expected a class, got none. Name it.")
        pairs.append((f"{file}, row {number}", old, new))
    return pairs, faults


def _yaml_pairs(text: str, file: Path) -> tuple[Pairs, list[str]]:
    from skelgraph.errors import LayoutError
    from skelgraph.graphs.yaml_file import parse_yaml

    try:
        found = parse_yaml(text.encode(), where=str(file))
    except LayoutError as error:
        return [], [str(error)]
    if not isinstance(found, Mapping):
        got = type(found).__name__
        return [], [f"{file}: expected a mapping of classes, got {got}. Write class: new name."]
    faults = [
        f"{file}: expected names as text, got {old!r}: {new!r}. Put them in quotes."
        for old, new in found.items()
        if not _is_name(old) or not (new is None or _is_name(new))
    ]
    pairs = [(str(file), str(old), "" if new is None else str(new)) for old, new in found.items()]
    return pairs, faults


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
