"""The result: sums, classes, files that come back whole."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from skelgraph.errors import RunError, SkelgraphError
from skelgraph.explain import Importance, read_importance
from skelgraph.explain.localising import hits, rank_of_truth
from skelgraph.graphs import load_layout
from skelgraph.graphs.layout import SLOTS


def make_importance(*, timed: bool = True, name: str = "mediapipe_hands") -> Importance:
    layout = load_layout(name)
    draw = np.random.default_rng(0)
    present = np.array([[True, True], [True, False], [False, True]])
    values = draw.normal(size=(3, 2, 4, layout.num_joints)).astype(np.float32)
    values *= present[..., None, None]
    values[1, :, 2:] = 0
    return Importance(
        values=values if timed else values.sum(axis=2),
        present=present,
        frames=np.array([4, 2, 4]),
        target=np.array([0, 1, 1]),
        predicted=np.array([0, 1, 0]),
        label=np.array([0, -1, 1]),
        names=("one", "two", "three"),
        class_names=("wave", "grasp"),
        method="cam" if timed else "occlusion",
        layout=layout,
        provenance={"run": "runs/a", "seed": 0, "options": {"hide": True}},
    )


@pytest.mark.parametrize("timed", [True, False])
def test_npz_comes_back_whole(tmp_path: Path, timed: bool) -> None:
    importance = make_importance(timed=timed)
    importance.save(tmp_path / "a.npz")
    again = read_importance(tmp_path / "a.npz")
    for name in ("values", "present", "frames", "target", "predicted", "label"):
        np.testing.assert_array_equal(getattr(again, name), getattr(importance, name))
    for name in ("names", "class_names", "method", "layout", "provenance", "timed"):
        assert getattr(again, name) == getattr(importance, name)
    with pytest.raises(SkelgraphError, match="expected a path that is free"):
        importance.save(tmp_path / "a.npz")
    importance.save(tmp_path / "a.npz", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("timed", [True, False])
def test_the_table_holds_every_value(tmp_path: Path, timed: bool) -> None:
    importance = make_importance(timed=timed)
    importance.save(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (4 + 4 + 2 + 4 if timed else 4)
    for row in rows:
        place = (importance.names.index(row["clip"]), SLOTS.index(row["body"]))
        place = (*place, int(row["frame"])) if timed else place
        found = [float(row[joint]) for joint in importance.layout.joints]
        np.testing.assert_allclose(found, importance.values[place], rtol=1e-4)
    assert {row["label"] for row in rows if row["clip"] == "two"} == {""}
    assert {row["class"] for row in rows if row["clip"] == "three"} == {"grasp"}


def test_the_table_counts_people() -> None:
    rows = list(make_importance(name="coco17").table())
    body = rows[0].index("body")
    assert {row[body] for row in rows[1:]} == {"0", "1"}


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ending in .npz or .csv, got '.json'"):
        make_importance().save(tmp_path / "a.json")
    for content in (b"", b"PK not a zip", b"{}"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(RunError, match="expected importance as `skelgraph explain"):
            read_importance(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", values=np.zeros(3))
    with pytest.raises(RunError, match="Write it again"):
        read_importance(tmp_path / "other.npz")


def test_sums_leave_absent_bodies_out() -> None:
    importance = make_importance()
    joints = importance.joints()
    assert np.isnan(joints[1, 1]).all() and np.isfinite(joints[0]).all()
    np.testing.assert_allclose(importance.over_bodies(), np.nansum(joints, axis=1))
    np.testing.assert_allclose(
        importance.over_joints().sum(1), importance.over_bodies().sum(1), rtol=1e-5
    )
    mean = importance.mean_joints()
    np.testing.assert_allclose(mean[0], (joints[0, 0] + joints[1, 0]) / 2)
    parts = importance.parts()
    np.testing.assert_allclose(sum(parts.values()), importance.over_bodies().sum(1), rtol=1e-5)
    assert make_importance(name="coco17").mean_joints().shape == (1, 17)
    with pytest.raises(RunError, match="expected a method that tells frames apart, got 'occl"):
        make_importance(timed=False).over_joints()


def test_classes_go_by_label_then_by_prediction() -> None:
    importance = make_importance()
    assert importance.of_class("wave").names == ("one",)
    assert importance.of_class("grasp").names == ("two", "three")
    with pytest.raises(RunError, match="Did you mean 'wave'"):
        importance.of_class("wav")
    with pytest.raises(RunError, match="expected a clip of it, got none among 1"):
        importance.of_class("wave").of_class("grasp")


def test_one_clip_a_class_or_all_are_chosen() -> None:
    importance = make_importance()
    assert importance.choose(clip="two").names == importance.choose(clip="1").names == ("two",)
    assert importance.choose(class_name="grasp").names == ("two", "three")
    assert importance.choose().names == importance.names
    with pytest.raises(RunError, match="expected the name of one of 3 clips"):
        importance.choose(clip="four")


def test_ranks_and_hits_by_hand() -> None:
    values = np.array([[3.0, 1.0, 2.0, np.nan], [1.0, 1.0, 1.0, 1.0], [np.nan] * 4])
    truth = np.array([True, False, True, False])
    ranks = rank_of_truth(values, truth)
    np.testing.assert_allclose(ranks, [1.0, 0.5, np.nan])
    assert hits(values[:2], truth).tolist() == [True, False]
    assert rank_of_truth(values[:1], np.array([False, False, True, False]))[0] == 0.5
