"""MADS: MATLAB files called Kata_P3_GT.mat, whose GTpose2 has a cell a frame, 19 x 3.

Motion capture in millimetres, y up; NaN where a joint was not seen. Files of the multi-view
part may have 15 joints a frame, without feet and hands, which are then missing. The class is
what stands before the first _ in the name. Who performs and the frame rate are not in the
files; nor is where x and z point: they are taken as right and away (Zhang et al. 2017, "Martial
arts, dancing and sports dataset", Image and Vision Computing 61).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.mat_file import has_variable, read_variable
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.kinect import place_joints
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError, list_faults
from skelgraph.graphs import load_layout

VARIABLE = "GTpose2"
UNITS = "millimetre"

FILES = FileSet(
    format="mads",
    layout="mads",
    pattern="*.mat",
    name=re.compile(r"(?P<kind>[^_]+)_.*GT.*\.mat", re.I),
    example="Kata_P3_GT.mat",
    fits=lambda file: has_variable(file, VARIABLE),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and hold GTpose2."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of MADS.

    Raises:
        FormatError: If there is no such file.
    """
    files = FILES.files(path, ConversionReport(source="", format=FILES.format))
    kinds = tuple(sorted({kind for file in files if (kind := _kind(file))}))
    read_one = partial(_clip, kinds=kinds)
    return FILES.open_singles(path, read_one, options=options, class_names=kinds)


def _kind(file: Path) -> str:
    match = FILES.name.fullmatch(file.name)
    return match["kind"] if match else ""


def _clip(
    file: Path, name: str, options: ReadOptions, report: ConversionReport, *, kinds: tuple[str, ...]
) -> Clip:
    report.note("where x and z point is not in the files: taken as right and away")
    kind = _kind(file)
    return Clip(
        keypoints=_positions(file, report)[:, None],
        layout=load_layout(FILES.layout),
        name=name,
        units=options.units or UNITS,
        fps=options.fps,
        label=kinds.index(kind) if kind else None,
        source=name,
    )


def _positions(file: Path, report: ConversionReport) -> np.ndarray:
    """Read positions, float32 (T, 19, 3)."""
    layout = load_layout(FILES.layout)
    short = [joint for joint in layout.joints if not joint.endswith(("_foot", "_hand"))]
    cells = read_variable(file, VARIABLE)
    if cells.dtype != object or cells.ndim != 2 or 1 not in cells.shape:
        raise FormatError(
            f"{file}: expected {VARIABLE} with a cell a frame, got {cells.dtype} {cells.shape}. "
            "Check that the file is one of MADS' ground truths."
        )
    frames = list(cells.ravel())
    counts = Counter(len(frame) for frame in frames if frame.size) or Counter({19: 1})
    names = {19: list(layout.joints), 15: short}.get(counts.most_common(1)[0][0], [])
    faults = [
        f"{file}, frame {number}: expected {len(names) or '15 or 19'} x 3 numbers, got "
        f"{frame.dtype} {frame.shape}. Copy the file again."
        for number, frame in enumerate(frames, start=1)
        if frame.size and (frame.shape != (len(names), 3) or frame.dtype.kind not in "fiu")
    ]
    if faults:
        raise FormatError(list_faults(faults))
    if len(names) < layout.num_joints:
        report.note("15 joints a frame: feet and hands are missing")
    empty = np.full((len(names), 3), np.nan)
    points = [frame if frame.size else empty for frame in frames]
    stacked = np.array(points, dtype=np.float64).reshape(-1, len(names), 3)
    return place_joints(to_float32(stacked), names, layout)
