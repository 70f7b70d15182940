"""What figures show of importance, links and towers, from a model that was not trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.explain import Importance
from skelgraph.graphs import load_layout
from skelgraph.models import build_model, resolve_config
from skelgraph.training.config import DataOptions
from skelgraph.training.explained import (
    ClipMotion,
    both_importances,
    importance_of,
    mean_frames,
    motion_of,
    part_shares,
    shares,
)
from skelgraph.training.explaining import explain_clips
from skelgraph.training.links_seen import links_of
from skelgraph.training.towers_seen import BINS, gate_of_classes, towers_of
from tests.training.clips import TINY, make_store
from tests.training.test_attention import make_recogniser

ALL = DataOptions(num_frames=0)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    folder = tmp_path_factory.mktemp("stores")
    return {
        name: make_store(folder / name, load_layout(name), subjects=2)
        for name in ("coco17", "mediapipe_hands")
    }


def explain(store: Store, *, data: DataOptions | None = None, method: str = "cam") -> Importance:
    recogniser = make_recogniser(store.layout, data=data)
    return explain_clips(recogniser, store, rows=np.arange(store.num_clips), method=method)


def test_shares_have_magnitudes_that_sum_to_one() -> None:
    np.testing.assert_allclose(shares(np.array([3.0, -1.0, np.nan]))[:2], [0.75, -0.25])
    assert shares(np.zeros(3)).tolist() == [0, 0, 0]


def test_means_over_frames_add_up_to_the_joints(stores: dict[str, Store]) -> None:
    for store in stores.values():
        for data in (None, ALL):
            importance = explain(store, data=data)
            by_frame = mean_frames(importance)
            np.testing.assert_allclose(
                by_frame.sum(axis=1), importance.mean_joints(), rtol=1e-4, atol=1e-6
            )
    assert np.isnan(by_frame[1]).all()  # the right hand was never there


def test_a_method_without_frames_has_no_matrix(stores: dict[str, Store]) -> None:
    importance = explain(stores["coco17"], method="occlusion")
    with pytest.raises(RunError, match="expected a method that tells frames apart"):
        mean_frames(importance)


def test_parts_add_up_to_the_whole(stores: dict[str, Store]) -> None:
    importance = explain(stores["mediapipe_hands"])
    parts = part_shares(importance)
    assert set(parts) >= {"thumb", "palm"}
    total = np.sum([values[:, 0].mean() for values in parts.values()])
    assert total == pytest.approx(np.nansum(shares(importance.mean_joints())), rel=1e-4)
    assert np.isnan(parts["thumb"][:, 1]).all()


def test_phases_are_recorded_frames() -> None:
    positions = np.zeros((10, 1, 2, 3))
    positions[5:] = 1.0  # all of it between the model's frames 4 and 5
    motion = ClipMotion(positions, np.ones((10, 1, 2), dtype=bool), length=100, fps=50.0)
    assert motion.step == 10
    assert motion.phases()["peak"] == pytest.approx(50.0)


def test_files_and_runs_are_not_mixed(stores: dict[str, Store], tmp_path: Path) -> None:
    first, other = tmp_path / "a.npz", tmp_path / "b.npz"
    explain(stores["coco17"]).save(first)
    explain(stores["mediapipe_hands"]).save(other)
    assert len(importance_of(first)) == 12
    with pytest.raises(RunError, match="expected neither clips nor a method beside a file"):
        importance_of(first, method="cam")
    with pytest.raises(RunError, match="expected two runs or two files"):
        both_importances(first, tmp_path)
    with pytest.raises(RunError, match="expected the same joints, got 17 joints and 21 joints"):
        both_importances(first, other)
    assert [one.method for one in both_importances(first, first)] == ["cam", "cam"]


def test_motion_needs_one_clip_and_its_run(stores: dict[str, Store]) -> None:
    importance = explain(stores["coco17"])
    with pytest.raises(RunError, match="expected importance of one clip, got 12"):
        motion_of(importance)
    with pytest.raises(RunError, match="expected importance that says its run and data"):
        motion_of(importance.take(np.array([0])))


def test_links_are_probabilities_without_the_ghost(stores: dict[str, Store]) -> None:
    store = stores["mediapipe_hands"]
    seen = links_of(make_recogniser(store.layout), store, rows=np.arange(store.num_clips))
    assert seen.probability.shape == (12, 2, 2, 21, 21)
    assert np.isnan(seen.probability[:, 1]).all()
    given = seen.probability[:, 0]
    assert (given >= 0).all() and (given.sum(axis=1) <= 1 + 1e-5).all()
    assert seen.mean().shape == (2, 2, 21, 21)
    np.testing.assert_allclose(seen.mean()[0], given.mean(axis=0), rtol=1e-5)
    rising = seen.choose(class_name="rising")
    assert len(rising) == 4 and all("rising" in name for name in rising.names)
    np.testing.assert_array_equal(rising.probability, seen.probability[seen.label == 1])


def test_a_model_without_links_is_refused(stores: dict[str, Store]) -> None:
    store = stores["coco17"]
    recogniser = make_recogniser(store.layout, head="pooled")
    with pytest.raises(RunError, match="expected a model with a gate"):
        towers_of(recogniser, store, rows=np.arange(2))
    config = resolve_config("st_gcn", "small", overrides=TINY)
    model = build_model("st_gcn", store.layout, num_classes=3, config=config).eval()
    recogniser = replace(recogniser, model=model)
    with pytest.raises(RunError, match="expected a model that infers links, got one without"):
        links_of(recogniser, store, rows=np.arange(2))


@pytest.mark.parametrize("data", [None, ALL])
def test_rows_of_attention_sum_to_one(data: DataOptions | None, stores: dict[str, Store]) -> None:
    store = stores["coco17"]
    recogniser = make_recogniser(store.layout, data=data)
    seen = towers_of(recogniser, store, rows=np.arange(store.num_clips))
    step, joint = seen.mean_attention()
    assert joint.shape[1:] == (17, 17)
    assert step.shape[1] == step.shape[2] == (4 if data is None else BINS)
    np.testing.assert_allclose(step.sum(axis=-1), 1, rtol=1e-4)
    np.testing.assert_allclose(joint.sum(axis=-1), 1, rtol=1e-4)
    np.testing.assert_allclose(seen.gate.sum(axis=1), 1, rtol=1e-5)


def test_the_gate_by_class(stores: dict[str, Store]) -> None:
    store = stores["coco17"]
    seen = towers_of(
        make_recogniser(store.layout), store, rows=np.arange(store.num_clips), matrices=False
    )
    found = dict(gate_of_classes(seen))
    assert list(found) == ["still", "rising", "shaking"]
    np.testing.assert_array_equal(found["rising"], seen.gate[seen.label == 1, 1])
    with pytest.raises(RunError, match="expected attention matrices, got none"):
        seen.mean_attention()
    unlabelled = replace(seen, label=np.full(12, -1), predicted=np.zeros(12, dtype=int))
    assert [name for name, _ in gate_of_classes(unlabelled)] == ["still"]
