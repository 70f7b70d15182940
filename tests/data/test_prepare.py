"""Preparing recordings: frame, gaps, size, and what must not change the result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.coordinates import to_house_frame
from skelgraph.data.gaps import bridge_gaps, trace_centres
from skelgraph.data.prepare import PrepareOptions, prepare_clip
from skelgraph.data.size import (
    BY_BONES,
    BY_REFERENCE,
    EMPTY,
    UNSCALED,
    UNSEEN,
    neutral_coordinates,
    size_factor,
)
from skelgraph.errors import ConfigError, FormatError
from skelgraph.graphs import Layout, load_layout, map_joints
from tests.data.made_up import walk

BODY = load_layout("kinect_v2")
HANDS = load_layout("mediapipe_hands")


def prepare(
    clip: Clip, layout: Layout | None = None, counts: Counter[str] | None = None, **options: float
) -> tuple[np.ndarray, np.ndarray]:
    layout = layout or clip.layout
    return prepare_clip(
        clip,
        map_joints(clip.layout, layout),
        layout=layout,
        options=PrepareOptions(**options),
        counts=counts,
    )


def with_gaps(clip: Clip, share: float = 0.3, seed: int = 0) -> Clip:
    points = clip.keypoints.copy()
    points[np.random.default_rng(seed).random(points.shape[:3]) < share] = np.nan
    return replace(clip, keypoints=points)


# Coordinates


def test_kinect_is_the_house_frame_and_pictures_are_turned() -> None:
    point = np.array([[1.0, 2.0, 3.0]], dtype=np.float32)
    kinect = to_house_frame(point, units="metre", axes=("right", "up", "away"))
    assert kinect.tolist() == [[1, 2, 3]]
    picture = to_house_frame(point[:, :2], units="pixel", axes=("left", "down"))
    assert picture.tolist() == [[-1, -2]]
    other = to_house_frame(point, units="millimetre", axes=("toward", "right", "down"))
    np.testing.assert_allclose(other, [[0.002, -0.003, -0.001]])


def test_fractions_become_isotropic() -> None:
    point = np.array([0.5, 0.5, 0.1], dtype=np.float32)
    found = to_house_frame(
        point, units="image fraction", axes=("left", "down", "away"), width=1280, height=640
    )
    np.testing.assert_allclose(found, [-1.0, -0.5, 0.2], rtol=1e-6)
    with pytest.raises(FormatError, match=r"expected the picture's width and height.*--width"):
        to_house_frame(point, units="image fraction", axes=("left", "down", "away"), width=640)


def test_fractions_without_a_picture_name_the_clip() -> None:
    clip = replace(walk(HANDS, bodies=2), units="image fraction", axes=("left", "down", "away"))
    with pytest.raises(FormatError, match=r"clip 'walk_0': image fractions"):
        prepare(clip)
    assert prepare(replace(clip, width=640, height=480))[0].shape == (12, 2, 21, 3)


# Gaps


def bridged_slowly(values: np.ndarray, known: np.ndarray, max_gap: int) -> np.ndarray:
    """One joint's series (T,) filled frame by frame; NaN where it stays unknown."""
    filled = np.where(known, values, np.nan)
    frame = 0
    while frame < len(values):
        if known[frame]:
            frame += 1
            continue
        end = frame
        while end < len(values) and not known[end]:
            end += 1
        if end - frame <= max_gap and (frame > 0 or end < len(values)):
            for t in range(frame, end):
                if frame == 0:
                    filled[t] = values[end]
                elif end == len(values):
                    filled[t] = values[frame - 1]
                else:
                    share = (t - frame + 1) / (end - frame + 1)
                    filled[t] = (1 - share) * values[frame - 1] + share * values[end]
        frame = end
    return filled


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.integers(0, 6), st.integers(0, 99))
def test_gaps_are_bridged_as_frame_by_frame(known: list[bool], max_gap: int, seed: int) -> None:
    seen = np.array(known)
    values = np.random.default_rng(seed).normal(size=len(seen))
    expected = bridged_slowly(values, seen, max_gap)
    series = values.copy()[:, None, None]
    now = bridge_gaps(series, seen[:, None], max_gap=max_gap)
    np.testing.assert_array_equal(now[:, 0], ~np.isnan(expected))
    np.testing.assert_allclose(series[now[:, 0], 0, 0], expected[now[:, 0]], atol=1e-12)


def test_gaps_by_hand() -> None:
    values = np.array([[9.0], [1.0], [9.0], [9.0], [4.0], [9.0]])
    known = np.array([False, True, False, False, True, False])
    now = bridge_gaps(values, known, max_gap=2)
    assert values[:, 0].tolist() == [1, 1, 2, 3, 4, 4] and now.all()


def test_a_joint_never_seen_is_not_bridged() -> None:
    values = np.zeros((3, 2, 1))
    known = np.array([[True, False]] * 3)
    assert bridge_gaps(values, known, max_gap=99)[:, 1].tolist() == [False] * 3


def test_centres_are_followed_without_centre_joints() -> None:
    neutral = neutral_coordinates(BODY, bodies=1, channels=3)
    offsets = neutral - neutral[:, list(BODY.centre)].mean(axis=1, keepdims=True)
    path = np.arange(5.0)[:, None] * np.array([0.1, 0.0, 0.2])
    points = path[:, None, None] + offsets
    known = np.ones((5, 1, 25), dtype=bool)
    known[:, 0, list(BODY.centre)] = False
    traced = trace_centres(points, known, offsets=offsets, centre=BODY.centre)
    np.testing.assert_allclose(traced[:, 0], path, atol=1e-6)
    known[1:4] = False
    traced = trace_centres(points, known, offsets=offsets, centre=BODY.centre)
    np.testing.assert_allclose(traced[:, 0], path, atol=1e-6)


# Size


@pytest.mark.parametrize("layout", [BODY, HANDS, load_layout("openpose_upper8_hands")])
@pytest.mark.parametrize("channels", [2, 3])
def test_the_neutral_pose_has_size_one(layout: Layout, channels: int) -> None:
    points = layout.neutral[None, None, :, :channels]
    seen = np.ones((1, 1, layout.num_joints), dtype=bool)
    how, factor = size_factor(points, seen, layout=layout, metric=False)
    assert how == BY_REFERENCE and factor == pytest.approx(1, rel=1e-5)
    how, factor = size_factor(3 * points, seen, layout=layout, metric=False)
    assert factor == pytest.approx(1 / 3, rel=1e-5)


def test_size_falls_back_to_bones_and_then_stays() -> None:
    points = 2 * np.repeat(BODY.neutral[None, None], 4, axis=0)
    points[:, :, list(BODY.reference[0])] = np.nan
    seen = ~np.isnan(points).any(axis=-1)
    how, factor = size_factor(points, seen, layout=BODY, metric=False)
    assert how == BY_BONES and factor == pytest.approx(0.5, rel=1e-4)
    lonely = np.full_like(points, np.nan)
    lonely[:, 0, BODY.index("head")] = 1.0
    seen = ~np.isnan(lonely).any(axis=-1)
    assert size_factor(lonely, seen, layout=BODY, metric=True) == (UNSCALED, 1.0)
    assert size_factor(lonely, seen, layout=BODY, metric=False) == (UNSEEN, None)
    empty = np.full_like(points, np.nan)
    assert size_factor(empty, ~np.isnan(empty).any(-1), layout=BODY, metric=True)[0] == EMPTY


# The whole


def test_a_sound_clip_keeps_its_shape() -> None:
    clip = walk(BODY)
    positions, visible = prepare(clip)
    assert visible.all() and positions.dtype == np.float32
    moved = clip.keypoints - clip.keypoints[:, :, list(BODY.centre)].mean(axis=(0, 1, 2))
    ratio = positions[visible] / moved[visible]
    assert np.nanstd(ratio[np.abs(moved[visible]) > 0.05]) < 1e-3


def test_input_stays_as_it_is() -> None:
    clip = with_gaps(walk(BODY, bodies=2))
    before = clip.keypoints.copy()
    clip.keypoints.flags.writeable = False
    prepare(clip)
    np.testing.assert_array_equal(clip.keypoints, before)


@given(shift=st.tuples(*[st.floats(-50, 50)] * 3), size=st.floats(0.1, 20), seed=st.integers(0, 20))
def test_place_and_size_of_a_recording_change_nothing(
    shift: tuple[float, ...], size: float, seed: int
) -> None:
    clip = with_gaps(walk(BODY, bodies=2, seed=seed), seed=seed)
    moved = (clip.keypoints + np.array(shift, np.float32)) * np.float32(size)
    one, seen = prepare(clip)
    other, also = prepare(replace(clip, keypoints=moved))
    np.testing.assert_array_equal(seen, also)
    np.testing.assert_allclose(one, other, atol=2e-4)


def test_units_and_axes_change_nothing() -> None:
    clip = with_gaps(walk(BODY))
    turned = np.stack(
        [-clip.keypoints[..., 2], -clip.keypoints[..., 0], clip.keypoints[..., 1]], axis=-1
    )
    other = replace(
        clip, keypoints=turned * 1000, units="millimetre", axes=("toward", "left", "up")
    )
    np.testing.assert_allclose(prepare(clip)[0], prepare(other)[0], atol=1e-5)


def test_pictures_stay_flat() -> None:
    clip = walk(BODY)
    flat = replace(
        clip, keypoints=-100 * clip.keypoints[..., :2], units="pixel", axes=("left", "down")
    )
    positions, _ = prepare(flat)
    assert positions.shape == (12, 1, 25, 2)
    centred = clip.keypoints[..., :2] - clip.keypoints[:, :, list(BODY.centre), :2].mean((0, 1, 2))
    factor = np.linalg.norm(positions) / np.linalg.norm(centred)
    np.testing.assert_allclose(positions, factor * centred, atol=1e-4)


def test_long_gaps_hold_the_neutral_pose_about_the_centre() -> None:
    points = walk(BODY, frames=30).keypoints.copy()
    wrist = BODY.index("left_wrist")
    points[5:20, 0, wrist] = np.nan
    points[25:28, 0, wrist] = np.nan
    counts: Counter[str] = Counter()
    positions, visible = prepare(replace(walk(BODY), keypoints=points), counts=counts, max_gap=5)
    assert visible[:, 0, wrist].tolist() == [not (5 <= t < 20 or 25 <= t < 28) for t in range(30)]
    centre = positions[:, 0, list(BODY.centre)].mean(axis=1)
    neutral = BODY.neutral[wrist] - BODY.neutral[list(BODY.centre)].mean(axis=0)
    np.testing.assert_allclose(positions[5:20, 0, wrist] - centre[5:20], [neutral] * 15, atol=1e-5)
    steps = np.diff(positions[24:29, 0, wrist], axis=0)
    np.testing.assert_allclose(steps, np.repeat(steps[:1], 4, axis=0), atol=1e-5)
    assert counts == {
        BY_REFERENCE: 1, "joints interpolated": 3, "joints at the neutral pose": 15,
    }  # fmt: skip


def test_bodies_and_joints_never_seen_stand_at_the_neutral_pose() -> None:
    points = np.concatenate([walk(BODY).keypoints, np.full((12, 1, 25, 3), np.nan)], axis=1)
    positions, visible = prepare(replace(walk(BODY), keypoints=points.astype(np.float32)))
    assert not visible[:, 1].any()
    offset = BODY.neutral - BODY.neutral[list(BODY.centre)].mean(axis=0)
    np.testing.assert_allclose(positions[:, 1], np.repeat(offset[None], 12, 0), atol=1e-6)


def test_more_bodies_do_not_change_the_first() -> None:
    clip = with_gaps(walk(BODY))
    points = np.concatenate([clip.keypoints, np.full((12, 4, 25, 3), np.nan, np.float32)], axis=1)
    one, _ = prepare(clip)
    five, visible = prepare(replace(clip, keypoints=points))
    np.testing.assert_array_equal(five[:, :1], one)
    assert five.shape == (12, 5, 25, 3) and not visible[:, 1:].any()


def test_low_confidence_counts_as_missing() -> None:
    clip = walk(BODY)
    score = np.ones(clip.keypoints.shape[:3], np.float32)
    score[3, 0, 4] = 0.2
    clip = replace(clip, confidence=score)
    assert prepare(clip)[1].all()
    assert (~prepare(clip, min_confidence=0.3)[1]).sum() == 1


def test_a_hand_of_a_composite_fills_its_slot() -> None:
    upper = load_layout("openpose_upper8_hands")
    clip = walk(upper)
    joint_map = map_joints(upper, HANDS, slot="right")
    positions, visible = prepare_clip(clip, joint_map, layout=HANDS)
    assert positions.shape == (12, 2, 21, 3)
    assert visible[:, 1].all() and not visible[:, 0].any()
    left = HANDS.neutral_of(0) - HANDS.neutral_of(0)[list(HANDS.centre)].mean(axis=0)
    np.testing.assert_allclose(positions[0, 0], left, atol=1e-6)


def test_one_hand_gets_a_second_slot() -> None:
    positions, visible = prepare(walk(HANDS, bodies=1))
    assert positions.shape == (12, 2, 21, 3) and visible.any(axis=(0, 2)).tolist() == [True, False]


@pytest.mark.parametrize("frames", [1, 2, 2000])
def test_any_length(frames: int) -> None:
    positions, visible = prepare(with_gaps(walk(BODY, frames=frames), 0.5))
    assert positions.shape == (frames, 1, 25, 3) and np.isfinite(positions).all()
    assert visible.shape == (frames, 1, 25)


def test_nothing_seen_is_counted_and_finite() -> None:
    counts: Counter[str] = Counter()
    clip = replace(walk(BODY), keypoints=np.full((12, 1, 25, 3), np.nan, np.float32))
    positions, visible = prepare(clip, counts=counts)
    assert np.isfinite(positions).all() and not visible.any() and counts[EMPTY] == 1


def test_options_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"max_gap: expected 0 or more"):
        PrepareOptions(max_gap=-1)
    with pytest.raises(ConfigError, match=r"min_confidence: expected a score"):
        PrepareOptions(min_confidence=2)
