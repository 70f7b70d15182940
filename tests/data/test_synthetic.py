"""Simulated clips: what holds for every layout, the movements themselves, and the frozen recipe."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings

from skelgraph.data.clip import Clip
from skelgraph.data.synthetic import RECIPE_VERSION, class_names, simulate
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout, available_layouts, load_layout
from tests.graphs.made_up import chain, random_layouts

# Change these only together with RECIPE_VERSION, or with the neutral pose of a layout.
CHECKSUMS = {
    "mediapipe_hands": "fab2b9930d663705",
    "kinect_v2": "0b75d68a06d12373",
    "openpose_upper8_hands": "3e68fa4fbdae26f3",
}


def clean(layout: Layout, **options: int) -> list[Clip]:
    """Clips without sensor noise and drop-outs."""
    counts = {"subjects": 2, "clips_per_class": 1, **options}
    return simulate(layout, noise=0.0, dropouts=0.0, **counts)[0]


def by_class(name: str, **options: int) -> dict[str, list[Clip]]:
    """Clean clips of a shipped layout, by class name."""
    layout = load_layout(name)
    names = class_names(layout)
    found: dict[str, list[Clip]] = {one: [] for one in names}
    for clip in clean(layout, **{"subjects": 3, "clips_per_class": 2, **options}):
        assert clip.label is not None
        found[names[clip.label]].append(clip)
    return found


def course(clip: Clip, joint: str, *, body: int = 0) -> np.ndarray:
    """Way of one joint, shape (T, 3)."""
    return clip.keypoints[:, body, clip.layout.index(joint)].astype(float)


def assert_rigid(clip: Clip) -> None:
    """Every bone keeps its length in all frames of the clip."""
    points = clip.keypoints.astype(float)
    lengths = np.linalg.norm(points - points[:, :, clip.layout.bones], axis=-1)
    present = lengths[:, ~np.isnan(lengths).any(axis=(0, 2))]
    assert present.size
    assert np.ptp(present, axis=0).max() < 1e-5


@pytest.mark.parametrize("name", available_layouts())
def test_every_shipped_layout_has_labelled_clips(name: str) -> None:
    layout = load_layout(name)
    clips, names = simulate(layout, subjects=2, clips_per_class=1)
    assert names == class_names(layout)
    assert len(names) >= 10
    assert [clip.label for clip in clips] == 2 * list(range(len(names)))
    assert [clip.subject for clip in clips] == [0] * len(names) + [1] * len(names)
    assert len({clip.name for clip in clips}) == len(clips)
    for clip in clips:
        assert 30 <= clip.num_frames <= 90
        assert clip.keypoints.dtype == np.float32
        assert clip.keypoints.shape[1] == (2 if layout.instances == "hands" else 1)
        assert clip.seen.all(axis=2).any(), "no frame shows a whole body"


@pytest.mark.parametrize("name", available_layouts())
def test_bone_lengths_are_constant_within_a_clip(name: str) -> None:
    for clip in clean(load_layout(name)):
        assert_rigid(clip)


@given(layout=random_layouts())
@settings(max_examples=12)
def test_any_skeleton_can_be_simulated(layout: Layout) -> None:
    names = class_names(layout)
    clips = clean(layout, subjects=1)
    assert len(names) >= 2
    assert len(clips) == len(names)
    for clip in clips:
        assert np.isfinite(clip.keypoints).all()
        assert_rigid(clip)


def test_a_made_up_hand_fills_one_slot() -> None:
    hand = Layout.from_dict({**chain(4).to_dict(), "instances": "hands"})
    for clip in clean(hand):
        assert clip.keypoints.shape[1] == 2
        assert clip.seen.any(axis=(0, 2)).sum() == 1


def test_the_same_seed_gives_the_same_clips() -> None:
    layout = load_layout("kinect_v2")
    first, again, other = (
        simulate(layout, subjects=1, clips_per_class=1, seed=seed)[0] for seed in (3, 3, 4)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.keypoints, two.keypoints)
    assert any(one.num_frames != two.num_frames for one, two in zip(first, other, strict=True))


def test_more_subjects_and_clips_leave_the_others_as_they_were() -> None:
    layout = load_layout("mediapipe_hands")
    few = simulate(layout, subjects=1, clips_per_class=1)[0]
    many = {clip.name: clip for clip in simulate(layout, subjects=2, clips_per_class=2)[0]}
    for clip in few:
        np.testing.assert_array_equal(clip.keypoints, many[clip.name].keypoints)


def test_frames_per_second_set_the_number_of_frames() -> None:
    layout = load_layout("kinect_v2")
    slow, fast = (
        simulate(layout, subjects=1, clips_per_class=1, fps=fps)[0] for fps in (15.0, 60.0)
    )
    for one, two in zip(slow, fast, strict=True):
        assert two.num_frames == pytest.approx(4 * one.num_frames, abs=3)
        assert (one.fps, two.fps) == (15.0, 60.0)


def test_noise_and_drop_outs_are_moderate_and_can_be_turned_off() -> None:
    layout = load_layout("mediapipe_hands")
    noisy, clear = simulate(layout, subjects=2, clips_per_class=2)[0], []
    clear = clean(layout, subjects=2, clips_per_class=2)
    lost, moved = [], []
    for one, two in zip(noisy, clear, strict=True):
        present = two.seen
        lost.append((present & ~one.seen).sum() / present.sum())
        both = present & one.seen
        moved.append(np.abs(one.keypoints - two.keypoints)[both].mean())
        assert not (one.seen & ~present).any()
    assert 0.01 < np.mean(lost) < 0.1
    assert 0.01 < np.mean(moved) / layout.reference_length < 0.06


def test_the_left_hand_is_the_mirror_image_of_the_right() -> None:
    layout = load_layout("mediapipe_hands")
    palm = list(layout.indices(("index_mcp", "little_mcp", "thumb_cmc")))

    def handedness(points: np.ndarray) -> np.ndarray:
        edges = points[..., palm, :] - points[..., [layout.index("wrist")], :]
        return np.sign(np.linalg.det(edges))

    expected = float(handedness(layout.neutral.astype(float)))
    for body, sign in ((0, -expected), (1, expected)):
        hands = [clip.keypoints[:, body].astype(float) for clip in clean(layout)]
        present = np.concatenate([hand for hand in hands if np.isfinite(hand).all()])
        assert len(present) > 0
        assert (handedness(present) == sign).all()


def fist(clip: Clip, frames: slice) -> np.ndarray:
    """Mean distance of the fingertips from the wrist, for the hands that are there."""
    points = clip.keypoints[frames]
    tips = [points[:, :, clip.layout.index(f"{f}_tip")] for f in ("index", "middle", "ring")]
    wrist = points[:, :, clip.layout.index("wrist")]
    return np.mean([np.linalg.norm(tip - wrist, axis=-1) for tip in tips], axis=(0, 1))


def acting(clip: Clip, change: np.ndarray) -> float:
    """The largest change among the hands that are there."""
    return float(np.nanmax(np.abs(change)) * np.sign(change[np.nanargmax(np.abs(change))]))


def test_hands_open_and_close() -> None:
    clips = by_class("mediapipe_hands")
    for name, sign in (("open", 1.0), ("close", -1.0)):
        for clip in clips[name]:
            change = fist(clip, slice(-3, None)) - fist(clip, slice(0, 3))
            assert sign * acting(clip, change) > 0.02


def test_thumb_and_index_meet_in_pinch_and_ok_only() -> None:
    clips = by_class("mediapipe_hands")

    def gap(clip: Clip) -> float:
        ends = [course(clip, f"{f}_tip", body=m) for m in (0, 1) for f in ("thumb", "index")]
        apart = [np.linalg.norm(ends[k] - ends[k + 1], axis=1) for k in (0, 2)]
        return float(np.nanmin(apart))

    met = [gap(clip) for name in ("pinch", "ok") for clip in clips[name]]
    apart = [gap(clip) for name in ("thumb_up", "wave") for clip in clips[name]]
    assert np.median(met) < 0.03 < np.median(apart)


def test_both_hands_clap() -> None:
    for clip in by_class("mediapipe_hands")["clap"]:
        left, right = (course(clip, "middle_mcp", body=m) for m in (0, 1))
        gap = np.linalg.norm(left - right, axis=1)
        assert gap.min() < 0.14 < gap.max()


def test_bodies_do_what_their_class_says() -> None:
    clips = by_class("openpose_body25")

    def height(clip: Clip, joint: str) -> np.ndarray:
        return course(clip, joint)[:, 1]

    def drop(clip: Clip, joint: str) -> float:
        return float(np.ptp(height(clip, joint)))

    for clip in clips["raise_arms"]:
        assert (height(clip, "left_wrist") - height(clip, "neck")).max() > 0
        assert (height(clip, "right_wrist") - height(clip, "neck")).max() > 0
    for clip in clips["squat"] + clips["sit_down"]:
        assert drop(clip, "mid_hip") > 0.15
    for clip in clips["bow"]:
        assert drop(clip, "nose") > 0.12
    for clip in clips["stand_up"]:
        assert height(clip, "mid_hip")[-5:].mean() > height(clip, "mid_hip")[:5].mean() + 0.15
    waved = [
        drop(clip, f"{side}_wrist") > drop(clip, f"{other}_wrist")
        for side, other in (("right", "left"), ("left", "right"))
        for clip in clips[f"wave_{side}"]
    ]
    assert np.mean(waved) > 0.7  # the other arm may move without meaning


def test_feet_stay_on_the_floor_except_in_jumps() -> None:
    clips = by_class("openpose_body25", subjects=1)
    for name in ("bow", "squat", "walk"):
        for clip in clips[name]:
            feet = [clip.layout.index(f"{s}_{p}") for s in ("left", "right") for p in ("heel",)]
            lowest = clip.keypoints[:, 0, feet, 1].min(axis=1)
            assert np.ptp(lowest) < 0.25


def test_bodies_with_fingers_also_gesture() -> None:
    names = class_names(load_layout("openpose_upper8_hands"))
    assert {"wave_right", "clap", "close", "point", "thumb_up"} <= set(names)
    assert not {"squat", "kick"} & set(names)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"subjects": 0}, "subjects: expected 1 or more, got 0"),
        ({"clips_per_class": 0, "noise": -1.0}, "clips_per_class.*\nnoise: expected 0 or more"),
        ({"fps": float("nan")}, "fps: expected 1 or more, got nan"),
        ({"seed": -1}, "seed: expected 0 or more"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        simulate(chain(3), **options)  # type: ignore[arg-type]


def checksum(layout: Layout) -> str:
    """Hash a subject's clips in whole millimetres, which last-digit differences cannot reach."""
    digest = hashlib.sha256()
    for clip in simulate(layout, subjects=1, clips_per_class=1)[0]:
        millimetres = np.where(clip.seen[..., None], np.rint(clip.keypoints * 1000.0), -99999)
        digest.update(np.nan_to_num(millimetres).astype("<i4").tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("name", CHECKSUMS)
def test_the_recipe_is_frozen(name: str) -> None:
    assert RECIPE_VERSION == 1
    assert checksum(load_layout(name)) == CHECKSUMS[name]
