"""MSR-Action3D: text files, 20 rows a frame, called a01_s01_e01_skeleton3D.txt.

A row is x y z confidence in metres (Kinect: x to the person's right, y up, z away). A frame
whose rows are all zero is a frame in which nobody was found. A confidence of 0 does not mean
missing: joints are often well placed there. The name says action, subject and repetition
(Li, Zhang and Liu 2010, "Action recognition based on a bag of 3D points", CVPR workshops).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet, class_of, numbers_in
from skelgraph.data.formats.sets.kinect import drop_origin, tidy_scores
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout

CLASS_NAMES = (
    *("high arm wave", "horizontal arm wave", "hammer", "hand catch", "forward punch"),
    *("high throw", "draw x", "draw tick", "draw circle", "hand clap"),
    *("two hand wave", "side boxing", "bend", "forward kick", "side kick"),
    *("jogging", "tennis swing", "tennis serve", "golf swing", "pick up and throw"),
)
JOINTS = 20
FPS = 15.0
FARTHEST = 20.0  # metres; the set's files of screen coordinates hold hundreds

FILES = FileSet(
    format="msr_action3d",
    layout="msr_action3d",
    pattern="*.txt",
    name=re.compile(r"a(?P<action>\d+)_s(?P<subject>\d+)_e(?P<repetition>\d+).*\.txt", re.I),
    example="a01_s01_e01_skeleton3D.txt",
    fits=lambda file: len(first_row(file)) == 4,
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and rows of four numbers."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of MSR-Action3D.

    Raises:
        FormatError: If there is no such file.
    """
    return FILES.open_singles(path, _clip, options=options, class_names=CLASS_NAMES)


def _clip(file: Path, name: str, options: ReadOptions, report: ConversionReport) -> Clip:
    rows = read_rows(file, columns=4)
    if len(rows) % JOINTS:
        raise FormatError(
            f"{file}, frame {len(rows) // JOINTS + 1}: expected {JOINTS} rows, got "
            f"{len(rows) % JOINTS}. The file is cut off or lost a row: copy it again."
        )
    _check_metres(file, rows)
    values = to_float32(rows).reshape(-1, JOINTS, 4)
    points = drop_origin(values[..., :3].copy(), report)
    who = numbers_in(FILES.name, file)
    return Clip(
        keypoints=points[:, None],
        layout=load_layout(FILES.layout),
        name=name,
        confidence=tidy_scores(values[..., 3], points)[:, None],
        fps=options.fps or FPS,
        label=class_of(who.get("action"), CLASS_NAMES, file, report),
        subject=who.get("subject", -1),
        repetition=who.get("repetition", -1),
        source=name,
    )


def _check_metres(file: Path, rows: np.ndarray) -> None:
    seen = np.abs(rows[:, :2])[np.isfinite(rows[:, :2])]
    middle = float(np.median(seen)) if seen.size else 0.0
    if middle > FARTHEST:
        raise FormatError(
            f"{file}: expected metres, got coordinates around {middle:.0f}: these are the set's "
            "screen coordinates. Take its files that end in _skeleton3D.txt."
        )
