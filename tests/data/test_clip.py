"""A recording and its checks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skelgraph.data.clip import frame_faults
from skelgraph.data.memory import ClipList
from skelgraph.errors import FormatError, StoreError
from skelgraph.graphs import load_layout
from tests.data.made_up import walk, walks

LAYOUT = load_layout("kinect_v2")


def test_seen_is_where_all_coordinates_are() -> None:
    points = walk(LAYOUT).keypoints.copy()
    points[2, 0, 5, 1] = np.nan
    clip = replace(walk(LAYOUT), keypoints=points)
    assert clip.num_frames == 12
    assert not clip.seen[2, 0, 5] and clip.seen.sum() == clip.seen.size - 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": np.zeros((4, 25, 3), np.float32)}, r"expected keypoints \(T, M, V, C\)"),
        ({"keypoints": np.zeros((4, 1, 24, 3), np.float32)}, "expected 25 joints .* got 24"),
        ({"keypoints": np.zeros((4, 1, 25, 4), np.float32)}, "expected 2 or 3 coordinates"),
        ({"keypoints": np.zeros((4, 1, 25, 2), np.float32)}, "an axis each"),
        ({"confidence": np.zeros((4, 25), np.float32)}, "expected confidence of shape"),
        ({"units": "yard"}, "units: expected one of metre"),
        ({"axes": ("right", "left", "up")}, "axes: expected different ones"),
        ({"axes": ("right", "up", "forward")}, "axes: expected different ones"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, object], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        replace(walk(LAYOUT), **change)


def test_all_faults_of_a_clip_come_at_once() -> None:
    with pytest.raises(FormatError) as caught:
        replace(walk(LAYOUT), units="yard", axes=("right", "left", "up"))
    assert str(caught.value).count("clip 'walk_0'") == 2
    assert len(frame_faults("yard", ("up", "down"))) == 2


def test_clips_in_memory_have_an_index() -> None:
    clips = walks(4)
    found = ClipList(clips, ("a", "b", "c"))
    assert found.clips.start.tolist() == [0, 5, 13, 24]
    assert found.clips.frames.tolist() == [5, 8, 11, 14]
    assert found.clips.subject.tolist() == [0, 1, 2, 0]
    assert found.clip(2) is clips[2] and len(found) == found.num_clips == 4
    assert found.num_bodies == 1 and found.fps == 30 and found.layout is clips[0].layout


def test_clips_in_memory_share_a_layout() -> None:
    with pytest.raises(StoreError, match=r"at least one"):
        ClipList([])
    with pytest.raises(StoreError, match=r"expected layout 'kinect_v2'"):
        ClipList([*walks(1), walk(load_layout("coco17"), seed=9)])
