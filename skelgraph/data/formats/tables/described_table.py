"""Tables with a header, CSV or TSV, whose columns a mapping file describes.

A row is a frame, or a body in a frame; a joint has columns x, y, maybe z, maybe confidence. The
mapping (see `TableMapping`) gives the layout, units, column names, time or frame rate, and where
the class, the subject and the like stand: in columns, in the files' names, or in a file of
segments that cuts recordings into clips. Columns that it does not name are lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_each
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tables.table_clips import (
    confidence_faults,
    find_columns,
    joints_of,
    times_of,
)
from skelgraph.data.formats.tables.table_making import OpenTable, Plan, make_clip
from skelgraph.data.formats.tables.table_mapping import TableMapping, load_mapping
from skelgraph.data.formats.tables.table_names import (
    Segment,
    facts_of_name,
    find_segments_file,
    read_segments,
)
from skelgraph.data.formats.tables.table_rows import Table, find_delimiter, first_cells
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults

ENDINGS = (".csv", ".tsv")
MIN_COLUMNS = 5


def recognises(path: Path) -> bool:
    """Tell whether this is a CSV or TSV file, or a folder of them, with a header of names."""
    try:
        if path.is_file():
            return path.suffix.lower() in ENDINGS and _has_header(path)
        few = [file for ending in ENDINGS for file in first_files(path, f"*{ending}")]
        return any(_has_header(file) for file in few)
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a table or a folder of tables that `options.mapping` describes.

    Raises:
        FormatError: If there is no mapping, or it or the table is faulty.
    """
    mapping = load_mapping(options.mapping, what="columns", source=path)
    mapping.check_layout(options.layout)
    mapping.check_no_scale()
    layout = mapping.load_layout()
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
    plan = Plan(path, mapping, layout, units, options, segments=segments)
    plan.class_names = mapping.class_names or _class_names(files, plan)
    report = ConversionReport(source=source_name(path), format="table")
    parse = partial(_clips, plan=plan)
    return Reading(
        clips=_told(read_each(files, parse, root=path, report=report), plan, report),
        num_clips=sum(len(own) for own in (_segments_of(file, plan) for file in files)),
        class_names=plan.class_names,
        report=report,
    )


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


def _segments_of(file: Path, plan: Plan) -> list[Segment | None]:
    """List the segments of a file; itself as a whole where no segments are given."""
    if plan.segments is None:
        return [None]
    for name in (file.name, file.stem):
        if name in plan.segments:
            plan.met.add(name)
            return list(plan.segments[name])
    return []


def _class_names(files: list[Path], plan: Plan) -> tuple[str, ...]:
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


def _told(clips: Iterator[Clip], plan: Plan, report: ConversionReport) -> Iterator[Clip]:
    """Hand clips on; say in the end which segments belong to no file."""
    yield from clips
    left = set(plan.segments or ()) - plan.met
    if left:
        report.note(f"{len(left)} recordings of the file of segments are not in the source")


def _clips(file: Path, report: ConversionReport, *, plan: Plan) -> Iterator[Clip]:
    mapping = plan.mapping
    segments = _segments_of(file, plan)
    if not segments:
        report.dropped[clip_name(file, plan.root)] = "the file of segments does not name it"
        return
    table = Table(file, mapping.delimiter or find_delimiter(_first_line(file)))
    columns = find_columns(table, mapping, plan.layout)
    timed = mapping.time or mapping.frame
    words = [column for column in (mapping.body, mapping.clip, mapping.label) if column]
    words += [column for fact in CLIP_NUMBERS if (column := getattr(mapping, fact))]
    rows = table.read([*columns.names, *([timed] if timed else [])], list(dict.fromkeys(words)))
    points = joints_of(rows, columns)
    faults = confidence_faults(points, columns, rows, file)
    if faults:
        raise FormatError(list_faults(faults))
    clock = times_of(rows.numbers[:, -1], mapping, rows, file) if timed else None
    _set_fps(clock, plan, report)
    found = OpenTable(file, table, rows, points, columns, clock)
    for name, chosen, label in _parts(found, segments, plan):
        yield make_clip(found, name, chosen, label, plan, report)


def _first_line(file: Path) -> str:
    rows = first_cells(file, 1, delimiter="\x1f")
    return rows[0][0] if rows and rows[0] else ""


def _set_fps(clock: np.ndarray | None, plan: Plan, report: ConversionReport) -> None:
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
    found: OpenTable, segments: list[Segment | None], plan: Plan
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
        for word in dict.fromkeys(found.rows.words[plan.mapping.clip]):
            yield f"{name}/{word}" if word else name, np.flatnonzero(words == word), None
    elif plan.mapping.label is not None:
        words = np.array(found.rows.words[plan.mapping.label])
        starts = np.flatnonzero(np.r_[True, words[1:] != words[:-1]])
        parts = np.split(everything, starts[1:])
        for number, run in enumerate(parts):
            yield name if len(parts) == 1 else f"{name}_{number:03d}", run, None
    else:
        yield name, everything, None


def _seconds(found: OpenTable, plan: Plan) -> np.ndarray:
    if found.clock is not None and plan.mapping.time:
        return found.clock
    if plan.fps is None:
        raise FormatError(
            f"{plan.mapping.path}: expected 'time' or 'fps' to place the segments, got neither. "
            "Add one."
        )
    frames = found.clock if found.clock is not None else np.arange(len(found.rows.lines))
    return np.asarray(frames / plan.fps)
