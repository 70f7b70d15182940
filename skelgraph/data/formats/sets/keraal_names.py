"""Who does what in a Keraal recording, from its file's name.

G3-Kinect-CTK-P1T1-Unknown-C-0.txt: group 3 (healthy people who act out errors), modality,
exercise, participant 1 and trial 1, then how it was judged, and the recording's number. Groups
1A to 2B: G1A-Kinect-CTK-PARTICIPANT-RECORDING.txt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NAMED = re.compile(
    r"(?P<group>G(?:roup)?\d[A-Z]?)[-_](?P<modality>[A-Za-z]+)[-_](?P<exercise>[A-Z]+)[-_]"
    r"(?P<person>[A-Za-z]*\d+?)(?:T(?P<trial>\d+))?(?:[-_](?P<judged>[^-_\d].*?))?(?:[-_](?P<number>\d+))?"
    r"\.(?:txt|json)",
    re.I,
)


@dataclass(frozen=True)
class KeraalNames:
    """The exercises and people of the files that are read, each sorted by name.

    Args:
        exercises: Codes such as CTK; the classes.
        people: Group and participant, e.g. G3-P1; the subjects.
    """

    exercises: tuple[str, ...]
    people: tuple[str, ...]

    @classmethod
    def of(cls, files: Iterable[Path]) -> KeraalNames:
        """Collect them from files' names."""
        matches = [match for file in files if (match := NAMED.fullmatch(file.name))]
        return cls(
            exercises=tuple(sorted({match["exercise"].upper() for match in matches})),
            people=tuple(sorted({_person(match) for match in matches})),
        )

    def label(self, file: Path) -> int | None:
        """Find the class of a file; None where its name does not say."""
        match = NAMED.fullmatch(file.name)
        return self.exercises.index(match["exercise"].upper()) if match else None

    def subject(self, file: Path) -> int:
        """Find the subject of a file; -1 where its name does not say."""
        match = NAMED.fullmatch(file.name)
        return self.people.index(_person(match)) if match else -1


def repetition(file: Path) -> int:
    """Read the trial of a file of group 3; -1 where its name does not say."""
    match = NAMED.fullmatch(file.name)
    return int(match["trial"]) if match and match["trial"] else -1


def further_facts(file: Path) -> dict[str, object]:
    """Give group, participant, judgement and number of a recording as texts."""
    match = NAMED.fullmatch(file.name)
    keys = ("group", "person", "judged", "number")
    return {key: (match[key] or "") if match else "" for key in keys}


def _person(match: re.Match[str]) -> str:
    return f"{match['group']}-{match['person']}".upper()
