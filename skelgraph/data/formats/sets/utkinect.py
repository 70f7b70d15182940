"""UTKinect-Action3D: text files called joints_s01_e01.txt, and actionLabel.txt.

A row is a frame number and 20 x (x, y, z): Kinect v1, metres, x to the person's right, y up, z
away; joints in the order of the Kinect SDK 1.x. Only frames with a person were recorded, so
frame numbers jump, and a few frames stand there twice (the first is kept). Each recording holds
ten actions one after another, cut as actionLabel.txt says; without it a recording is one clip
without a label. The published frame rate is about 15 a second (Xia, Chen and Aggarwal 2012,
"View invariant human action recognition using histograms of 3D joints", CVPR workshops).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name, read_each
from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.formats.sets.file_set import FileSet, numbers_in
from skelgraph.data.formats.sets.kinect import (
    KINECT_V1_SDK,
    drop_origin,
    frames_in_order,
    order_faults,
    place_joints,
)
from skelgraph.data.formats.sets.utkinect_labels import (
    ACTIONS,
    NAME,
    Segment,
    find_labels,
    read_labels,
)
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout

CLASS_NAMES = tuple(ACTIONS.values())
COLUMNS = 1 + 3 * len(KINECT_V1_SDK)
FPS = 15.0

Labels = dict[tuple[int, int], list[Segment]]

FILES = FileSet(
    format="utkinect",
    layout="kinect_v1",
    pattern="*.txt",
    name=re.compile(r"joints_s(?P<subject>\d+)_e(?P<repetition>\d+)\.txt", re.I),
    example="joints_s01_e01.txt",
    fits=lambda file: len(first_row(file)) == COLUMNS,
    beside=frozenset({NAME.lower()}),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and rows of 61 numbers."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of UTKinect.

    Raises:
        FormatError: If there is no such file, or the label file is damaged.
    """
    FILES.check_layout(path, options)
    report = ConversionReport(source=source_name(path), format=FILES.format)
    files = FILES.files(path, report)
    found = find_labels(path)
    labels = read_labels(found) if found else {}
    if found is None:
        report.note(f"no {NAME} beside the recordings: each is one clip without a label")

    def parse(file: Path, report: ConversionReport) -> list[Clip]:
        return _clips(file, clip_name(file, path), labels, options, report)

    num_clips = sum(len(labels.get(_who(file), ())) or 1 for file in files)
    return Reading(
        read_each(files, parse, root=path, report=report), num_clips, CLASS_NAMES, report
    )


def _who(file: Path) -> tuple[int, int]:
    numbers = numbers_in(FILES.name, file)
    return numbers.get("subject", -1), numbers.get("repetition", -1)


def _clips(
    file: Path, name: str, labels: Labels, options: ReadOptions, report: ConversionReport
) -> list[Clip]:
    numbers, points = _recording(file, report)
    segments = labels.get(_who(file), [])
    if not segments:
        return [_clip(points, name, name, None, _who(file), options)]
    clips = []
    for place, segment in enumerate(segments):
        part = f"{name}/{place:02d}_{segment.action}"
        if segment.first is None or segment.last is None:
            report.dropped[part] = f"{NAME} gives no frames for it"
            continue
        inside = (numbers >= segment.first) & (numbers <= segment.last)
        label = list(ACTIONS).index(segment.action)
        clips.append(_clip(points[inside], part, name, label, _who(file), options))
    return clips


def _clip(
    points: np.ndarray,
    name: str,
    source: str,
    label: int | None,
    who: tuple[int, int],
    options: ReadOptions,
) -> Clip:
    return Clip(
        keypoints=points[:, None],
        layout=load_layout(FILES.layout),
        name=name,
        fps=options.fps or FPS,
        label=label,
        subject=who[0],
        repetition=who[1],
        source=source,
    )


def _recording(file: Path, report: ConversionReport) -> tuple[np.ndarray, np.ndarray]:
    """Read frame numbers (T,) and positions (T, 20, 3) in the layout's order."""
    rows = read_rows(file, columns=COLUMNS)
    keep, falls = frames_in_order(rows[:, 0], report)
    if falls:
        raise FormatError(order_faults(file, rows[:, 0], falls))
    points = to_float32(rows[keep, 1:]).reshape(-1, len(KINECT_V1_SDK), 3)
    layout = load_layout(FILES.layout)
    return rows[keep, 0], place_joints(drop_origin(points, report), KINECT_V1_SDK, layout)
