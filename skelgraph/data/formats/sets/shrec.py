"""SHREC'17 track and DHG 14/28: one hand, text files of 22 x (x, y, z), a row a frame.

Files lie in gesture_G/finger_F/subject_S/essai_E and are called skeletons_world.txt (SHREC'17)
or skeleton_world.txt (DHG). Intel RealSense, metres, 30 frames a second; joints in the order of
layout shrec_hand. The recorded hand is a right one: it fills slot 1. Classes are the 14
gestures; format 'shrec_28' has 28, each gesture with one finger or with the whole hand. Where
DHG's informations_troncage_sequences.txt lies in a folder above, recordings are cut to the
gesture as it says. Its axes are not in the set's description: taken as the Kinect's (x to the
person's right, y up, z away) (De Smedt et al. 2016, 2017).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.files import clip_name
from skelgraph.data.formats.raw.number_rows import first_row, read_rows, to_float32
from skelgraph.data.formats.reading import Reading, ReadOptions
from skelgraph.data.formats.sets.file_set import FileSet
from skelgraph.data.formats.sets.kinect import drop_origin
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout

CLASS_NAMES = (
    *("grab", "tap", "expand", "pinch", "rotation clockwise", "rotation counter-clockwise"),
    *("swipe right", "swipe left", "swipe up", "swipe down", "swipe x", "swipe +", "swipe v"),
    *("shake",),
)
JOINTS = 22
FPS = 30.0
CUTS = "informations_troncage_sequences.txt"
BESIDE = (
    *("general_informations.txt", "general_information.txt", "skeletons_image.txt"),
    *("skeleton_image.txt", "train_gestures.txt", "test_gestures.txt", "display_sequence.txt"),
)
FOLDERS = ("gesture", "finger", "subject", "essai")
PLACE = re.compile(r"(gesture|finger|subject|essai)_(\d+)", re.I)
HAND_NOTE = "the recorded hand is taken as a right one, in slot 1"
AXES_NOTE = "axes are not in the set's description: taken as right, up, away"

Label = Callable[[int, int], int]

FILES = FileSet(
    format="shrec",
    layout="shrec_hand",
    pattern="*.txt",
    name=re.compile(r"skeletons?_world\.txt", re.I),
    example="gesture_1/finger_1/subject_1/essai_1/skeletons_world.txt",
    fits=lambda file: len(first_row(file)) == 3 * JOINTS,
    beside=frozenset({CUTS, *BESIDE}),
)


def recognises(path: Path) -> bool:
    """Tell whether a file, or files in a folder, have the set's name and rows of 66 numbers."""
    return FILES.recognises(path)


def read(path: Path, *, options: ReadOptions) -> Reading:
    """Open a file or a folder of SHREC'17 or DHG, with 14 classes.

    Raises:
        FormatError: If there is no such file.
    """
    return open_hands(path, FILES, options, CLASS_NAMES, lambda gesture, finger: gesture - 1)


def open_hands(
    path: Path, kind: FileSet, options: ReadOptions, class_names: tuple[str, ...], label: Label
) -> Reading:
    """Open the files of either number of classes; `label` takes gesture and finger."""
    cuts = _read_cuts(path)

    def parse(file: Path, report: ConversionReport) -> list[Clip]:
        return [_clip(file, clip_name(file, path), cuts, label, options, report)]

    return kind.open(path, parse, options=options, class_names=class_names)


def _clip(
    file: Path,
    name: str,
    cuts: dict[tuple[int, ...], tuple[int, int]],
    label: Label,
    options: ReadOptions,
    report: ConversionReport,
) -> Clip:
    rows = read_rows(file, columns=3 * JOINTS)
    where = _place(file)
    points = _cut(file, to_float32(rows), cuts.get(where), report).reshape(-1, JOINTS, 3)
    hands = np.full((len(points), 2, JOINTS, 3), np.nan, dtype=np.float32)
    hands[:, 1] = drop_origin(points, report)
    report.note(HAND_NOTE)
    report.note(AXES_NOTE)
    gesture, finger, subject, trial = where or (0, 0, -1, -1)
    known = 1 <= gesture <= len(CLASS_NAMES) and finger in (1, 2)
    if not known:
        report.note("files outside folders gesture_1 to 14 and finger_1 to 2: left unlabelled")
    return Clip(
        keypoints=hands,
        layout=load_layout(FILES.layout),
        name=name,
        fps=options.fps or FPS,
        label=label(gesture, finger) if known else None,
        subject=subject,
        repetition=trial,
        source=name,
        extra={"gesture": gesture or "", "finger": finger or ""},
    )


def _place(file: Path) -> tuple[int, ...]:
    """Read gesture, finger, subject and trial from the folders above; () unless all are there."""
    found = {m[1].lower(): int(m[2]) for m in map(PLACE.fullmatch, file.absolute().parts) if m}
    return tuple(found[key] for key in FOLDERS) if len(found) == len(FOLDERS) else ()


def _read_cuts(path: Path) -> dict[tuple[int, ...], tuple[int, int]]:
    """Read the first and last frame of each gesture, where DHG's file of them is there."""
    folders = [path, *path.absolute().parents[:5]]
    file = next((f for folder in folders if (f := folder / CUTS).is_file()), None)
    if file is None:
        return {}
    rows = read_rows(file, columns=6)
    if not np.isfinite(rows).all() or (np.abs(rows) > 1e9).any():
        raise FormatError(f"{file}: expected whole numbers, got others. Copy the file again.")
    whole = rows.astype(np.int64).tolist()
    return {tuple(row[:4]): (row[4], row[5]) for row in whole}


def _cut(
    file: Path, rows: np.ndarray, cut: tuple[int, int] | None, report: ConversionReport
) -> np.ndarray:
    if cut is None:
        return rows
    first, last = cut
    if not 0 <= first <= last or first >= len(rows):
        raise FormatError(
            f"{file}: expected a gesture within its {len(rows)} frames, got frames {first} to "
            f"{last} in {CUTS}. Correct that file or take it away."
        )
    report.note(f"recordings cut to the gesture as {CUTS} says")
    return rows[first : last + 1]
