from __future__ import annotations

import numpy as np
import pytest

from skelgraph.evaluation.forecasting import (
    at_milliseconds,
    hold_pose,
    joint_distances,
    keep_velocity,
    score_curves,
)

NAN = float("nan")


def track(*places: float) -> tuple[np.ndarray, np.ndarray]:
    """One joint along one axis, NaN where not seen: positions (T, 1, 1) and seen (T, 1)."""
    values = np.array(places)[:, None, None]
    return np.nan_to_num(values, nan=99.0), np.isfinite(values)[..., 0]


def guess(method, *places: float) -> list[float]:
    return method(*track(*places), num_frames=3)[:, 0, 0].tolist()


def test_simple_guesses_by_hand() -> None:
    assert guess(hold_pose, 0, 1, 3) == [3, 3, 3]
    assert guess(keep_velocity, 0, 1, 3) == [5, 7, 9]


def test_simple_guesses_start_from_the_last_frames_seen() -> None:
    assert guess(hold_pose, 0, 3, NAN) == [3, 3, 3]
    # From 1 to 3 in two frames; the last sighting is a frame old already.
    assert guess(keep_velocity, 0, 1, NAN, 3, NAN) == [5, 6, 7]
    assert guess(keep_velocity, NAN, 2, NAN) == [2, 2, 2]


@pytest.mark.parametrize("method", [hold_pose, keep_velocity])
def test_a_joint_never_seen_has_no_guess(method) -> None:
    assert np.isnan(guess(method, NAN, NAN)).all()


def test_distances_are_unknown_where_either_place_is() -> None:
    predicted = np.array([[[3.0, 4.0], [NAN, 0.0], [1.0, 1.0]]])
    truth = np.array([[[0.0, 0.0], [0.0, 0.0], [NAN, NAN]]])
    np.testing.assert_array_equal(joint_distances(predicted, truth), [[5.0, NAN, NAN]])


def test_between_frames_errors_lie_on_a_line_from_zero() -> None:
    found = at_milliseconds(np.array([2.0, 4.0, 8.0]), step_ms=40, horizons=(20, 80, 100, 120, 121))
    assert found == {"20": 1.0, "80": 4.0, "100": 6.0, "120": 8.0, "121": None}


def curves(windows: int = 6) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    own = draw.uniform(1, 2, (windows, 4))
    return {"own": own, "other": own + 3 + draw.uniform(0, 0.1, own.shape)}


def test_scores_hold_means_and_paired_gains() -> None:
    values = curves()
    values["own"][0, 3] = NAN
    found = score_curves(
        values, subject=np.full(6, -1), clip=np.array([0, 0, 1, 1, 2, 2]), step_ms=None
    )
    assert found["interval_over"] == "clips" and found["groups"] == 3
    own = found["methods"]["own"]
    assert own["by_frame"][3] == pytest.approx(np.nanmean(values["own"][:, 3]))
    assert own["at_frame"] == {"1": own["by_frame"][0], "5": None, "10": None}
    assert "at_ms" not in own
    for mean, low, high in own["gain"]["other"][:3]:
        assert 3 < low < mean < high < 3.2
    assert "gain" not in found["methods"]["other"]


def test_intervals_match_scipy_over_subjects() -> None:
    from scipy import stats

    values, subject = curves(), np.array([1, 1, 2, 2, 3, 3])
    found = score_curves(values, subject=subject, clip=np.arange(6), step_ms=100)
    assert found["interval_over"] == "subjects" and found["groups"] == 3
    means = values["own"].reshape(3, 2, 4).mean(1)[:, 0]
    wanted = stats.t.interval(0.95, 2, loc=means.mean(), scale=stats.sem(means))
    np.testing.assert_allclose(found["methods"]["own"]["interval"][0], wanted)
    assert found["methods"]["own"]["at_ms"]["80"] == pytest.approx(0.8 * values["own"][:, 0].mean())


def test_one_group_has_no_interval() -> None:
    found = score_curves(curves(1), subject=np.array([-1]), clip=np.array([0]), step_ms=None)
    assert found["methods"]["own"]["interval"] == [[None, None]] * 4
