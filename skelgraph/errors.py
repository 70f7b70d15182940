"""Errors that a user can act on.

Every message reads `<what>: expected <rule>, got <value>. <next step>`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

MAX_FAULTS = 10


class SkelgraphError(ValueError):
    """Base of all errors that wrong input or a wrong environment can cause."""


class LayoutError(SkelgraphError):
    """A skeleton layout is faulty, unknown or does not fit."""


class StoreError(SkelgraphError):
    """A store is missing, incomplete, damaged or in the way."""


class FormatError(SkelgraphError):
    """A recording cannot be read in the format given or found."""


class ProtocolError(SkelgraphError):
    """A protocol cannot split these clips."""


class ConfigError(SkelgraphError):
    """An option or a configuration key has a value that does not fit."""


class RunError(SkelgraphError):
    """A run folder or a weights file is missing, damaged, in the way or does not fit."""


class MissingExtraError(SkelgraphError):
    """A package is needed that only an extra installs."""


def unknown_name(what: str, name: str, choices: Iterable[str]) -> str:
    """Word the error for a name that is not among the choices, nearest one first.

    Example:
        >>> unknown_name("layout", "kinect", ["kinect_v2", "mads"])
        "layout: expected one of kinect_v2, mads, got 'kinect'. Did you mean 'kinect_v2'?"
    """
    known = sorted(choices)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else "Choose one of those."
    return f"{what}: expected one of {', '.join(known)}, got '{name}'. {hint}"


class Faults(list[str]):
    """Faults that are appended: the first ten are kept, the rest counted.

    A damaged file may have more faults than there is memory to word them.
    """

    more = 0

    def append(self, fault: str) -> None:
        if len(self) < MAX_FAULTS:
            super().append(fault)
        else:
            self.more += 1


def list_faults(faults: Iterable[str], *, limit: int = MAX_FAULTS) -> str:
    """Join faults one a line, the first `limit` of them, and say how many more there are.

    Takes an iterator too, and keeps no more of it than it shows; without faults it is empty.

    Example:
        >>> print(list_faults(["a", "b", "c"], limit=2))
        a
        b
        ... and 1 more
    """
    rest = iter(faults)
    shown = list(islice(rest, limit))
    more = sum(1 for _ in rest) + getattr(faults, "more", 0)
    if more:
        shown.append(f"... and {more} more")
    return "\n".join(shown)
