"""Contact sheets: what was seen, what was not, hands, several people."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from skelgraph.errors import SkelgraphError
from skelgraph.graphs import available_layouts, load_layout
from skelgraph.plots.clip import between, choose_moments, clip_figure, picture
from tests.plots.texts import faults_of, words_of

AXES = ("right", "up", "away")


def recording(name: str, *, bodies: int = 1, frames: int = 20) -> np.ndarray:
    """The neutral pose, swaying, (T, M, V, 3)."""
    layout = load_layout(name)
    sway = 0.1 * layout.reference_length * np.sin(np.linspace(0, 6, frames))
    poses = [
        layout.neutral_of(body) + 3.0 * body * layout.reference_length * np.eye(3)[0]
        for body in range(bodies)
    ]
    return np.stack(poses)[None] + sway[:, None, None, None] * np.array([1.0, 0, 0])


@pytest.mark.parametrize("name", available_layouts())
def test_texts_stand_clear(name: str) -> None:
    bodies = load_layout(name).max_bodies
    clip = recording(name, bodies=bodies)
    clip[5:9, 0, 1:3] = np.nan
    figure = clip_figure(clip, load_layout(name), axes=AXES, fps=30, title=f"a clip of {name}")
    assert faults_of(figure) == []


def test_joints_not_seen_are_hollow_between_and_absent_outside() -> None:
    layout, clip = load_layout("kinect_v2"), recording("kinect_v2")
    clip[8:12, 0, 7] = np.nan
    clip[:12, 0, 3] = np.nan
    shown = choose_moments(clip, layout, axes=AXES, count=20)
    assert np.isfinite(shown.points[8:12, 0, 7]).all()
    assert not shown.seen[8:12, 0, 7].any()
    assert np.isnan(shown.points[:12, 0, 3]).all()
    figure = clip_figure(clip, layout, axes=AXES, moments=20)
    dots = [c for c in figure.axes[9].collections if isinstance(c, PathCollection)]
    assert [len(c.get_offsets()) for c in dots] == [23, 1]
    np.testing.assert_allclose(dots[1].get_facecolor()[0, :3], 1)
    words = words_of(figure)
    assert "frame 9\n2 not seen" in words
    assert "not seen, interpolated" in words


def test_interpolation_by_hand() -> None:
    points = np.array([0.0, np.nan, np.nan, 3.0, np.nan])[:, None, None, None].repeat(2, -1)
    filled = between(points, np.isfinite(points).all(-1))
    np.testing.assert_allclose(filled[:, 0, 0, 0], [0, 1, 2, 3, np.nan])
    assert np.isnan(points[1]).all()


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (("right", "up", "away"), [-1, 2]),
        (("left", "down"), [1, -2]),
        (("away", "right", "up"), [-2, 3]),
    ],
)
def test_pictures_are_as_the_camera_sees(axes: tuple[str, ...], expected: list[float]) -> None:
    assert picture(np.arange(1.0, len(axes) + 1), axes).tolist() == expected


def test_up_is_up_and_the_persons_right_is_left() -> None:
    layout = load_layout("kinect_v2")
    shown = choose_moments(recording("kinect_v2"), layout, axes=AXES, count=1)
    head, foot = shown.points[0, 0, list(layout.indices(("head", "left_foot")))]
    right, left = shown.points[0, 0, list(layout.indices(("right_wrist", "left_wrist")))]
    assert head[1] > foot[1]
    assert right[0] < left[0]
    figure = clip_figure(recording("kinect_v2"), layout, axes=AXES)
    assert all(axes.get_aspect() == 1 for axes in figure.axes)


def test_hands_stand_side_by_side_the_right_one_left() -> None:
    layout = load_layout("mediapipe_hands")
    clip = np.concatenate([recording("mediapipe_hands")] * 2, axis=1)
    shown = choose_moments(clip, layout, axes=AXES, count=4)
    left, right = shown.points[:, 0, :, 0], shown.points[:, 1, :, 0]
    assert right.max() < left.min()
    assert {"left hand", "right hand"} <= set(words_of(clip_figure(clip, layout, axes=AXES)))


def test_a_hand_never_seen_is_not_named() -> None:
    layout = load_layout("mediapipe_hands")
    clip = np.concatenate([recording("mediapipe_hands")] * 2, axis=1)
    clip[:, 0] = np.nan
    words = words_of(clip_figure(clip, layout, axes=AXES))
    assert "right hand" in words
    assert "left hand" not in words


def test_hands_that_travel_are_drawn_from_the_wrist() -> None:
    layout = load_layout("mediapipe_hands")
    clip = recording("mediapipe_hands", frames=10) + np.linspace(0, 3, 10)[:, None, None, None]
    shown = choose_moments(clip, layout, axes=AXES, count=10)
    assert shown.note
    assert np.ptp(shown.points, axis=0).max() < 0.05


def test_people_are_told_apart_and_named_in_the_key() -> None:
    figure = clip_figure(recording("coco17", bodies=3), load_layout("coco17"), axes=AXES)
    assert {"body 1", "body 2", "body 3"} <= set(words_of(figure))


def test_frames_where_no_one_is_seen_say_so() -> None:
    clip = recording("coco17")
    clip[:4] = np.nan
    words = words_of(clip_figure(clip, load_layout("coco17"), axes=AXES, fps=10))
    assert "0.00 s\nno one seen" in words


@pytest.mark.parametrize("frames", [1, 3, 2000])
def test_any_length(frames: int) -> None:
    figure = clip_figure(recording("mads", frames=frames), load_layout("mads"), axes=AXES)
    assert faults_of(figure) == []


def test_a_clip_without_a_joint_is_refused() -> None:
    clip = np.full((5, 1, 17, 3), np.nan)
    with pytest.raises(SkelgraphError, match="expected a joint that was seen, got none in 5"):
        clip_figure(clip, load_layout("coco17"), axes=AXES)


def test_input_is_left_unchanged() -> None:
    clip = np.concatenate([recording("mediapipe_hands")] * 2, axis=1)
    clip[3:5, 0, 4] = np.nan
    before = clip.copy()
    clip_figure(clip, load_layout("mediapipe_hands"), axes=AXES)
    np.testing.assert_array_equal(clip, before)
