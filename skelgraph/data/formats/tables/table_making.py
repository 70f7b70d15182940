"""Clips out of a table that was read: facts, bodies, frames, positions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.files import clip_name
from skelgraph.data.formats.reading import ReadOptions, source_name
from skelgraph.data.formats.tables.table_clips import Columns, frame_axis, separate
from skelgraph.data.formats.tables.table_mapping import NO_CONFIDENCE, TableMapping
from skelgraph.data.formats.tables.table_names import Segment, facts_of_name
from skelgraph.data.formats.tables.table_rows import Rows, Table
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout
from skelgraph.graphs.layout import HANDS, SLOTS


@dataclass
class Plan:
    """What holds for all files; the frame rate is that of the first file if none is given."""

    root: Path
    mapping: TableMapping
    layout: Layout
    units: str
    options: ReadOptions
    segments: dict[str, list[Segment]] | None = None
    class_names: tuple[str, ...] = ()
    fps: float | None = None
    met: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        given = self.options.fps or self.mapping.fps
        self.fps = None if given is None else float(given)

    @property
    def marks(self) -> tuple[str, ...]:
        usual = (NO_CONFIDENCE,) if self.units in ("pixel", "image fraction") else ()
        return usual if self.mapping.missing is None else self.mapping.missing

    def label(self, word: str | None, where: str) -> int | None:
        if word is None or word == "":
            return None
        name = self.mapping.classes.get(word, word)
        if name not in self.class_names:
            raise FormatError(
                f"{where}: expected a class of {', '.join(self.class_names[:10])}, got '{word}'. "
                "Add it to 'classes' in the mapping."
            )
        return self.class_names.index(name)


@dataclass(frozen=True, eq=False)
class OpenTable:
    """A file that was read."""

    file: Path
    table: Table
    rows: Rows
    points: np.ndarray
    columns: Columns
    clock: np.ndarray | None


def make_clip(
    found: OpenTable,
    name: str,
    chosen: np.ndarray,
    label: str | None,
    plan: Plan,
    report: ConversionReport,
) -> Clip:
    """Make a clip of some rows of a table.

    Args:
        found: The table.
        name: The clip's name.
        chosen: Its rows.
        label: The word for its class, where a segment has it.
        plan: What holds for all files.
        report: Counts repairs.

    Raises:
        FormatError: If a fact changes within it, or its rows are out of order.
    """
    where = f"{found.file}, clip '{name}'"
    facts = facts_of_name(clip_name(found.file, plan.root), plan.mapping)
    facts.update(_constant(found, chosen, plan.mapping, where))
    slot, slots = _slots(found, chosen, plan, where, report)
    chosen, slot = chosen[slot >= 0], slot[slot >= 0]
    frame, num_frames = frame_axis(
        None if found.clock is None else found.clock[chosen],
        slot if plan.mapping.body else np.zeros(len(chosen), dtype=np.int64),
        numbered=plan.mapping.time is None,
        where=where,
        report=report,
    )
    shape = (num_frames, slots, *found.points.shape[1:])
    points = np.full(shape, np.nan)
    points[frame, slot] = found.points[chosen]
    positions, score = separate(points, found.columns, plan.marks, report)
    numbers: dict[str, Any] = {fact: _whole(facts, fact, where) for fact in CLIP_NUMBERS}
    return Clip(
        keypoints=positions,
        confidence=score,
        layout=plan.layout,
        name=name,
        units=plan.units,
        axes=plan.mapping.axes_for(plan.units, found.columns.coordinates),
        fps=plan.fps,
        label=plan.label(label or facts.get("label"), where),
        width=plan.options.width,
        height=plan.options.height,
        source=f"{source_name(plan.root)}/{clip_name(found.file, plan.root)}",
        **numbers,
    )


def _constant(
    found: OpenTable, chosen: np.ndarray, mapping: TableMapping, where: str
) -> dict[str, str]:
    """Take the facts of a clip from its columns, which must not change within it."""
    facts = {}
    for fact in ("label", *CLIP_NUMBERS):
        column = getattr(mapping, fact)
        if column is None:
            continue
        words = {found.rows.words[column][row] for row in chosen}
        if len(words) > 1:
            raise FormatError(
                f"{where}, column '{column}': expected one value in a clip, got "
                f"{', '.join(sorted(words)[:5])}. Name the column that tells clips apart as 'clip'."
            )
        facts[fact] = next(iter(words), "")
    return facts


def _slots(
    found: OpenTable, chosen: np.ndarray, plan: Plan, where: str, report: ConversionReport
) -> tuple[np.ndarray, int]:
    """Give each row its body's slot, -1 where it does not fit."""
    sided = plan.layout.instances == HANDS
    if plan.mapping.body is None:
        if sided and plan.mapping.hand is None:
            raise FormatError(
                f"{plan.mapping.path}: expected which hand the layout '{plan.layout.name}' stands "
                "for, got nothing. Write 'hand: right', or 'body: COLUMN' with left and right."
            )
        slot = SLOTS.index(plan.mapping.hand or "right") if sided else 0
        return np.full(len(chosen), slot), 2 if sided else 1
    words = [found.rows.words[plan.mapping.body][row] for row in chosen]
    if sided:
        return _sides(words, plan, where), 2
    seen = ~np.isnan(found.points[chosen][..., 0])
    worth: dict[str, int] = {}
    for word, count in zip(words, seen.sum(axis=1).tolist(), strict=True):
        worth[word] = worth.get(word, 0) + count
    best = sorted(worth, key=lambda word: -worth[word])[: plan.layout.max_bodies]
    place = {word: slot for slot, word in enumerate(word for word in worth if word in best)}
    slots = np.array([place.get(word, -1) for word in words], dtype=np.int64)
    report.repaired[f"bodies beyond {plan.layout.max_bodies} -> dropped"] += int((slots < 0).sum())
    return slots, max(1, len(place))


def _sides(words: list[str], plan: Plan, where: str) -> np.ndarray:
    sides = [word.lower() for word in words]
    wrong = sorted({word for word, side in zip(words, sides, strict=True) if side not in SLOTS})
    if wrong:
        raise FormatError(
            f"{where}, column '{plan.mapping.body}': expected left or right, got "
            f"{', '.join(wrong[:5])}. Correct it."
        )
    return np.array([SLOTS.index(side) for side in sides], dtype=np.int64)


def _whole(facts: dict[str, str], fact: str, where: str) -> int:
    word = facts.get(fact, "")
    if word == "":
        return -1
    if not (word.isascii() and word.removesuffix(".0").isdigit() and len(word) < 12):
        raise FormatError(
            f"{where}: expected a whole number as {fact}, got '{word[:50]}'. Number them."
        )
    return int(float(word))
