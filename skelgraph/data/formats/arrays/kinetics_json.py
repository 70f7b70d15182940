"""Kinetics-skeleton as ST-GCN published it: one JSON file a video, in a folder or alone.

`data` is a list of frames with `frame_index` and `skeleton`, a list of bodies with `pose` (18
times x, y) and `score` (18), from OpenPose with its COCO model; `label` and `label_index` name
the class. x and y are fractions of a picture of 340 x 256 at 30 frames a second (the set's own
preparation): the size is not in the file and must be given before fractions can be used.

Bodies are not followed over time in the files. Of a frame's bodies the two with the highest
mean score are kept, each in the slot whose body was nearest to it before.

Folders called NAME_train and NAME_val give the column `split`; NAME_label.json, in the folder or
beside it, gives labels to files that have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.formats.arrays.kinetics_frames import LAYOUT, Poses, load
from skelgraph.data.formats.arrays.kinetics_labels import find_labels, peek
from skelgraph.data.formats.arrays.published_parts import part_columns, parts_of
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_parallel
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout

UNITS = "image fraction"
FPS = 30.0
LOOK = 2**16
FILES_LOOKED_AT = 5
LABELS = "_label.json"


def recognises(path: Path) -> bool:
    """Tell whether a .json file, or one of a folder's first five, has frames of skeletons."""
    if path.is_file():
        return _has_frames(path)
    few = first_files(path, "*.json", 2 * FILES_LOOKED_AT)
    videos = [file for file in few if not file.name.lower().endswith(LABELS)]
    return any(_has_frames(file) for file in videos[:FILES_LOOKED_AT])


def _has_frames(file: Path) -> bool:
    if file.suffix.lower() != ".json":
        return False
    try:
        with file.open("rb") as opened:
            start = opened.read(LOOK)
    except OSError:
        return False
    return all(key in start for key in (b'"data"', b'"frame_index"', b'"skeleton"'))


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of Kinetics-skeleton.

    Raises:
        FormatError: If there is no such file, its layout is another, or labels contradict.
    """
    _check(path, options)
    files = [file for file in find_files(path, "*.json") if not file.name.lower().endswith(LABELS)]
    if not files:
        raise FormatError(f"{path}: expected at least one .json file, got none. Check the path.")
    report = ConversionReport(source=source_name(path), format="kinetics_json")
    report.note("positions are fractions of the picture; bodies followed by nearness, two kept")
    if not options.fps:
        report.note("30 frames a second taken, the rate that the set was made at")
    labels, names = find_labels(path, {file: peek(file) for file in files})
    columns = part_columns(_split(files, path), report)
    facts = _Facts(load_layout(LAYOUT), options, labels, columns)
    return Reading(
        clips=read_parallel(files, load, partial(_clips, path, facts), root=path, report=report),
        num_clips=len(files),
        class_names=names,
        report=report,
    )


@dataclass(frozen=True, eq=False)
class _Facts:
    layout: Layout
    options: ReadOptions
    labels: dict[Path, int | None]
    columns: dict[str, dict[str, str]]


def _clips(
    root: Path, facts: _Facts, file: Path, poses: Poses, report: ConversionReport
) -> Iterator[Clip]:
    report.repaired.update(poses.counts)
    name = clip_name(file, root)
    yield Clip(
        keypoints=poses.position,
        layout=facts.layout,
        name=name,
        confidence=poses.score,
        units=UNITS,
        axes=IMAGE_AXES[:2],
        fps=facts.options.fps or FPS,
        label=facts.labels[file],
        width=facts.options.width,
        height=facts.options.height,
        source=name,
        extra=parts_of(name, facts.columns),
    )


def _check(path: Path, options: ReadOptions) -> None:
    for what, asked, known in (
        ("layout", options.layout, LAYOUT),
        ("units", options.units, UNITS),
    ):
        if asked not in (None, known):
            raise FormatError(
                f"{path}: expected {what} '{known}', which Kinetics-skeleton has, got '{asked}'. "
                "Leave it out."
            )


def _split(files: list[Path], root: Path) -> dict[str, list[str]]:
    split: dict[str, list[str]] = {}
    for file in files:
        part = file.parent.name.rpartition("_")[2]
        if part in ("train", "val", "test"):
            split.setdefault(part, []).append(clip_name(file, root))
    return split
