"""Genuine files of action sets, against the whole sets that others made from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.formats import detect, read
from skelgraph.errors import FormatError

pytestmark = pytest.mark.data

PAIRS = {
    "utd_mhad": ("utd_mhad_odd", 4),
    "msr_action3d": ("msr_action3d", 2),
    "nw_ucla": ("nw_ucla_views12", 3),
    "irds": ("irds_kinect_v2", 2),
}
FORMATS = {
    "irds": "irds",
    "keraal/G3-Kinect-CTK-P1T1-Unknown-C-0.txt": "keraal_kinect",
    "keraal/G3-OP-CTK-P1T1-Unknown-C-0.json": "keraal_pose",
    "keraal/G3-BP-CTK-P1T1-Unknown-C-0.json": "keraal_pose",
    "keraal/G3-AP-CTK-P1T1-Unknown-C-0.json": "keraal_pose",
    "kimore": "kimore",
    "msr_action3d": "msr_action3d",
    "nw_ucla": "nw_ucla",
    "utd_mhad": "utd_mhad",
}
FRAMES = {"keraal/G3-Kinect-CTK-P1T1-Unknown-C-0.txt": 197, "kimore": 1423}
KEYS = ("label", "subject", "camera", "repetition")


@pytest.mark.parametrize("source", FORMATS)
def test_each_is_found_by_looking_and_read_clean(recordings: Path, source: str) -> None:
    path = recordings / "native" / source
    assert detect(path) == FORMATS[source]
    reading = read(path)
    clips = list(reading.clips)
    assert len(clips) == reading.num_clips and not reading.report.skipped
    assert not reading.report.dropped
    if source in FRAMES:
        assert reading.report.frames == FRAMES[source]


@pytest.mark.parametrize("folder", PAIRS)
def test_the_numbers_are_those_of_the_whole_set(recordings: Path, folder: str) -> None:
    name, number = PAIRS[folder]
    ours = list(read(recordings / "native" / folder).clips)
    assert len(ours) == number
    with np.load(recordings / "sets" / f"{name}.npz") as content:
        whole = {key: content[key] for key in content.files}
    for clip in ours:
        row = find_clip(clip, whole)
        for key in KEYS:
            assert whole[key][row] in (-1, getattr(clip, key)), key
        if clip.confidence is not None:
            there = in_order(clip, whole, row)[..., 3]
            score = there / 2 if name.startswith("irds") else there
            np.testing.assert_allclose(clip.confidence[:, 0], score, atol=1e-5)


def in_order(clip: Clip, whole: dict[str, np.ndarray], row: int) -> np.ndarray:
    """Frames of a clip of the whole set with joints in the layout's order, (T, V, C)."""
    names = whole["joint_names"].tolist()
    start, end = whole["offsets"][row : row + 2]
    return whole["keypoints"][start:end][:, [names.index(joint) for joint in clip.layout.joints]]


def find_clip(clip: Clip, whole: dict[str, np.ndarray]) -> int:
    """The clip of the whole set with the same positions."""
    lengths = np.diff(whole["offsets"])
    for row in np.flatnonzero(lengths == clip.num_frames):
        there = in_order(clip, whole, int(row))[..., :3]
        if np.allclose(clip.keypoints[:, 0], there, atol=1e-4):
            return int(row)
    raise AssertionError(f"{clip.name} is not in the whole set")


@pytest.mark.parametrize("source", ["kimore", "keraal/G3-Kinect-CTK-P1T1-Unknown-C-0.txt", "irds"])
def test_kinect_files_are_in_the_house_frame(recordings: Path, source: str) -> None:
    clip = next(iter(read(recordings / "native" / source).clips))
    mean = np.nanmean(clip.keypoints[:, 0], axis=0)
    place = clip.layout.index
    assert mean[place("right_shoulder"), 0] > mean[place("left_shoulder"), 0]
    assert mean[place("head"), 1] > mean[place("spine_base"), 1]
    assert mean[place("spine_base"), 2] > 1


@pytest.mark.parametrize("detector", ["OP", "BP", "AP"])
def test_pictures_have_x_to_the_persons_left_and_y_down(recordings: Path, detector: str) -> None:
    path = recordings / "native" / "keraal" / f"G3-{detector}-CTK-P1T1-Unknown-C-0.json"
    clip = next(iter(read(path).clips))
    mean = np.nanmean(clip.keypoints[:, 0], axis=0)
    place = clip.layout.index
    assert mean[place("left_shoulder"), 0] > mean[place("right_shoulder"), 0]
    assert mean[place("left_ankle"), 1] > mean[place("nose"), 1]


def test_a_folder_of_several_kinds_asks_which(recordings: Path) -> None:
    with pytest.raises(FormatError, match="may be keraal_kinect or keraal_pose"):
        detect(recordings / "native" / "keraal")
