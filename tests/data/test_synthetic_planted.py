"""Planted truths: the class shows where it was planted, and nowhere in the energy of motion."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.data.synthetic import Planted, simulate_planted_joint, simulate_planted_pair
from skelgraph.errors import ConfigError, LayoutError
from skelgraph.graphs import load_layout
from tests.graphs.made_up import chain

LAYOUTS = ("mediapipe_hands", "kinect_v2")


def moves(planted: Planted) -> tuple[np.ndarray, np.ndarray]:
    """Way of every joint about its mean, (N, T, V, 3), and the labels."""
    points = np.stack([clip.keypoints[:, -1].astype(float) for clip in planted.clips])
    labels = np.array([clip.label for clip in planted.clips])
    return points - points.mean(axis=1, keepdims=True), labels


def ranks(values: np.ndarray, joints: list[int]) -> np.ndarray:
    """AUROC of each clip's joint values for the planted joints, shape (N,)."""
    others = np.delete(values, joints, axis=1)
    above = [(values[:, [joint]] > others).mean(axis=1) for joint in joints]
    return np.asarray(np.mean(above, axis=0))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("kind", ["joint", "span", "pair"])
def test_motion_energy_does_not_find_the_truth(name: str, kind: str) -> None:
    layout = load_layout(name)
    planted = {
        "joint": lambda: simulate_planted_joint(layout, subjects=4, clips_per_class=10),
        "span": lambda: simulate_planted_joint(layout, strokes=[2], subjects=4, clips_per_class=10),
        "pair": lambda: simulate_planted_pair(layout, subjects=4, clips_per_class=10),
    }[kind]()
    moved, _ = moves(planted)
    joints = list(layout.indices(planted.joints))
    speed = (np.diff(moved, axis=1) ** 2).sum(axis=3).mean(axis=1)
    spread = (moved**2).sum(axis=3).mean(axis=1)
    for energy in (speed, spread):
        assert np.ptp(energy.mean(axis=0)) < 0.04 * energy.mean()
        assert abs(ranks(energy, joints).mean() - 0.5) < 0.1
        assert abs(ranks(energy.mean(axis=0)[None], joints).mean() - 0.5) < 0.1


@pytest.mark.parametrize("name", LAYOUTS)
def test_only_the_planted_joint_tells_the_classes_apart(name: str) -> None:
    layout = load_layout(name)
    planted = simulate_planted_joint(layout, subjects=4, clips_per_class=10)
    moved, labels = moves(planted)
    height = moved[..., 1]
    pattern = height[labels == 0].mean(axis=0) - height[labels == 1].mean(axis=0)
    strength = np.abs(pattern).mean(axis=0)
    target = layout.index(planted.joints[0])
    assert target not in layout.centre
    assert strength[target] > 3 * np.delete(strength, target).max()
    sign = np.sign((height[..., target] * pattern[:, target]).sum(axis=1))
    np.testing.assert_array_equal(sign, 1 - 2 * labels)
    assert planted.span == (0, moved.shape[1])


def test_a_planted_span_shows_the_class_and_other_frames_do_not() -> None:
    layout = load_layout("kinect_v2")
    planted = simulate_planted_joint(
        layout, joint="right_knee", strokes=[1, 2], subjects=4, clips_per_class=20
    )
    assert planted.joints == ("right_knee",)
    assert planted.span == (16, 48)
    moved, labels = moves(planted)
    height = moved[:, :, layout.index("right_knee"), 1]
    pattern = np.abs(height[labels == 0].mean(axis=0) - height[labels == 1].mean(axis=0))
    start, stop = planted.span
    inside, outside = pattern[start:stop].mean(), np.r_[pattern[:start], pattern[stop:]].mean()
    assert inside > 3 * outside


@pytest.mark.parametrize("lag", [0, 2])
def test_a_planted_pair_moves_as_one_in_its_class_only(lag: int) -> None:
    layout = load_layout("kinect_v2")
    planted = simulate_planted_pair(layout, lag=lag, subjects=2, clips_per_class=10)
    leader, follower = layout.indices(planted.joints)
    assert layout.hops[leader, follower] == layout.hops.max()
    moved, labels = moves(planted)
    first, second = moved[:, : moved.shape[1] - lag, leader], moved[:, lag:, follower]
    likeness = (first * second).sum(axis=(1, 2)) / np.sqrt(
        (first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2))
    )
    assert likeness[labels == 0].min() > 0.99
    assert np.abs(likeness[labels == 1]).max() < 0.8
    assert planted.class_names == ("together", "apart")
    assert planted.lag == lag


def test_planted_clips_are_repeatable_and_subjects_stay() -> None:
    layout = chain(5)
    few = simulate_planted_joint(layout, subjects=1, clips_per_class=2).clips
    many = {c.name: c for c in simulate_planted_joint(layout, subjects=2, clips_per_class=3).clips}
    for clip in few:
        np.testing.assert_array_equal(clip.keypoints, many[clip.name].keypoints)


def test_hands_stand_in_the_right_slot() -> None:
    planted = simulate_planted_pair(load_layout("mediapipe_hands"), subjects=1, clips_per_class=1)
    for clip in planted.clips:
        assert not clip.seen[:, 0].any()
        assert clip.seen[:, 1].all()


def test_bad_truths_are_refused() -> None:
    layout = chain(4)
    with pytest.raises(LayoutError, match="expected one of"):
        simulate_planted_joint(layout, joint="j9")
    with pytest.raises(ConfigError, match="strokes: expected neighbours"):
        simulate_planted_joint(layout, strokes=[0, 2])
    with pytest.raises(ConfigError, match="strokes: expected 0 to 3"):
        simulate_planted_joint(layout, strokes=[3, 4])
    with pytest.raises(ConfigError, match="pair: expected two different joints"):
        simulate_planted_pair(layout, pair=("j1", "j1"))
    with pytest.raises(ConfigError, match="lag: expected 0 or more, got -1"):
        simulate_planted_pair(layout, lag=-1)
    with pytest.raises(ConfigError, match="frames: expected 16 or more"):
        simulate_planted_joint(layout, frames=3)
