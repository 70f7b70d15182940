"""Tables with a header, CSV or TSV, whose columns a mapping file describes.

A row is a frame, or a body in a frame; a joint has columns x, y, maybe z, maybe confidence. The
mapping (see `TableMapping`) gives the layout, units, column names, time or frame rate, and where
the class, the subject and the like stand: in columns, in the files' names, or in a file of
segments that cuts recordings into clips. Columns that it does not name are lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name, find_files, read_each
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.table_clips import (
    Columns,
    confidence_faults,
    find_columns,
    frame_axis,
    joints_of,
    separate,
    times_of,
)
from skelgraph.data.formats.table_mapping import FACTS, NO_CONFIDENCE, TableMapping, load_mapping
from skelgraph.data.formats.table_names import (
    Segment,
    facts_of_name,
    find_segments_file,
    read_segments,
)
from skelgraph.data.formats.table_rows import Rows, Table, find_delimiter, first_cells
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout
from skelgraph.graphs.layout import HANDS, SLOTS

ENDINGS = (".csv", ".tsv")
MIN_COLUMNS = 5


def recognises(path: Path) -> bool:
    """Tell whether this is a CSV or TSV file, or a folder of them, with a header of names."""
    try:
        if path.is_file():
            return path.suffix.lower() in ENDINGS and _has_header(path)
        few = [file for ending in ENDINGS
               for file, _ in zip(path.rglob(f"*{ending}"), range(5), strict=False)]  # fmt: skip
        return any(_has_header(file) for file in few)
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a table or a folder of tables that `options.mapping` describes.

    Raises:
        FormatError: If there is no mapping, or it or the table is faulty.
    """
    mapping = load_mapping(options.mapping, what="columns", source=path)
    layout = mapping.load_layout()
    if options.layout is not None and options.layout != mapping.layout:
        raise FormatError(
            f"{mapping.path}: expected the layout {options.layout} that was asked for, got "
            f"'{mapping.layout}'. Give one of them."
        )
    units = options.units or mapping.units
    if mapping.body and not (mapping.time or mapping.frame):
        raise FormatError(
            f"{mapping.path}: expected 'time' or 'frame' beside 'body', got neither. Name the "
            "column that says which rows are of one frame."
        )
    if units is None:
        raise FormatError(
            f"{mapping.path}: expected the key 'units', got none. Write metre, millimetre, pixel "
            "or image fraction, or give --units."
        )
    segments_file = find_segments_file(path, mapping)
    files = [file for file in _files(path) if file.name != mapping.segments.get("file")]
    if not files:
        raise FormatError(f"{path}: expected a .csv or .tsv file, got none. Check the path.")
    segments = read_segments(segments_file, mapping) if segments_file else None
    plan = _Plan(path, mapping, layout, units, options, segments=segments)
    plan.class_names = mapping.class_names or _class_names(files, plan)
    report = ConversionReport(source=source_name(path), format="table")
    parse = partial(_clips, plan=plan)
    return Reading(
        clips=_told(read_each(files, parse, root=path, report=report), plan, report),
        num_clips=sum(len(own) for own in (_segments_of(file, plan) for file in files)),
        class_names=plan.class_names,
        report=report,
    )


@dataclass
class _Plan:
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


def _has_header(file: Path) -> bool:
    rows = first_cells(file, 2)
    if len(rows) < 2 or len(rows[0]) < MIN_COLUMNS or len(rows[0]) != len(rows[1]):
        return False
    words = sum(not _is_number(cell) for cell in rows[0])
    return words == len(rows[0]) and sum(_is_number(cell) for cell in rows[1]) >= 2


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip() == ""
    return True


def _files(path: Path) -> list[Path]:
    return sorted(file for ending in ENDINGS for file in find_files(path, f"*{ending}"))


def _segments_of(file: Path, plan: _Plan) -> list[Segment | None]:
    """List the segments of a file; itself as a whole where no segments are given."""
    if plan.segments is None:
        return [None]
    for name in (file.name, file.stem):
        if name in plan.segments:
            plan.met.add(name)
            return list(plan.segments[name])
    return []


def _class_names(files: list[Path], plan: _Plan) -> tuple[str, ...]:
    """Gather the words for classes from segments, columns and names, sorted."""
    words: set[str] = set()
    for file in files:
        try:
            if plan.mapping.label is not None:
                words.update(_label_words(file, plan.mapping))
            words.update(s.label for s in _segments_of(file, plan) if s and s.label)
            named = facts_of_name(clip_name(file, plan.root), plan.mapping)
            words.update([named["label"]] if named.get("label") else [])
        except FormatError:
            continue  # told when the file is read
    plan.met.clear()
    return tuple(sorted(words - {""}))


def _label_words(file: Path, mapping: TableMapping) -> set[str]:
    assert mapping.label is not None
    return set(Table(file, mapping.delimiter).read([], [mapping.label]).words[mapping.label])


def _told(clips: Iterator[Clip], plan: _Plan, report: ConversionReport) -> Iterator[Clip]:
    """Hand clips on; say in the end which segments belong to no file."""
    yield from clips
    left = set(plan.segments or ()) - plan.met
    if left:
        report.note(f"{len(left)} recordings of the file of segments are not in the source")


def _clips(file: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    mapping = plan.mapping
    segments = _segments_of(file, plan)
    if not segments:
        report.dropped[clip_name(file, plan.root)] = "the file of segments does not name it"
        return
    table = Table(file, mapping.delimiter or find_delimiter(_first_line(file)))
    columns = find_columns(table, mapping, plan.layout)
    timed = mapping.time or mapping.frame
    words = [column for column in (mapping.body, mapping.clip, mapping.label) if column]
    words += [column for fact in FACTS if (column := getattr(mapping, fact))]
    rows = table.read([*columns.names, *([timed] if timed else [])], list(dict.fromkeys(words)))
    points = joints_of(rows, columns)
    faults = confidence_faults(points, columns, rows, file)
    if faults:
        raise FormatError(list_faults(faults))
    clock = times_of(rows.numbers[:, -1], mapping, rows, file) if timed else None
    _set_fps(clock, plan, report)
    found = _Table(file, table, rows, points, columns, clock)
    for name, chosen, label in _parts(found, segments, plan):
        yield _clip(found, name, chosen, label, plan, report)


@dataclass(frozen=True, eq=False)
class _Table:
    """A file that was read."""

    file: Path
    table: Table
    rows: Rows
    points: np.ndarray
    columns: Columns
    clock: np.ndarray | None


def _first_line(file: Path) -> str:
    rows = first_cells(file, 1, delimiter="\x1f")
    return rows[0][0] if rows and rows[0] else ""


def _set_fps(clock: np.ndarray | None, plan: _Plan, report: ConversionReport) -> None:
    """Take the frame rate from the times of the first file, where none is given."""
    if clock is None or plan.mapping.time is None or len(clock) < 2:
        return
    steps = np.diff(clock)
    steps = steps[steps > 0]
    if not len(steps):
        return
    usual = float(np.median(steps))
    if plan.fps is None:
        plan.fps = round(1 / usual, 3) or None
        report.note(f"frame rate {plan.fps} from the middle step of '{plan.mapping.time}'")
    if plan.fps and not 0.95 < usual * plan.fps < 1.05:
        report.note(f"some files have another frame rate than {plan.fps}: not resampled")
    if steps.max() > 1.5 * usual:
        report.note("times of rows are uneven: frames are kept as they are, not resampled")


def _parts(
    found: _Table, segments: list[Segment | None], plan: _Plan
) -> Iterator[tuple[str, np.ndarray, str | None]]:
    """Cut a table into clips: name, rows, and the word for the class where a segment has it."""
    name = clip_name(found.file, plan.root)
    everything = np.arange(len(found.rows.lines))
    if segments != [None]:
        times = _seconds(found, plan)
        for number, segment in enumerate(segments):
            assert segment is not None
            part = name if len(segments) == 1 else f"{name}_{number:03d}"
            yield part, segment.rows(times), segment.label
    elif plan.mapping.clip is not None:
        words = np.array(found.rows.words[plan.mapping.clip])
        for word in dict.fromkeys(words.tolist()):
            yield f"{name}/{word}" if word else name, np.flatnonzero(words == word), None
    elif plan.mapping.label is not None:
        words = np.array(found.rows.words[plan.mapping.label])
        starts = np.flatnonzero(np.r_[True, words[1:] != words[:-1]])
        parts = np.split(everything, starts[1:])
        for number, part in enumerate(parts):
            yield name if len(parts) == 1 else f"{name}_{number:03d}", part, None
    else:
        yield name, everything, None


def _seconds(found: _Table, plan: _Plan) -> np.ndarray:
    if found.clock is not None and plan.mapping.time:
        return found.clock
    if plan.fps is None:
        raise FormatError(
            f"{plan.mapping.path}: expected 'time' or 'fps' to place the segments, got neither. "
            "Add one."
        )
    frames = found.clock if found.clock is not None else np.arange(len(found.rows.lines))
    return np.asarray(frames / plan.fps)


def _clip(
    found: _Table,
    name: str,
    chosen: np.ndarray,
    label: str | None,
    plan: _Plan,
    report: ConversionReport,
) -> Clip:
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
    numbers: dict[str, Any] = {fact: _whole(facts, fact, where) for fact in FACTS}
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
    found: _Table, chosen: np.ndarray, mapping: TableMapping, where: str
) -> dict[str, str]:
    """Take the facts of a clip from its columns, which must not change within it."""
    facts = {}
    for fact in ("label", *FACTS):
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
    found: _Table, chosen: np.ndarray, plan: _Plan, where: str, report: ConversionReport
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


def _sides(words: list[str], plan: _Plan, where: str) -> np.ndarray:
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
