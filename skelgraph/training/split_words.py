"""A split in words."""

from __future__ import annotations

from typing import Any

from skelgraph.data.store import Store
from skelgraph.training.clips import PARTS, Parts


def describe_split(store: Store, split: Any, parts: Parts) -> list[str]:
    """Say how many clips and subjects each part has."""
    subjects = store.clips.subject
    lines = []
    for part in PARTS:
        rows = getattr(split, part)
        people = sorted({int(value) for value in subjects[rows]})
        known = [str(person) for person in people if person >= 0]
        shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        windows = len(getattr(parts, part))
        extra = f" in {windows} windows" if windows != len(rows) else ""
        who = f"{len(known)} subject(s): {shown}" if known else "subjects unknown"
        lines.append(f"{part}: {len(rows)} clips{extra}, {who}")
    for what, why in (("unlabelled", "no label"), ("left_out", "in no part of the split")):
        count = split.details.get(what, 0)
        if count:
            lines.append(f"left out: {count} clips, {why}")
    return lines
