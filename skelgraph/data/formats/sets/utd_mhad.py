"""UTD-MHAD: MATLAB files called a1_s1_t1_skeleton.mat, with the variable d_skel (20, 3, T).

Kinect v1, metres, x to the person's right, y up, z away, 30 frames a second. The name says
action, subject and trial (Chen, Jafari and Kehtarnavaz 2015, "UTD-MHAD: a multimodal dataset
for human action recognition utilizing a depth camera and a wearable inertial sensor", ICIP).
Its joint order is that of layout kinect_v1.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.raw.mat_file import has_variable, read_variable
from skelgraph.data.formats.raw.number_rows import to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet, class_of, numbers_in
from skelgraph.data.formats.sets.kinect import drop_origin
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout

CLASS_NAMES = (
    *("swipe left", "swipe right", "wave", "clap", "throw", "cross arms", "basketball shoot"),
    *("draw x", "draw circle clockwise", "draw circle counter-clockwise", "draw triangle"),
    *("bowling", "boxing", "baseball swing", "tennis swing", "arm curl", "tennis serve"),
    *("push", "knock", "catch", "pick up and throw", "jog", "walk", "sit to stand"),
    *("stand to sit", "lunge", "squat"),
)
VARIABLE = "d_skel"
FPS = 30.0

FILES = FileSet(
    format="utd_mhad",
    layout="kinect_v1",
    pattern="*.mat",
    name=re.compile(r"a(?P<action>\d+)_s(?P<subject>\d+)_t(?P<repetition>\d+).*\.mat", re.I),
    example="a1_s1_t1_skeleton.mat",
    fits=lambda file: has_variable(file, VARIABLE),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's names and hold d_skel."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of UTD-MHAD.

    Raises:
        FormatError: If there is no such file.
    """
    return FILES.open_singles(path, _clip, options=options, class_names=CLASS_NAMES)


def _clip(file: Path, name: str, options: ReadOptions, report: ConversionReport) -> Clip:
    points = drop_origin(_positions(file), report)
    who = numbers_in(FILES.name, file)
    return Clip(
        keypoints=points[:, None],
        layout=load_layout(FILES.layout),
        name=name,
        fps=options.fps or FPS,
        label=class_of(who.get("action"), CLASS_NAMES, file, report),
        subject=who.get("subject", -1),
        repetition=who.get("repetition", -1),
        source=name,
    )


def _positions(file: Path) -> np.ndarray:
    values = read_variable(file, VARIABLE)
    if values.ndim == 2:  # MATLAB drops a last axis of one frame
        values = values[..., None]
    if values.shape[:2] != (20, 3) or values.ndim != 3 or values.dtype.kind not in "fiu":
        raise FormatError(
            f"{file}: expected {VARIABLE} of real numbers, shape (20, 3, frames), got "
            f"{values.dtype} {values.shape}. Check that the file is one of UTD-MHAD's skeletons."
        )
    return to_float32(np.ascontiguousarray(values.transpose(2, 0, 1)))
