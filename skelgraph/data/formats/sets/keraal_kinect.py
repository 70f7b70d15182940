"""Keraal, Kinect part: text files of 175 numbers a row, 25 x (x, y, z, quaternion).

A row a frame; Kinect v2, metres, x to the person's right, y up, z away; the SDK's joint order.
Positions are read, orientations are not. There is no tracking state. The frame rate is not in
the files. File names say group, exercise, participant, trial and judgement, see
`keraal_names` (Blanchard et al. 2022, "Keraal dataset", keraal.enstb.org, whose readme gives
this form).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.keraal_names import NAMED, KeraalNames, further_facts, repetition
from skelgraph.data.formats.sets.kinect import KINECT_V2_SDK, drop_origin, place_joints, v2_layout
from skelgraph.data.report import ConversionReport

EACH = 7  # position and quaternion
COLUMNS = EACH * len(KINECT_V2_SDK)

FILES = FileSet(
    format="keraal_kinect",
    layout="kinect_v2",
    pattern="*.txt",
    name=NAMED,
    example="G3-Kinect-CTK-P1T1-Unknown-C-0.txt",
    fits=lambda file: len(first_row(file)) == COLUMNS,
    beside=frozenset({"readme_files_format.txt"}),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and rows of 175 numbers."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of Keraal's Kinect recordings.

    Raises:
        FormatError: If there is no such file.
    """
    names = KeraalNames.of(FILES.files(path, ConversionReport(source="", format="")))
    read_one = partial(_clip, names=names)
    return FILES.open_singles(path, read_one, options=options, class_names=names.exercises)


def _clip(
    file: Path, name: str, options: ReadOptions, report: ConversionReport, *, names: KeraalNames
) -> Clip:
    rows = read_rows(file, columns=COLUMNS).reshape(-1, len(KINECT_V2_SDK), EACH)
    points = drop_origin(to_float32(rows[..., :3]), report)
    report.note("joint orientations (quaternions) are not kept")
    layout, joints = v2_layout()
    return Clip(
        keypoints=place_joints(points, joints, layout)[:, None],
        layout=layout,
        name=name,
        fps=options.fps,
        label=names.label(file),
        subject=names.subject(file),
        repetition=repetition(file),
        source=name,
        extra=further_facts(file),
    )
