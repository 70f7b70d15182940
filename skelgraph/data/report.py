"""What a conversion repaired and dropped, counted and said."""

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
        clips: Clips handed over.
        frames: Their frames.
        repaired: What -> how many joints (in single frames) or frames.
        dropped: Clip name -> why it was left out.
        notes: Decisions that were taken for the whole file, in words.
    """

    source: str
    format: str
    clips: int = 0
    frames: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    dropped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain containers, for JSON; counts of zero are left out."""
        return {
            "source": self.source,
            "format": self.format,
            "clips": self.clips,
            "frames": self.frames,
            "repaired": {key: count for key, count in self.repaired.items() if count},
            "dropped": dict(self.dropped),
            "notes": list(self.notes),
        }
