"""The simulated clips are no toy: plain classifiers stay low on unseen subjects."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.synthetic import simulate
from skelgraph.graphs import load_layout

FRAMES = 16
TEST_SUBJECTS = 3
CEILING = 0.85


def flattened(clip: Clip) -> np.ndarray:
    """Gaps filled, root-centred, resampled to a fixed length, over the reference length."""
    points = clip.keypoints.reshape(clip.num_frames, -1).astype(float)
    seen = ~np.isnan(points)
    time, steps = np.arange(clip.num_frames), np.linspace(0, clip.num_frames - 1, FRAMES)
    columns = [
        np.interp(steps, time[ok], column[ok]) if ok.any() else np.full(FRAMES, np.nan)
        for column, ok in zip(points.T, seen.T, strict=True)
    ]
    shape = (FRAMES, *clip.keypoints.shape[1:])
    filled = np.stack(columns, axis=1).reshape(shape)
    centred = filled - filled[:, :, list(clip.layout.centre)].mean(axis=2, keepdims=True)
    return np.asarray(np.nan_to_num(centred).ravel() / clip.layout.reference_length)


def parts(name: str, **counts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features and labels of simulated clips, and which clips are of unseen subjects."""
    clips, _ = simulate(load_layout(name), **counts)
    subjects = np.array([clip.subject for clip in clips])
    labels = np.array([clip.label for clip in clips])
    return np.stack([flattened(c) for c in clips]), labels, subjects > max(subjects) - TEST_SUBJECTS


def nearest(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Label of the nearest training clip for every unseen one."""
    known, asked = features[~unseen], features[unseen]
    squares = (asked**2).sum(1)[:, None] + (known**2).sum(1) - 2 * asked @ known.T
    return np.asarray(labels[~unseen][squares.argmin(axis=1)])


def svm_accuracy(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> float:
    """The best accuracy over a grid of an RBF SVM, chosen on the test clips: an upper bound."""
    svm = pytest.importorskip("sklearn.svm")
    known, asked = features[~unseen], features[unseen]
    mean, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    known, asked = (known - mean) / spread, (asked - mean) / spread
    scores = [
        svm.SVC(C=c, gamma=g / known.shape[1])
        .fit(known, labels[~unseen])
        .score(asked, labels[unseen])
        for c in (10.0, 100.0)
        for g in (0.3, 1.0)
    ]
    return float(max(scores))


@pytest.mark.parametrize("name", ["mediapipe_hands", "openpose_body25"])
def test_plain_classifiers_stay_low_but_over_chance(name: str) -> None:
    features, labels, unseen = parts(name, subjects=8, clips_per_class=4)
    chance = 1.0 / (labels.max() + 1)
    neighbour = (nearest(features, labels, unseen) == labels[unseen]).mean()
    assert 2 * chance < neighbour < CEILING
    assert 2 * chance < svm_accuracy(features, labels, unseen) < CEILING


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mediapipe_hands", "openpose_body25"])
def test_plain_classifiers_stay_low_on_the_default_set(name: str) -> None:
    features, labels, unseen = parts(name)
    assert (nearest(features, labels, unseen) == labels[unseen]).mean() < CEILING
    assert svm_accuracy(features, labels, unseen) < CEILING


def test_shuffled_labels_leave_chance() -> None:
    features, labels, unseen = parts("mediapipe_hands", subjects=6, clips_per_class=3)
    hits = []
    for seed in range(5):
        shuffled = labels.copy()
        known = np.flatnonzero(~unseen)
        shuffled[known] = labels[np.random.default_rng(seed).permutation(known)]
        hits.append((nearest(features, shuffled, unseen) == labels[unseen]).mean())
    chance = 1.0 / (labels.max() + 1)
    assert abs(np.mean(hits) - chance) < 0.04
