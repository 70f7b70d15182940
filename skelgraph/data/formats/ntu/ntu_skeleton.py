"""NTU RGB+D and NTU RGB+D 120: `.skeleton` text files, one a recording, in a folder or alone.

A file has the number of frames; for each frame the number of bodies; for each body a line of
ten values (its id first), the number of joints, 25, and a line of twelve values a joint: x y z in
metres, depth picture x y, colour picture x y, orientation w x y z, tracking state. Read are the
id, x y z and the tracking state (0 lost, 1 inferred, 2 tracked; kept as confidence 0, 0.5, 1);
the rest is lost. Kinect v2 records 30 frames a second.

SsssCcccPpppRrrrAaaa names setup, camera, subject, repetition and class. A list of recordings
with missing skeletons, as the data set's authors give it (a text file whose name ends in
`missing_skeletons.txt`, a recording's name a line), lying in the folder, is honoured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from skelgraph.data.clip import HOUSE_AXES, Clip
from skelgraph.data.formats.files import clip_name, find_files, first_files, read_parallel
from skelgraph.data.formats.ntu.ntu_bodies import MainBodies, main_bodies
from skelgraph.data.formats.ntu.ntu_names import class_names, full_name, parse_name
from skelgraph.data.formats.ntu.ntu_text import parse_skeleton
from skelgraph.data.formats.reading import Reading, ReadOptions, source_name
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import Layout, load_layout

LAYOUT = "kinect_v2"
FPS = 30.0
LISTS = "*missing_skeletons.txt"


def recognises(path: Path) -> bool:
    """Tell whether this is a `.skeleton` file or a folder with one in it or below."""
    if path.is_dir():
        return bool(first_files(path, "*.skeleton", 1))
    return path.suffix.lower() == ".skeleton" and path.is_file()


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a `.skeleton` file or a folder of them.

    Raises:
        FormatError: If there is no such file, or another layout or unit is asked for.
    """
    _check(path, options)
    report = ConversionReport(source=source_name(path), format="ntu_skeleton")
    files = _without_listed(path, find_files(path, "*.skeleton"), report)
    if not files:
        raise FormatError(
            f"{path}: expected at least one .skeleton file that is not listed as missing, got "
            "none. Check the path."
        )
    found = [parse_name(file.name) for file in files]
    labels = [name.label for name in found if name is not None]
    if len(labels) < len(files):
        report.note(f"{len(files) - len(labels)} names are not SsssCcccPpppRrrrAaaa: unlabelled")
    if not options.fps:
        report.note("30 frames a second taken, the rate of Kinect v2")
    report.note("of several bodies at most two kept: no short tracks, no furniture, most motion")
    make = partial(_clips, path, _Facts(load_layout(LAYOUT), options.fps or FPS))
    return Reading(
        clips=read_parallel(files, load, make, root=path, report=report),
        num_clips=len(files),
        class_names=class_names(max(labels)) if labels else (),
        report=report,
    )


def load(file: Path) -> MainBodies:
    """Load the main bodies of a file; runs in a process of its own where there are many.

    Raises:
        FormatError: If the file is damaged.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{file}: expected a readable file, got '{error.strerror}'. Check the path."
        ) from error
    return main_bodies(parse_skeleton(data, file))


@dataclass(frozen=True, eq=False)
class _Facts:
    layout: Layout
    fps: float


def _clips(
    root: Path, facts: _Facts, file: Path, bodies: MainBodies, report: ConversionReport
) -> Iterator[Clip]:
    report.repaired.update(bodies.counts)
    name = clip_name(file, root)
    said = parse_name(file.name)
    yield Clip(
        keypoints=bodies.position,
        layout=facts.layout,
        name=name,
        confidence=bodies.state * np.float32(0.5),
        units="metre",
        axes=HOUSE_AXES,
        fps=facts.fps,
        source=name,
        **({} if said is None else vars(said)),
    )


def _check(path: Path, options: ReadOptions) -> None:
    for what, asked, known in (
        ("layout", options.layout, LAYOUT),
        ("units", options.units, "metre"),
    ):
        if asked not in (None, known):
            raise FormatError(
                f"{path}: expected {what} '{known}', which .skeleton files have, got "
                f"'{asked}'. Leave it out."
            )


def _without_listed(path: Path, files: list[Path], report: ConversionReport) -> list[Path]:
    """Leave out what the lists beside the files name, and say how many."""
    listed: set[str] = set()
    lists = find_files(path, LISTS) if path.is_dir() else []
    for file in lists:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        listed |= {name for name in map(full_name, lines) if name is not None}
    kept = []
    for file in files:
        if listed and full_name(file.name) in listed:
            report.dropped[clip_name(file, path)] = "listed as missing skeletons"
        else:
            kept.append(file)
    for file in lists:
        report.note(f"{file.name}: {len(files) - len(kept)} of {len(listed)} listed left out")
    return kept
