"""Names of clips as paths of files."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ODD = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]")
MOST_BYTES = 120


def file_places(names: Sequence[str]) -> tuple[str, ...]:
    """Give each clip a place of its own in a folder, its own name where that can be one.

    A name may have folders in it. What cannot stand in a path becomes '_', and a number is
    added to what is no longer unique.

    Example:
        >>> file_places(["a/b", "../c", "x:1", "x?1"])
        ('a/b', '_./c', 'x_1', 'x_1_2')
    """
    places: list[str] = []
    met: set[str] = set(names)
    for name in names:
        place = "/".join(map(_part, name.split("/")))
        if place != name:
            place = _free(place, met)
            met.add(place)
        places.append(place)
    return tuple(places)


def _part(part: str) -> str:
    clean = _ODD.sub("_", part)
    while len(clean.encode("utf-8", "replace")) > MOST_BYTES:
        clean = clean[:-1]
    if not clean or clean.startswith("."):
        clean = "_" + clean[1:]
    return clean


def _free(place: str, met: set[str]) -> str:
    number, found = 2, place
    while found in met:
        found, number = f"{place}_{number}", number + 1
    return found
