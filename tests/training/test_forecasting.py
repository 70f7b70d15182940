from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.clip import IMAGE_AXES, Clip
from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, RunError, StoreError
from skelgraph.graphs import Layout, load_layout
from skelgraph.models import build_model
from skelgraph.models.building import resolve_config
from skelgraph.training.config import (
    DataOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
)
from skelgraph.training.config_checks import check
from skelgraph.training.forecast_scores import score_forecasts
from skelgraph.training.forecasting import forecast, forecast_clips
from skelgraph.training.forecasts import METHODS, write_forecasts
from skelgraph.training.supervised import train
from skelgraph.training.weights import Recogniser, save_recogniser
from tests.training.clips import CLASSES, TINY, make_clips

FRAMES = 3
LAYOUT = load_layout("kinect_v1")


def recogniser(
    layout: Layout = LAYOUT, *, still: bool = False, window: str | None = None, coords: int = 3
) -> Recogniser:
    """An untrained run; `still` holds the last pose, else its forecast hangs on all it sees."""
    torch.manual_seed(0)
    overrides = {**TINY, "forecast": FRAMES, "num_coords": coords}
    config = resolve_config("as_gcn", "small", overrides=overrides)
    model = build_model("as_gcn", layout, num_classes=len(CLASSES), config=config).eval()
    with torch.no_grad():
        for parameter in (model.forecaster.out.weight, model.forecaster.carry):
            parameter.copy_(torch.zeros_like(parameter) if still else torch.rand_like(parameter))
    return Recogniser(
        model=model,
        layout=layout,
        class_names=CLASSES,
        data=DataOptions(num_frames=0, window=window),
        num_coords=coords,
        temperature=1.0,
        model_config={"name": "as_gcn", "config": config},
        provenance={},
    )


def clips_of(layout: Layout = LAYOUT, *, bodies: int = 1, subjects: int = 2) -> list[Clip]:
    return make_clips(layout, subjects=subjects, each=1, bodies=bodies)


def store_of(path: Path, clips: list[Clip]) -> Store:
    return write_store(path, clips, class_names=CLASSES, provenance={})


def all_rows(store: Store) -> np.ndarray:
    return np.arange(store.num_clips)


def with_gaps(clip: Clip, seed: int) -> Clip:
    """Joints missing here and there, across the cut, throughout what is observed, and after."""
    draw = np.random.default_rng(seed)
    keypoints = clip.keypoints.copy()
    keypoints[draw.random(keypoints.shape[:3]) < 0.2] = np.nan
    cut = len(keypoints) - FRAMES
    keypoints[cut - 4 : cut + 1, :, LAYOUT.centre[0]] = np.nan
    keypoints[:cut, :, 5] = np.nan
    return replace(clip, keypoints=keypoints)


def changed_after_the_cut(clip: Clip) -> Clip:
    """Other places, another size and other gaps in the frames to predict."""
    keypoints = clip.keypoints.copy()
    keypoints[-FRAMES:] = 5 * keypoints[-FRAMES:] + 7
    keypoints[-FRAMES:, :, ::3] = np.nan
    return replace(clip, keypoints=keypoints)


def test_hidden_frames_change_nothing_bit_for_bit(tmp_path: Path) -> None:
    clips = [with_gaps(clip, seed) for seed, clip in enumerate(clips_of())]
    one = store_of(tmp_path / "one", clips)
    other = store_of(tmp_path / "other", [changed_after_the_cut(clip) for clip in clips])
    run = recogniser()
    first = forecast_clips(run, one, all_rows(one), hide=True)
    second = forecast_clips(run, other, all_rows(other), hide=True)
    for a, b in zip(first.tracks, second.tracks, strict=True):
        np.testing.assert_array_equal(a.observed, b.observed)
        np.testing.assert_array_equal(a.forecast, b.forecast)
        assert not np.array_equal(a.truth, b.truth, equal_nan=True)


def test_hiding_frames_is_as_if_the_recording_ended_there(tmp_path: Path) -> None:
    clips = [with_gaps(clip, seed) for seed, clip in enumerate(clips_of())]
    ended = [replace(clip, keypoints=clip.keypoints[:-FRAMES]) for clip in clips]
    whole, short = store_of(tmp_path / "whole", clips), store_of(tmp_path / "short", ended)
    run = recogniser()
    hidden = forecast_clips(run, whole, all_rows(whole), hide=True)
    use = forecast_clips(run, short, all_rows(short), hide=False)
    for a, b in zip(hidden.tracks, use.tracks, strict=True):
        np.testing.assert_array_equal(a.forecast, b.forecast)
        assert b.truth is None and a.start == b.start


@pytest.mark.parametrize(
    ("units", "axes"),
    [
        ("metre", ("right", "up", "away")),
        ("millimetre", ("left", "down", "away")),
        ("image fraction", IMAGE_AXES),
        ("pixel", IMAGE_AXES[:2]),
    ],
)
def test_poses_are_written_in_the_recordings_own_coordinates(
    units: str, axes: tuple[str, ...], tmp_path: Path
) -> None:
    """A run that holds the last pose gives back exactly that pose."""
    clips = [
        replace(
            with_gaps(clip, seed), units=units, axes=axes, width=640, height=480,
            keypoints=300 * with_gaps(clip, seed).keypoints[..., : len(axes)],
        )
        for seed, clip in enumerate(clips_of())
    ]  # fmt: skip
    store = store_of(tmp_path / "store", clips)
    result = forecast_clips(
        recogniser(still=True, coords=len(axes)), store, all_rows(store), hide=False
    )
    written = write_forecasts(result, tmp_path / "next", run="run")
    assert (written.units, written.axes, written.fps) == (units, axes, store.fps)
    for row, clip in enumerate(clips):
        after = written.clip(row)
        assert (after.name, after.label, after.num_frames) == (clip.name, clip.label, FRAMES)
        seen = np.isfinite(clip.keypoints).all(-1)
        last = np.where(seen, np.arange(len(seen))[:, None, None], -1).max(0)
        for joint in range(LAYOUT.num_joints):
            wanted = clip.keypoints[last[0, joint], 0, joint]
            for frame in after.keypoints[:, 0, joint]:
                np.testing.assert_allclose(frame, wanted, rtol=1e-3, atol=0.05)


def test_joints_never_observed_are_not_predicted(tmp_path: Path) -> None:
    clips = clips_of()
    for clip in clips:
        clip.keypoints[:, :, 5] = np.nan
    store = store_of(tmp_path / "store", clips)
    result = forecast_clips(recogniser(), store, all_rows(store), hide=False)
    for track in result.tracks:
        assert np.isnan(track.forecast[:, :, 5]).all()
        assert np.isfinite(np.delete(track.forecast, 5, axis=2)).all()


def test_the_true_poses_are_those_of_the_recording(tmp_path: Path) -> None:
    clips = clips_of()
    store = store_of(tmp_path / "store", clips)
    for track in forecast_clips(recogniser(), store, all_rows(store), hide=True).tracks:
        house = track.placement.house(track.truth)
        wanted = clips[track.row].keypoints[track.start : track.start + FRAMES]
        np.testing.assert_allclose(house, wanted, atol=1e-5)
        ready = track.placement.house(track.observed)
        np.testing.assert_allclose(ready, clips[track.row].keypoints[: track.start], atol=1e-5)


def test_a_held_pose_is_scored_as_the_guess_of_that_name(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", [with_gaps(c, i) for i, c in enumerate(clips_of())])
    result = forecast_clips(recogniser(still=True), store, all_rows(store), hide=True)
    scores = score_forecasts(result)
    assert tuple(scores["methods"]) == METHODS
    own, held = scores["methods"]["forecast"], scores["methods"]["last pose held"]
    np.testing.assert_allclose(own["by_frame"], held["by_frame"], rtol=1e-4)
    assert scores["num_windows"] == scores["num_clips"] == store.num_clips
    assert scores["by_joint"][LAYOUT.joints[5]] is None  # never observed


def test_recorded_errors_are_at_the_size_of_the_people(tmp_path: Path) -> None:
    clips = [replace(clip, keypoints=2 * clip.keypoints) for clip in clips_of()]
    small, large = store_of(tmp_path / "a", clips_of()), store_of(tmp_path / "b", clips)
    run = recogniser()
    one, other = (
        score_forecasts(forecast_clips(run, store, all_rows(store), hide=True))
        for store in (small, large)
    )
    np.testing.assert_allclose(
        other["methods"]["forecast"]["by_frame"], one["methods"]["forecast"]["by_frame"], rtol=1e-3
    )
    ratio = np.array(other["recorded_mm"]["forecast"]) / one["recorded_mm"]["forecast"]
    np.testing.assert_allclose(ratio, 2, rtol=1e-3)


def test_windows_are_forecast_one_by_one_and_named(tmp_path: Path) -> None:
    store = store_of(tmp_path / "store", clips_of())
    result = forecast_clips(recogniser(window="7"), store, all_rows(store), hide=True)
    assert len(result.tracks) == 2 * store.num_clips
    assert result.names[:2] == [f"{store.clips.name[0]}@4", f"{store.clips.name[0]}@11"]
    assert {len(track.observed) for track in result.tracks} == {7 - FRAMES}
    use = forecast_clips(recogniser(window="7"), store, all_rows(store), hide=False)
    assert [track.start for track in use.tracks] == store.clips.frames.tolist()
    assert {len(track.observed) for track in use.tracks} == {7 - FRAMES}


def test_short_and_empty_clips_are_dropped_and_told(tmp_path: Path) -> None:
    clips = clips_of()
    clips[0] = replace(clips[0], keypoints=clips[0].keypoints * np.nan)
    clips[1] = replace(clips[1], keypoints=clips[1].keypoints[: 2 * FRAMES])
    store = store_of(tmp_path / "store", clips)
    result = forecast_clips(recogniser(), store, all_rows(store), hide=True)
    assert set(result.dropped) == {clips[0].name, clips[1].name}
    assert "no joint" in result.dropped[clips[0].name]
    assert result.dropped[clips[1].name] == "6 frames, too few to hide 3 and observe more than 3"
    with pytest.raises(StoreError, match="expected a clip with more than 6 frames"):
        forecast_clips(recogniser(), store, np.array([1]), hide=True)
    with pytest.raises(RunError, match=r"joints of 'kinect_v1' for this run, got .* which lack "):
        other = store_of(tmp_path / "hands", clips_of(load_layout("mediapipe_hands")))
        forecast_clips(recogniser(), other, np.array([0]), hide=True)
    with pytest.raises(RunError, match=r"`skelgraph convert .*v2 OUT --to-layout kinect_v1`"):
        other = store_of(tmp_path / "v2", clips_of(load_layout("kinect_v2")))
        forecast_clips(recogniser(), other, np.array([0]), hide=True)


def test_a_run_of_one_hand_says_that_recordings_have_the_other_alone(tmp_path: Path) -> None:
    description = load_layout("openpose_upper8_hands").to_dict()
    left = Layout.from_dict({**description, "components": description["components"][:2]})
    store = store_of(tmp_path / "store", clips_of(left))
    run = recogniser(load_layout("mediapipe_hands"))
    run = replace(run, data=replace(run.data, slot="right"))
    with pytest.raises(RunError, match=r"of the right hand for this run, got .* other alone"):
        forecast_clips(run, store, all_rows(store), hide=True)


def test_two_hands_keep_their_slots(tmp_path: Path) -> None:
    hands = load_layout("mediapipe_hands")
    clips = clips_of(hands, bodies=2)
    for clip in clips:
        clip.keypoints[:, 0] = np.nan
    store = store_of(tmp_path / "store", clips)
    run = recogniser(hands)
    written = write_forecasts(
        forecast_clips(run, store, all_rows(store), hide=False), tmp_path / "next", run="run"
    )
    assert np.isnan(written.clip(0).keypoints[:, 0]).all()
    assert np.isfinite(written.clip(0).keypoints[:, 1]).all()


def test_a_run_without_a_head_says_how_to_train_one(tmp_path: Path) -> None:
    run = recogniser()
    config = {**run.model_config["config"], "forecast": 0}
    run.model_config = {"name": "as_gcn", "config": config}
    run.model = build_model("as_gcn", LAYOUT, num_classes=len(CLASSES), config=config)
    save_recogniser(tmp_path / "model.safetensors", run)
    with pytest.raises(RunError, match=r"prediction head.*train --data STORE --forecast 10"):
        forecast(tmp_path / "model.safetensors", tmp_path)


@pytest.mark.parametrize(("option", "value"), [("num_frames", 48), ("centre", "frame")])
def test_a_head_needs_frames_and_an_origin_that_mean_something(option: str, value: object) -> None:
    config = RunConfig(
        layout="kinect_v1",
        data=DataOptions(**{"num_frames": 0, option: value}),
        model=ModelOptions(overrides={"forecast": 10}),
    )
    with pytest.raises(ConfigError, match=rf"{option}: expected .* beside a prediction head"):
        check(config)


def test_a_confidence_is_no_place_to_predict(tmp_path: Path) -> None:
    clips = [
        replace(c, units="pixel", axes=("left", "down", "confidence")) for c in clips_of(subjects=4)
    ]
    store = store_of(tmp_path / "store", clips)
    config = RunConfig(
        layout="kinect_v1",
        store=str(store.path),
        data=DataOptions(num_frames=0),
        protocol=ProtocolOptions(val_fraction=0.5),
        model=ModelOptions(preset="small", overrides={**TINY, "forecast": FRAMES}),
    )
    with pytest.raises(ConfigError, match="expected places alone"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
