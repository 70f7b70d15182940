"""How the options of a method are checked: all faults at once."""

from __future__ import annotations

from collections.abc import Iterable

from skelgraph.errors import ConfigError, list_faults

PROBABILITY = "a probability in [0, 1]"
SHARE = "a share in [0, 1]"
DECAY = "a decay in [0, 1)"
AMOUNT = "a number of at least 0"


def check_options(method: str, rules: Iterable[tuple[str, float, str, bool]]) -> None:
    """Refuse options that a method cannot have.

    Args:
        method: Its name.
        rules: Name of an option, its value, what is expected, and whether that holds.

    Raises:
        ConfigError: With all faults, one a line.
    """
    faults = [
        f"{method}, {name}: expected {rule}, got {value}. Give another value."
        for name, value, rule, fits in rules
        if not fits
    ]
    if faults:
        raise ConfigError(list_faults(faults))


def is_amount(value: float) -> bool:
    """Tell whether a number is finite and at least 0."""
    return 0 <= value < float("inf")
