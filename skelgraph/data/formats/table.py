"""The table of readers, and finding the one for a source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from mimetypes import guess_type
from pathlib import Path
from types import ModuleType

from skelgraph.data.clip import Clip
from skelgraph.data.formats import stored
from skelgraph.data.formats.arrays import (
    ctrgcn_npz,
    kinetics_json,
    mmaction_pickle,
    npz,
    stgcn_arrays,
)
from skelgraph.data.formats.detectors import (
    mediapipe_csv,
    mediapipe_json,
    mediapipe_npy,
    openpose_json,
    pose_file,
)
from skelgraph.data.formats.files import first_files
from skelgraph.data.formats.ntu import ntu_skeleton
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets import (
    florence3d,
    irds,
    keraal_kinect,
    keraal_pose,
    kimore,
    mads,
    msr_action3d,
    nw_ucla,
    shrec,
    shrec_28,
    utd_mhad,
    utkinect,
)
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.formats.tables import bvh, c3d, described_table
from skelgraph.errors import FormatError, unknown_name
from skelgraph.graphs import load_layout

FORMATS: dict[str, ModuleType] = {
    "npz": npz,
    "store": stored,
    "bvh": bvh,
    "c3d": c3d,
    "ctrgcn_npz": ctrgcn_npz,
    "florence3d": florence3d,
    "irds": irds,
    "keraal_kinect": keraal_kinect,
    "keraal_pose": keraal_pose,
    "kimore": kimore,
    "kinetics_json": kinetics_json,
    "mads": mads,
    "mediapipe_csv": mediapipe_csv,
    "mediapipe_json": mediapipe_json,
    "mediapipe_npy": mediapipe_npy,
    "mmaction_pickle": mmaction_pickle,
    "msr_action3d": msr_action3d,
    "ntu_skeleton": ntu_skeleton,
    "nw_ucla": nw_ucla,
    "openpose_json": openpose_json,
    "pose": pose_file,
    "shrec": shrec,
    "shrec_28": shrec_28,
    "stgcn_arrays": stgcn_arrays,
    "table": described_table,
    "utd_mhad": utd_mhad,
    "utkinect": utkinect,
}
"""Format name -> module with `recognises(path) -> bool` and `read(path, options=...)`."""

MAPPED = ("bvh", "c3d", "table")
"""Formats that a mapping file describes."""

LOOKED_AT = 50
"""Files of a folder that are looked at to tell why no reader knows it."""


def detect(path: str | Path) -> str:
    """Find the format of a source by looking at it.

    Raises:
        FormatError: If it is not there or no reader knows it.
    """
    source = Path(path)
    if not source.exists():
        raise FormatError(f"{source}: expected an existing file, got none. Check the path.")
    if stored.recognises(source):
        return "store"  # its index is a table as well
    found = [name for name, module in FORMATS.items() if module.recognises(source)]
    if len(found) == 1:
        return found[0]
    if found:
        raise FormatError(
            f"{source}: expected a source of one format, got one that may be "
            f"{' or '.join(found)}. Say which: --format NAME."
        )
    raise FormatError(_no_format(source))


def _no_format(source: Path) -> str:
    """Word the error for a source that no reader knows."""
    files = first_files(source, "*", LOOKED_AT) if source.is_dir() else [source]
    if not files:
        return f"{source}: expected recordings, got a folder without files. Check the path."
    if source.is_dir():
        for file in files:
            if any(module.recognises(file) for module in FORMATS.values()):
                return (
                    f"{source}: expected a file or a folder of recordings, got a folder around a "
                    f"file that holds a whole set. Give that file: {file}."
                )
    if any((guess_type(file.name)[0] or "").startswith(("image/", "video/")) for file in files):
        return (
            f"{source}: expected recorded joints, got pictures or videos. Find the landmarks in "
            "them: skelgraph extract MEDIA STORE."
        )
    return (
        f"{source}: expected one of the formats {', '.join(FORMATS)}, got something else. "
        "Name the format if the file only has another ending."
    )


def read(
    path: str | Path, *, format: str | None = None, options: ReadOptions | None = None
) -> Reading:
    """Open a source for reading; its clips pass the survey.

    Args:
        path: File or folder.
        format: A key of `FORMATS`. None: found by looking.
        options: What the user knows better.

    Raises:
        FormatError: If the source cannot be read; lists all that is wrong with it.
        LayoutError: If the options name a layout that there is not, or a faulty file.
    """
    return surveyed(open_source(path, format=format, options=options))


def open_source(
    path: str | Path, *, format: str | None = None, options: ReadOptions | None = None
) -> Reading:
    """Open a source as `read` does, its clips as the reader gives them."""
    name = format or detect(path)
    if name not in FORMATS:
        raise FormatError(unknown_name("format", name, FORMATS))
    options = options or ReadOptions()
    if options.layout is not None:
        load_layout(options.layout)  # an unknown name is told with the nearest ones
    if options.mapping is not None and name not in MAPPED:
        raise FormatError(
            f"{path}: expected no mapping for format '{name}', got '{options.mapping}'. Leave "
            "--mapping out, or read it as a table: --format table."
        )
    reading: Reading = FORMATS[name].read(Path(path), options=options)
    if options.units is None:
        return reading
    return replace(reading, clips=_in_units(reading.clips, options.units, path, name))


def _in_units(clips: Iterator[Clip], units: str, path: str | Path, name: str) -> Iterator[Clip]:
    """Refuse units that the format does not leave open, rather than leave the wish aside."""
    for clip in clips:
        if clip.units != units:
            raise FormatError(
                f"{path}: expected units '{clip.units}', which this source of format '{name}' "
                f"has, got '{units}'. Leave --units out."
            )
        yield clip
