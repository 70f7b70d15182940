"""Florence 3D Actions: one text file, Florence_dataset_WorldCoordinates.txt.

A row is video, actor, category (1 to 9) and 15 x (x, y, z): head, neck, spine; left shoulder,
elbow, wrist; right ones; left hip, knee, ankle; right ones. Rows of one video follow each other
and make a clip. Kinect; coordinates are read as millimetres unless --units says otherwise, and
their axes as x to the person's right, y up, z away: the set's description names neither. It
gives no frame rate (Seidenari et al. 2013, "Recognizing actions from depth cameras as weakly
aligned multi-part bag-of-poses", CVPR workshops).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name
from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.kinect import drop_origin
from skelgraph.data.report import ConversionReport
from skelgraph.errors import Faults, FormatError, list_faults
from skelgraph.graphs import load_layout

CLASS_NAMES = (
    *("wave", "drink from a bottle", "answer phone", "clap", "tight lace", "sit down"),
    *("stand up", "read watch", "bow"),
)
FACTS = 3
COLUMNS = FACTS + 45
UNITS = "millimetre"

FILES = FileSet(
    format="florence3d",
    layout="florence3d",
    pattern="*.txt",
    name=re.compile(r".*florence.*world.*\.txt", re.I),
    example="Florence_dataset_WorldCoordinates.txt",
    fits=lambda file: len(first_row(file)) == COLUMNS,
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or a file in a folder, has the set's name and rows of 48 numbers."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open the file of Florence 3D Actions, or the folder with it.

    Raises:
        FormatError: If there is no such file, or it is damaged.
    """

    def parse(file: Path, report: ConversionReport) -> Iterator[Clip]:
        report.note("axes are not in the set's description: taken as right, up, away")
        if options.units is None:
            report.note("units are not in the set's description: taken as millimetres")
        return _clips(file, clip_name(file, path), options, report)

    return FILES.open(path, parse, options=options, class_names=CLASS_NAMES)


def _clips(file: Path, stem: str, options: ReadOptions, report: ConversionReport) -> Iterator[Clip]:
    rows = read_rows(file, columns=COLUMNS, comment="%")
    videos = rows[:, 0]
    starts = np.flatnonzero(np.append(True, videos[1:] != videos[:-1]))
    parts = np.split(rows, starts[1:])
    faults = _faults(file, parts, [*starts.tolist()])
    if faults:
        raise FormatError(list_faults(faults))
    for part in parts:
        video, actor, category = (int(value) for value in part[0, :FACTS])
        points = to_float32(part[:, FACTS:]).reshape(-1, 15, 3)
        yield Clip(
            keypoints=drop_origin(points, report)[:, None],
            layout=load_layout(FILES.layout),
            name=f"{stem}_{video:03d}",
            units=options.units or UNITS,
            fps=options.fps,
            label=category - 1,
            subject=actor,
            source=f"{stem}_{video:03d}",
        )


def _faults(file: Path, parts: list[np.ndarray], starts: list[int]) -> list[str]:
    faults = Faults()
    seen: set[float] = set()
    for part, start in zip(parts, starts, strict=True):
        facts = part[:, :FACTS]
        where = f"{file}, row {start + 1}:"
        if not (np.isfinite(facts) & (facts == np.round(facts)) & (np.abs(facts) < 1e6)).all():
            faults.append(
                f"{where} expected whole numbers of video, actor, category, got "
                f"{', '.join(f'{fact:g}' for fact in facts[0])}. Correct the rows of this video."
            )
            continue
        video, _, category = facts[0]
        if (facts != facts[0]).any():
            faults.append(
                f"{where} expected one actor and category in video {video:.0f}, got several. "
                "Correct them."
            )
        if not 1 <= category <= len(CLASS_NAMES):
            faults.append(
                f"{where} expected a category from 1 to 9, got {category:.0f}. Correct it."
            )
        if video in seen:
            faults.append(
                f"{where} expected the rows of video {video:.0f} together, got them apart. "
                "Put them in order."
            )
        seen.add(video)
    return faults
