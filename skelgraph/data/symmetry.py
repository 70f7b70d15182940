"""Which classes stay what they are, or turn into which others, when a clip is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skelgraph.errors import unknown_name

CHANGES = ("mirror", "time_reversal")
KEEPS, SWAPS, ALL = "keeps", "swaps", "all"


@dataclass(frozen=True)
class Symmetry:
    """What a data set says of its classes; labels as they are numbered in it.

    Args:
        mirror: Class that a mirrored clip of each class shows, -1 where it shows none. None:
            the data set says nothing.
        time_reversal: The same for a clip played backwards.
    """

    mirror: tuple[int, ...] | None = None
    time_reversal: tuple[int, ...] | None = None

    def allows(self, change: str) -> bool:
        """Tell whether the data set says of some class that the change leaves it a class."""
        partners = getattr(self, change)
        return partners is not None and any(partner >= 0 for partner in partners)

    def keeps_all(self, change: str) -> bool:
        """Tell whether every class stays what it is, so that a label need not be known."""
        partners = getattr(self, change)
        return partners is None or partners == tuple(range(len(partners)))

    def describe(self, class_names: Sequence[str]) -> dict[str, Any]:
        """Return what dataset.yaml holds; empty where nothing is said."""
        told = {change: getattr(self, change) for change in CHANGES}
        return {
            change: _describe(partners, class_names)
            for change, partners in told.items()
            if partners is not None
        }


def unite(parts: Sequence[tuple[Symmetry, Sequence[int]]], *, num_classes: int) -> Symmetry:
    """Say of new classes what is known of the old ones that they are made of.

    A new class shows another after a change only if all its old ones that something is said of
    agree, and the other shows it in turn. Where no part says anything, nothing is said.

    Args:
        parts: What is known of some old classes, and the new label of each, -1 where it goes.
        num_classes: New classes.

    Example:
        >>> unite([(Symmetry(mirror=(1, 0, 2)), (-1, 0, 1))], num_classes=2).mirror
        (-1, 1)
    """
    return Symmetry(**{change: _united(change, parts, num_classes) for change in CHANGES})


def _united(
    change: str, parts: Sequence[tuple[Symmetry, Sequence[int]]], num_classes: int
) -> tuple[int, ...] | None:
    told: list[set[int]] = [set() for _ in range(num_classes)]
    said = False
    for symmetry, labels in parts:
        partners = getattr(symmetry, change)
        if partners is None:
            continue
        said = True
        for old, new in enumerate(labels):
            if new >= 0:
                told[new].add(labels[partners[old]] if partners[old] >= 0 else -1)
    if not said:
        return None
    partner = [found.pop() if len(found) == 1 else -1 for found in told]
    return tuple(
        shown if shown >= 0 and partner[shown] == label else -1
        for label, shown in enumerate(partner)
    )


def read_symmetry(section: Any, class_names: Sequence[str]) -> tuple[Symmetry, list[str]]:
    """Read the section `symmetry` of dataset.yaml, and list what is wrong with it.

    Args:
        section: Its content; None where there is none.
        class_names: Class names in label order.
    """
    if section is None:
        return Symmetry(), []
    if not isinstance(section, Mapping):
        got = type(section).__name__
        return Symmetry(), [f"symmetry: expected a mapping, got {got}. Name mirror in it."]
    faults = [
        unknown_name("symmetry, key", str(key), CHANGES) for key in section if key not in CHANGES
    ]
    found: dict[str, tuple[int, ...]] = {}
    for change in CHANGES:
        if change in section:
            found[change] = _read(section[change], class_names, f"symmetry, {change}", faults)
    return Symmetry(**found), faults


def _read(entry: Any, class_names: Sequence[str], where: str, faults: list[str]) -> tuple[int, ...]:
    if not isinstance(entry, Mapping):
        got = type(entry).__name__
        faults.append(f"{where}: expected keeps or swaps in it, got {got}. Write keeps: all.")
        return ()
    faults += [
        unknown_name(f"{where}, key", str(key), (KEEPS, SWAPS))
        for key in entry
        if key not in (KEEPS, SWAPS)
    ]
    partner = _pairs(entry.get(SWAPS), class_names, where, faults)
    kept = (
        [name for name in class_names if name not in partner]
        if entry.get(KEEPS) == ALL
        else _kept(entry.get(KEEPS), class_names, where, faults)
    )
    for name in kept:
        if partner.setdefault(name, name) != name:
            faults.append(
                f"{where}: expected class '{name}' to keep or to swap, got both. Remove one."
            )
    places = {name: place for place, name in enumerate(class_names)}
    return tuple(places.get(partner.get(name, ""), -1) for name in class_names)


def _pairs(swaps: Any, class_names: Sequence[str], where: str, faults: list[str]) -> dict[str, str]:
    """Read the pairs, each in both directions; it may be written in one or in both."""
    if not isinstance(swaps, Mapping):
        if swaps is not None:
            got = type(swaps).__name__
            faults.append(f"{where}, swaps: expected class: class, got {got}. Write a mapping.")
        return {}
    partner: dict[str, str] = {}
    pairs = [(str(one), str(other)) for one, other in swaps.items()]
    faults += [
        unknown_name(f"{where}, swaps", name, class_names)
        for name in dict.fromkeys(name for pair in pairs for name in pair)
        if name not in class_names
    ]
    for one, other in pairs:
        if one == other:
            faults.append(f"{where}, swaps: expected two classes, got '{one}' twice. Use keeps.")
        for name, wanted in ((one, other), (other, one)):
            known = partner.setdefault(name, wanted)
            if known != wanted:
                faults.append(
                    f"{where}, swaps: expected one partner for class '{name}', got '{known}' and "
                    f"'{wanted}'. What turns into another must come from it: a: b, b: a."
                )
    return partner


def _kept(keeps: Any, class_names: Sequence[str], where: str, faults: list[str]) -> list[str]:
    if keeps is None:
        return []
    if not isinstance(keeps, list):
        faults.append(f"{where}, keeps: expected classes or all, got {keeps!r}. Write a list.")
        return []
    names = [str(name) for name in keeps]
    faults += [
        unknown_name(f"{where}, keeps", name, class_names)
        for name in names
        if name not in class_names
    ]
    return [name for name in names if name in class_names]


def _describe(partners: Sequence[int], class_names: Sequence[str]) -> dict[str, Any]:
    keeps = [name for label, name in enumerate(class_names) if partners[label] == label]
    swaps = {
        class_names[label]: class_names[partner]
        for label, partner in enumerate(partners)
        if partner >= 0 and partner != label
    }
    return {KEEPS: keeps, **({SWAPS: swaps} if swaps else {})}
