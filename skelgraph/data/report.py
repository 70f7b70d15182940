"""What a conversion repaired, skipped and dropped, counted and said."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ConversionReport:
    """What was repaired and dropped while reading; it fills while the clips are taken.

    Args:
        source: The file or folder.
        format: Name of its format.
        files: Files read.
        clips: Clips handed over.
        frames: Their frames.
        repaired: What -> how many joints (in single frames), frames or bodies.
        skipped: File -> why it was not read.
        dropped: Clip name -> why it was left out.
        notes: Decisions that were taken for the whole source, in words.
        survey: What the clips hold, see `skelgraph.data.formats.survey`.
        steps: Step -> what it did in numbers, where the user asked for changes.
    """

    source: str
    format: str
    files: int = 0
    clips: int = 0
    frames: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    survey: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Add a decision once, however many files it was taken for."""
        if text not in self.notes:
            self.notes.append(text)

    def merge(self, other: ConversionReport) -> None:
        """Add what the report of a part says; clips and frames are counted where clips pass."""
        self.files += other.files
        self.repaired.update(other.repaired)
        self.skipped.update(other.skipped)
        self.dropped.update(other.dropped)
        for text in other.notes:
            self.note(text)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was repaired, skipped or dropped."""
        return not (any(self.repaired.values()) or self.skipped or self.dropped)

    def to_dict(self) -> dict[str, Any]:
        """Return plain containers, for JSON; counts of zero are left out."""
        return {
            "source": self.source,
            "format": self.format,
            "files": self.files,
            "clips": self.clips,
            "frames": self.frames,
            "repaired": {key: count for key, count in self.repaired.items() if count},
            "skipped": dict(self.skipped),
            "dropped": dict(self.dropped),
            "notes": list(self.notes),
            "survey": dict(self.survey),
            "steps": dict(self.steps),
        }
