"""How the options of a method are checked: all faults at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from skelgraph.errors import ConfigError, list_faults


@dataclass(frozen=True)
class Range:
    """Values that an option may have.

    Args:
        words: What is expected.
        holds: Whether a value is among them.
    """

    words: str
    holds: Callable[[float], bool]


PROBABILITY = Range("a probability in [0, 1]", lambda value: 0 <= value <= 1)
SHARE = Range("a share in [0, 1]", lambda value: 0 <= value <= 1)
DECAY = Range("a decay in [0, 1)", lambda value: 0 <= value < 1)
AMOUNT = Range("a number of at least 0", lambda value: 0 <= value < inf)
POSITIVE = Range("a number above 0", lambda value: 0 < value < inf)


def check_options(method: str, options: object, **ranges: Range) -> None:
    """Refuse options that a method cannot have.

    Args:
        method: Its name.
        options: Its options.
        **ranges: What fields of them may be.

    Raises:
        ConfigError: With all faults, one a line.
    """
    values = {name: getattr(options, name) for name in ranges}
    faults = [
        f"{method}, {name}: expected {allowed.words}, got {values[name]}. Give another value."
        for name, allowed in ranges.items()
        if not allowed.holds(values[name])
    ]
    if faults:
        raise ConfigError(list_faults(faults))
