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
    seen, time = ~np.isnan(points), np.arange(clip.num_frames)
    for column in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        ok = seen[:, column]
        points[:, column] = np.interp(time, time[ok], points[ok, column])
    steps = np.linspace(0, clip.num_frames - 1, FRAMES)
    weights = np.maximum(1.0 - np.abs(steps[:, None] - time), 0.0)
    filled = (weights @ np.nan_to_num(points)).reshape(FRAMES, *clip.keypoints.shape[1:])
    centred = filled - filled[:, :, list(clip.layout.centre)].mean(axis=2, keepdims=True)
    return np.asarray(centred.ravel() / clip.layout.reference_length)


def parts(name: str, **counts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features and labels of simulated clips, and which clips are of unseen subjects."""
    clips, _ = simulate(load_layout(name), **counts)
    subjects = np.array([clip.subject for clip in clips])
    labels = np.array([clip.label for clip in clips])
    return np.stack([flattened(c) for c in clips]), labels, subjects > max(subjects) - TEST_SUBJECTS


def distances(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distance between every two rows."""
    squares = (features**2).sum(1)[:, None] + (others**2).sum(1)
    return np.asarray(squares - 2 * features @ others.T)


def nearest(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Label of the nearest training clip for every unseen one."""
    apart = distances(features[unseen], features[~unseen])
    return np.asarray(labels[~unseen][apart.argmin(axis=1)])


def svm_accuracy(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> float:
    """The best accuracy over a grid of an RBF SVM, chosen on the test clips: an upper bound."""
    svm = pytest.importorskip("sklearn.svm")
    scaled = (features - features[~unseen].mean(axis=0)) / (features[~unseen].std(axis=0) + 1e-9)
    apart = distances(scaled, scaled[~unseen]) / scaled.shape[1]
    scores = []
    for width in (0.3, 1.0):
        kernel = np.exp(-width * apart)
        for c in (10.0, 100.0):
            model = svm.SVC(C=c, kernel="precomputed").fit(kernel[~unseen], labels[~unseen])
            scores.append(model.score(kernel[unseen], labels[unseen]))
    return float(max(scores))


@pytest.mark.parametrize("name", ["mediapipe_hands", "openpose_body25"])
def test_plain_classifiers_stay_low_but_over_chance(name: str) -> None:
    features, labels, unseen = parts(name, subjects=7, clips_per_class=4)
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
