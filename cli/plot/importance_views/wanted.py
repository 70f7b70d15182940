"""What is asked of `skelgraph plot importance`, and what of it goes together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from skelgraph.cli.picture_file import moves
from skelgraph.errors import ConfigError


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Args:
        clip: One clip, or None for all.
        classes: The classes to keep; several stand beside one another.
        view: "both", "skeleton", "time", "parts" or "classes". None: what the method allows.
        relative: By class: the difference from the classes' mean.
        page: By class: which page.
        difference: Two classes to compare.
        before: What was before.
        find_phases: Mark onset, peak and end.
        phases: Recorded frames to mark, by name.
    """

    clip: str | None = None
    classes: tuple[str, ...] = ()
    view: str | None = None
    relative: bool = False
    page: int = 1
    difference: tuple[str, ...] = ()
    before: Path | None = None
    find_phases: bool = False
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_class(self) -> bool:
        """Whether classes stand beside one another."""
        return self.view == "classes" or (len(self.classes) > 1 and self.view != "parts")

    @property
    def marked(self) -> bool:
        """Whether moments are marked on the time axis."""
        return self.find_phases or bool(self.phases)

    def check(self, path: Path) -> None:
        """Refuse what does not go together.

        Raises:
            ConfigError: If options contradict each other.
        """
        if moves(path) and self.clip is None:
            raise ConfigError(
                f"--output {path.name}: expected one clip to move, got all. Give --clip."
            )
        if self.marked and self.clip is None:
            raise ConfigError(
                "phases: expected one clip whose movement has them, got all. Give --clip."
            )
        pair = bool(self.difference) + (self.before is not None)
        if pair > 1 or (pair and (self.view is not None or self.by_class or moves(path))):
            raise ConfigError(
                "--difference, --before: expected one of them, without --view, several --class "
                "and animation, got more. Leave one out."
            )
        if self.clip is not None and (self.classes or self.by_class or self.difference):
            raise ConfigError("--clip: expected no classes beside it, got some. Leave one out.")
        if self.relative and not self.by_class:
            raise ConfigError(
                "--relative: expected classes to compare, got none. Give --view classes, or "
                "--class several times."
            )
