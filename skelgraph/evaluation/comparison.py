"""Scores before and after a change, told to people and to files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isnan, nan
from typing import Any

from skelgraph.evaluation.difference_bounds import LEVEL

FEW_GROUPS = 10
ALPHA = 0.05  # share of false alarms over all classes together


@dataclass(frozen=True)
class Change:
    """A score before and after; NaN where it cannot be told.

    Args:
        name: The class, or `macro F1` or `top-1`.
        clips: Test clips of the class, the mean over draws.
        before, after: Mean score over draws, fractions.
        difference: After less before.
        low, high: Ends of the interval of the difference.
        p: Two-sided p-value of no difference.
        p_holm: The same, corrected for the number of classes that were looked at.
    """

    name: str
    clips: float
    before: float
    after: float
    difference: float
    low: float = nan
    high: float = nan
    p: float = nan
    p_holm: float = nan

    @property
    def fell(self) -> bool:
        """Whether the score is lower than before, by chance or not."""
        return self.difference < 0

    @property
    def surely_fell(self) -> bool:
        """Whether it is lower than chance explains, all classes considered."""
        return self.fell and self.p_holm < ALPHA

    @property
    def told(self) -> str:
        """Word it for people.

        Example:
            >>> Change("nod", 9, 0.81, 0.6, -0.21, -0.3, -0.12).told
            'nod 0.81 -> 0.60 (-0.21, 95 % interval -0.30 to -0.12)'
        """
        if isnan(self.difference):
            return f"{self.name}: no test clips, nothing can be said"
        interval = "no interval"
        if not isnan(self.low):
            interval = f"{100 * LEVEL:.0f} % interval {self.low:+.2f} to {self.high:+.2f}"
        numbers = f"{self.before:.2f} -> {self.after:.2f} ({self.difference:+.2f}, {interval})"
        return f"{self.name} {numbers}"


@dataclass(frozen=True)
class Comparison:
    """Scores before and after.

    Args:
        classes: F1 of each class.
        macro_f1: Mean F1 of the classes that have test clips.
        top1: Accuracy.
        draws: Pairs of models that were compared.
        interval: What the intervals are over: `draws`, `groups`, `clips`, or `nothing`.
        groups: How many groups of clips there are, the least over draws.
    """

    classes: tuple[Change, ...]
    macro_f1: Change
    top1: Change
    draws: int
    interval: str
    groups: int

    @property
    def fell(self) -> tuple[Change, ...]:
        """Classes with a lower F1 than before, the worst first."""
        return tuple(sorted((c for c in self.classes if c.fell), key=lambda c: c.difference))

    @property
    def untested(self) -> tuple[str, ...]:
        """Classes without a test clip."""
        return tuple(change.name for change in self.classes if isnan(change.difference))

    def lines(self) -> list[str]:
        """Say for people what changed: the whole, then each class that fell."""
        lines = [self.top1.told, self.macro_f1.told]
        for change in self.fell:
            sure = "" if change.surely_fell else "; chance may explain it"
            lines.append(f"fell: {change.told}{sure}")
        if self.untested:
            lines.append(f"no test clips: {', '.join(self.untested)}")
        return [*lines, self.basis]

    @property
    def basis(self) -> str:
        """Say what the intervals are and how many classes were looked at."""
        tested = len(self.classes) - len(self.untested)
        few = ", so few that they are too narrow" if self.groups < FEW_GROUPS else ""
        over = {
            "draws": f"Student's t over {self.draws} paired draws",
            "groups": f"bootstrap over {self.groups} persons or recordings{few}",
            "clips": f"bootstrap over {self.groups} clips, persons unknown: too narrow",
            "nothing": "none, one group of clips",
        }[self.interval]
        return (
            f"{100 * LEVEL:.0f} % intervals: {over}, each class for itself; chance is judged by "
            f"Holm's correction for {tested} classes"
        )

    def header(self) -> tuple[str, ...]:
        """Name the columns of `rows`."""
        return ("class", "clips", "before", "after", "difference", "low", "high", "p_holm")

    def rows(self) -> list[list[Any]]:
        """Lay the classes out, then macro F1 and top-1; None where nothing can be said."""
        every = [*self.classes, self.macro_f1, self.top1]
        values = [
            (c.name, c.clips, c.before, c.after, c.difference, c.low, c.high, c.p_holm)
            for c in every
        ]
        return [[None if _is_nan(value) else value for value in row] for row in values]

    def to_dict(self) -> dict[str, Any]:
        """Give all as plain values for JSON; None where nothing can be said."""
        return {
            "draws": self.draws,
            "interval": self.interval,
            "groups": self.groups,
            "level": LEVEL,
            "correction": "Holm",
            "top1": _plain(self.top1),
            "macro_f1": _plain(self.macro_f1),
            "classes": [_plain(change) for change in self.classes],
            "fell": [change.name for change in self.fell],
            "surely_fell": [change.name for change in self.fell if change.surely_fell],
            "untested": list(self.untested),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Comparison:
        """Read what `to_dict` gave.

        Raises:
            KeyError, TypeError: If it is something else.
        """
        return cls(
            classes=tuple(_change_of(each) for each in document["classes"]),
            macro_f1=_change_of(document["macro_f1"]),
            top1=_change_of(document["top1"]),
            draws=int(document["draws"]),
            interval=str(document["interval"]),
            groups=int(document["groups"]),
        )


def _plain(change: Change) -> dict[str, Any]:
    return {key: None if _is_nan(value) else value for key, value in asdict(change).items()}


def _change_of(values: Mapping[str, Any]) -> Change:
    known: dict[str, Any] = {key: nan if value is None else value for key, value in values.items()}
    return Change(**known)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)
