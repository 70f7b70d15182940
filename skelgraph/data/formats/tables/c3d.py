"""C3D files of marker systems, read through the package ezc3d, markers mapped by a mapping file.

Labelled markers in 3-D with a residual, negative where a marker was not seen. The mapping (see
`TableMapping`) gives layout and axes, and under `joints` the marker of each joint, or several
whose mean it is. Unit and frame rate are the file's. ezc3d runs in a process of its own with
bounded memory and time, because damaged files can crash it. Lost: other markers, analog channels,
force plates, events.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import CLIP_NUMBERS, Clip
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_each
from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tables.table_mapping import AT_ORIGIN, TableMapping, load_mapping
from skelgraph.data.formats.tables.table_names import facts_of_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import Layout

MAGIC = 0x50
SECONDS = 90
SCALES = {"m": ("metre", 1.0), "mm": ("millimetre", 1.0), "cm": ("metre", 0.01)}
UNIT_NAMES = {"metre": "m", "meter": "m", "millimetre": "mm", "millimeter": "mm", "meters": "m"}


def recognises(path: Path) -> bool:
    """Tell whether this is a file that ends in .c3d, or a folder with such files."""
    try:
        if path.is_file():
            return path.suffix.lower() == ".c3d"
        return bool(first_files(path, "*.c3d", 1))
    except OSError:
        return False


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a C3D file or a folder of them.

    Raises:
        FormatError: If there is no mapping, or nothing can be read.
        MissingExtraError: If ezc3d is not installed.
    """
    need("ezc3d", package="ezc3d", what="reading .c3d files")
    mapping = load_mapping(options.mapping, what="markers", source=path)
    if mapping.axes is None or len(mapping.axes) != 3:
        raise FormatError(
            f"{mapping.path}: expected 'axes', where x, y and z of the laboratory point, got "
            f"{mapping.axes}. Write for instance axes: [right, away, up]."
        )
    files = find_files(path, "*.c3d")
    if not files:
        raise FormatError(f"{path}: expected a .c3d file, got none. Check the path.")
    layout = mapping.load_layout()
    markers = _markers(mapping, layout)
    names = mapping.class_names or _class_names(files, path, mapping)
    report = ConversionReport(source=source_name(path), format="c3d")
    plan = _Plan(path, mapping, layout, markers, options, names)
    return Reading(
        clips=read_each(files, partial(_clips, plan=plan), root=path, report=report),
        num_clips=len(files),
        class_names=names,
        report=report,
    )


@dataclass(frozen=True)
class _Plan:
    """What holds for all files."""

    root: Path
    mapping: TableMapping
    layout: Layout
    markers: dict[str, list[str]]
    options: ReadOptions
    class_names: tuple[str, ...]


def _markers(mapping: TableMapping, layout: Layout) -> dict[str, list[str]]:
    """List the markers of each joint."""
    faults = [
        f"{mapping.path}: expected joints of '{layout.name}', got '{joint}'. Correct it."
        for joint in (*mapping.joints, *mapping.absent)
        if joint not in layout.joints
    ]
    found: dict[str, list[str]] = {}
    for joint in layout.joints:
        given: Any = mapping.joints.get(joint, joint)
        if joint in mapping.absent:
            continue
        if isinstance(given, dict) or given == []:
            faults.append(
                f"{mapping.path}, {joint}: expected a marker or several, got {given}. Name them."
            )
            continue
        found[joint] = [given] if isinstance(given, str) else list(given)
    if faults or not found:
        raise FormatError(list_faults(faults) or f"{mapping.path}: expected joints, got none.")
    return found


def _class_names(files: list[Path], root: Path, mapping: TableMapping) -> tuple[str, ...]:
    words = set()
    for file in files:
        try:
            words.add(facts_of_name(clip_name(file, root), mapping).get("label") or "")
        except FormatError:
            continue  # told when the file is read
    return tuple(sorted(words - {""}))


def _clips(file: Path, report: ConversionReport, *, plan: _Plan) -> Iterator[Clip]:
    _check_header(file)
    content = _run(file)
    units, scale = _units(file, content, plan, report)
    labels = [str(label).strip() for label in content["labels"]]
    points, lost = _joints(file, content, labels, plan)
    if plan.mapping.missing and AT_ORIGIN in plan.mapping.missing:
        zero = (points == 0).all(axis=-1)
        report.repaired["joints at the origin -> missing"] += int(zero.sum())
        lost |= zero
    points[lost] = np.nan
    rate = float(content["rate"][0]) if len(content["rate"]) else 0.0
    facts = facts_of_name(clip_name(file, plan.root), plan.mapping)
    word = facts.get("label")
    label = None if word is None else plan.mapping.classes.get(word, word)
    if label is not None and label not in plan.class_names:
        raise FormatError(
            f"{file}: expected a class of {', '.join(plan.class_names[:10])}, got '{label}'. "
            "Add it to 'classes' in the mapping."
        )
    numbers: dict[str, Any] = {fact: int(facts[fact]) for fact in CLIP_NUMBERS if fact in facts}
    yield Clip(
        keypoints=points[:, None] * np.float32(scale),
        layout=plan.layout,
        name=clip_name(file, plan.root),
        units=units,
        axes=plan.mapping.axes or (),
        fps=plan.options.fps or plan.mapping.fps or (rate if 0 < rate < 1e6 else None),
        label=None if label is None else plan.class_names.index(label),
        source=f"{source_name(plan.root)}/{clip_name(file, plan.root)}",
        **numbers,
    )


def _check_header(file: Path) -> None:
    """Hold the counts of the header against the size of the file."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise FormatError(
            f"{file}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error
    if len(head) < 512 or head[1] != MAGIC or size < 1024:
        raise FormatError(
            f"{file}: expected a C3D file, got {size} bytes that begin otherwise. Copy it again."
        )


def _run(file: Path) -> dict[str, np.ndarray]:
    """Read a file in a process of its own.

    Raises:
        FormatError: If ezc3d refuses it, crashes on it or does not come to an end.
    """
    child = Path(__file__).with_name("c3d_child.py")
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(child), str(file.resolve())],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode == 0:
            with np.load(io.BytesIO(done.stdout), allow_pickle=False) as content:
                return {key: content[key] for key in content.files}
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        reason = said[-1] if said else f"a crash of ezc3d ({done.returncode})"
    except subprocess.TimeoutExpired:
        reason = f"no end after {SECONDS} seconds"
    except (ValueError, OSError, EOFError) as error:
        reason = str(error)
    raise FormatError(
        f"{file}: expected a whole C3D file, got '{reason[:200]}'. Copy or export it again."
    )


def _units(
    file: Path, content: dict[str, np.ndarray], plan: _Plan, report: ConversionReport
) -> tuple[str, float]:
    """Find the unit: the user's, the file's, the mapping's; and what to multiply by."""
    said = str(content["units"][0]).strip().lower() if len(content["units"]) else ""
    said = UNIT_NAMES.get(said, said)
    if plan.options.units is None and said in SCALES:
        if said == "cm":
            report.note("centimetres are written as metres")
        return SCALES[said]
    given = plan.options.units or plan.mapping.units
    if given not in ("metre", "millimetre"):
        raise FormatError(
            f"{file}: expected the unit m, cm or mm in the file, got '{said}'. Give it: "
            "--units metre."
        )
    return str(given), 1.0


def _joints(
    file: Path, content: dict[str, np.ndarray], labels: list[str], plan: _Plan
) -> tuple[np.ndarray, np.ndarray]:
    """Take each joint's markers or their mean, (T, V, 3), and which are not seen, (T, V)."""
    points, residuals = content["points"].transpose(2, 1, 0), content["residuals"].T
    labels = labels[: points.shape[1]]
    frames = len(points)
    found = np.full((frames, plan.layout.num_joints, 3), np.nan, np.float32)
    faults = []
    for joint, markers in plan.markers.items():
        places = [_place(marker, labels) for marker in markers]
        faults += [
            f"{file}: expected the marker '{marker}' of '{joint}' once, got "
            f"{', '.join(labels[:8]) or 'none'} ... Correct the mapping or list it as absent."
            for marker, place in zip(markers, places, strict=True)
            if place is None
        ]
        if None in places:
            continue
        own = [place for place in places if place is not None]
        seen = np.where((residuals[:, own] < 0)[..., None], np.nan, points[:, own])
        found[:, plan.layout.index(joint)] = seen.mean(axis=1)
    if faults:
        raise FormatError(list_faults(faults))
    return found, np.asarray(np.isnan(found).any(axis=-1))


def _place(marker: str, labels: list[str]) -> int | None:
    """Find a marker by its label, or by what stands after a subject's name and a colon."""
    for names in (labels, [label.rpartition(":")[2] for label in labels]):
        if names.count(marker) == 1:
            return names.index(marker)
    return None
