"""Choosing clips to label: values by hand, planted clusters, duplicates, one a recording."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.errors import ConfigError
from skelgraph.evaluation.acquisition import MEASURES, STRATEGIES, Pool, pick, uncertainty


def make_pool(
    centres: list[list[float]],
    unsure: list[float],
    *,
    each: int = 20,
    labelled: list[list[float]] | None = None,
) -> Pool:
    """Clusters of clips about some directions, each with its uncertainty."""
    draw = np.random.default_rng(0)
    points = np.repeat(np.array(centres, dtype=float), each, axis=0)
    size = len(points)
    return Pool(
        uncertainty=np.repeat(unsure, each) + draw.uniform(0, 0.01, size),
        features=points + draw.normal(0, 0.01, points.shape),
        predicted=np.repeat(np.arange(len(centres)), each),
        recording=np.arange(size),
        labelled=np.array(labelled or [], dtype=float).reshape(-1, points.shape[1]),
        counts=np.zeros(len(centres), dtype=np.int64),
    )


AXES = np.eye(4).tolist()


def clusters_of(pool: Pool, places: np.ndarray) -> list[int]:
    return pool.predicted[places].tolist()


def test_measures_by_hand() -> None:
    rows = np.array([[0.25] * 4, [0.7, 0.1, 0.1, 0.1], [0.5, 0.5, 0.0, 0.0], [1.0, 0, 0, 0]])
    logs = -(0.7 * np.log(0.7) + 0.3 * np.log(0.1)) / np.log(4)
    np.testing.assert_allclose(uncertainty(rows), [1, logs, 0.5, 0], atol=1e-9)
    np.testing.assert_allclose(uncertainty(rows, measure="margin"), [1, 0.4, 1, 0], atol=1e-9)
    expected = [1, 0.4, 2 / 3, 0]
    np.testing.assert_allclose(uncertainty(rows, measure="confidence"), expected, atol=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_measures_lie_between_0_and_1_and_ignore_the_order_of_classes(measure: str) -> None:
    rows = np.random.default_rng(0).dirichlet(np.full(5, 0.3), 200)
    values = uncertainty(rows, measure=measure)
    assert values.min() >= 0 and values.max() <= 1
    np.testing.assert_allclose(values, uncertainty(rows[:, ::-1], measure=measure))


@pytest.mark.parametrize("strategy", ["uncertainty", "mixed"])
def test_a_planted_uncertain_cluster_is_found(strategy: str) -> None:
    pool = make_pool(AXES, [0.01, 0.01, 0.9, 0.01], labelled=AXES)
    found = pick(pool, 5, strategy=strategy).places
    assert clusters_of(pool, found) == [2] * 5 or strategy == "mixed"
    assert clusters_of(pool, found).count(2) >= 4


def test_diverse_choices_beat_plain_uncertainty_on_duplicates() -> None:
    pool = make_pool(AXES, [0.95, 0.6, 0.6, 0.6])  # the least sure are all alike
    found = {name: pick(pool, 4, strategy=name).places for name in STRATEGIES}
    assert set(clusters_of(pool, found["uncertainty"])) == {0}
    assert set(clusters_of(pool, found["diversity"])) == {0, 1, 2, 3}
    assert len(set(clusters_of(pool, found["mixed"]))) == 4


def test_what_is_labelled_is_kept_away_from() -> None:
    pool = make_pool(AXES, [0.5] * 4, labelled=AXES[:3])
    for strategy in ("diversity", "mixed"):
        assert clusters_of(pool, pick(pool, 1, strategy=strategy).places) == [3]


def test_farthest_first_agrees_with_loops() -> None:
    draw = np.random.default_rng(1)
    pool = make_pool(draw.normal(size=(6, 5)).tolist(), [0.5] * 6, each=5, labelled=[[1.0] * 5])
    unit = pool.features / np.linalg.norm(pool.features, axis=1, keepdims=True)
    taken = [np.ones(5) / np.sqrt(5)]
    for place, apart in zip(*_pairs(pick(pool, 8, strategy="diversity")), strict=True):
        gaps = [min(np.linalg.norm(one - other) for other in taken) for one in unit]
        assert apart == pytest.approx(max(gaps), abs=1e-6)
        assert gaps[place] == pytest.approx(max(gaps), abs=1e-6)
        taken.append(unit[place])


def _pairs(picked: object) -> tuple[np.ndarray, np.ndarray]:
    return picked.places, picked.apart  # type: ignore[attr-defined]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_never_two_clips_of_a_recording_unless_asked(strategy: str) -> None:
    pool = make_pool(AXES, [0.5] * 4)
    pool.recording[:] = np.arange(80) // 10  # windows of 8 recordings
    found = pick(pool, 20, strategy=strategy).places
    assert len(found) == 8
    assert len(set(pool.recording[found])) == 8
    assert len(pick(pool, 20, strategy=strategy, same_recording=True).places) == 20


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_clip_twice_and_no_more_than_there_are(strategy: str) -> None:
    pool = make_pool(AXES[:2], [0.5, 0.5], each=3)
    found = pick(pool, 50, strategy=strategy).places
    assert sorted(found) == list(range(6))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_balanced_takes_classes_in_turns(strategy: str) -> None:
    pool = make_pool(AXES, [0.9, 0.5, 0.2, 0.1])
    pool.counts[:] = [3, 1, 1, 1]
    found = clusters_of(pool, pick(pool, 8, strategy=strategy, balanced=True).places)
    totals = pool.counts + np.bincount(found, minlength=4)
    assert sorted(totals) == [3, 3, 4, 4]
    few = make_pool(AXES[:2], [0.9, 0.1], each=3)
    assert len(pick(few, 6, strategy=strategy, balanced=True).places) == 6


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_seed_fixes_what_is_drawn_and_input_stays(strategy: str) -> None:
    pool = make_pool(AXES, [0.5] * 4)
    kept = pool.features.copy(), pool.counts.copy()
    first = pick(pool, 10, strategy=strategy, seed=3).places
    np.testing.assert_array_equal(first, pick(pool, 10, strategy=strategy, seed=3).places)
    other = pick(pool, 10, strategy=strategy, seed=4).places
    assert (first.tolist() == other.tolist()) == (strategy != "random")  # chance is there alone
    np.testing.assert_array_equal(pool.features, kept[0])
    np.testing.assert_array_equal(pool.counts, kept[1])


def test_random_draws_follow_the_sizes_of_clusters() -> None:
    pool = make_pool(AXES, [0.9, 0.1, 0.1, 0.1])
    drawn = np.concatenate([pick(pool, 8, strategy="random", seed=i).places for i in range(60)])
    shares = np.bincount(clusters_of(pool, drawn), minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, 0.25, atol=0.06)


def test_clips_that_are_all_alike_and_sure_can_be_chosen() -> None:
    pool = make_pool(AXES[:1], [0.0], each=4, labelled=AXES[:1])
    pool.uncertainty[:] = 0
    pool.features[:] = AXES[0]
    assert len(pick(pool, 3).places) == 3


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"strategy": "mixd"}, "Did you mean 'mixed'"),
        ({"count": 0}, "count: expected at least 1, got 0"),
    ],
)
def test_bad_input_is_refused(given: dict[str, object], match: str) -> None:
    options = {"count": 3, **given}
    with pytest.raises(ConfigError, match=match):
        pick(make_pool(AXES, [0.5] * 4), **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="Did you mean 'entropy'"):
        uncertainty(np.ones((1, 2)) / 2, measure="entrpy")
