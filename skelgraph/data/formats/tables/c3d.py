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
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import first_files, read_each
from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.tables.described_points import (
    PointPlan,
    make_clip,
    plan_points,
    take_joints,
)
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError

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
    plan = plan_points(path, ending=".c3d", what="marker", options=options)
    plan.mapping.check_no_scale()
    report = ConversionReport(source=source_name(path), format="c3d")
    return Reading(
        clips=read_each(plan.files, partial(_clips, plan=plan), root=path, report=report),
        num_clips=len(plan.files),
        class_names=plan.class_names,
        report=report,
    )


def _clips(file: Path, report: ConversionReport, *, plan: PointPlan) -> Iterator[Clip]:
    _check_header(file)
    content = _run(file)
    units, scale = _units(file, content, plan, report)
    points, residuals = content["points"].transpose(2, 1, 0), content["residuals"].T
    seen = np.where((residuals < 0)[..., None], np.nan, points)
    labels = [str(label).strip() for label in content["labels"]][: points.shape[1]]
    joints = take_joints(file, seen, labels, plan) * np.float32(scale)
    rate = float(content["rate"][0]) if len(content["rate"]) else 0.0
    fps = rate if 0 < rate < 1e6 else None
    yield make_clip(file, joints, plan, report, units=units, fps=fps)


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
    file: Path, content: dict[str, np.ndarray], plan: PointPlan, report: ConversionReport
) -> tuple[str, float]:
    """Find the unit: the user's, the file's, the mapping's; and what to multiply by.

    Centimetres of a file become metres also where the user asks for metres: they are no
    other word for the same numbers.
    """
    said = str(content["units"][0]).strip().lower() if len(content["units"]) else ""
    said = UNIT_NAMES.get(said, said)
    if said in SCALES and plan.options.units in (None, SCALES[said][0]):
        if said == "cm":
            report.note("centimetres are written as metres")
        return SCALES[said]
    given = plan.options.units or plan.mapping.units
    if said in SCALES:
        report.note(f"files that say '{said}' are read as {given}, as told; no number is changed")
    if given not in ("metre", "millimetre"):
        raise FormatError(
            f"{file}: expected the unit m, cm or mm in the file, got '{said}'. Give it: "
            "--units metre."
        )
    return str(given), 1.0
