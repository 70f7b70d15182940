"""Importance of A-links as one result: what is kept, what is written, what is read again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from skelgraph.errors import RunError
from skelgraph.explain import LinkImportance, read_importance, read_link_importance
from skelgraph.graphs import load_layout
from tests.explain.test_importance import make_importance


def make_links(name: str = "mediapipe_hands") -> LinkImportance:
    layout = load_layout(name)
    joints = layout.num_joints
    present = np.array([[True, False], [True, True], [True, False]])
    values = np.random.default_rng(0).normal(size=(3, 2, 2, joints, joints)).astype(np.float32)
    values *= present[..., None, None, None]
    values[..., np.arange(joints), np.arange(joints)] = 0
    return LinkImportance(
        values=values,
        present=present,
        target=np.array([1, 0, 0]),
        predicted=np.array([1, 0, 0]),
        label=np.array([0, 1, -1]),
        names=("one", "two", "three"),
        class_names=("wave", "grasp"),
        method="first_order",
        layout=layout,
        provenance={"run": "runs/a"},
    )


def test_npz_comes_back_whole(tmp_path: Path) -> None:
    links = make_links()
    links.save(tmp_path / "a.npz")
    again = read_link_importance(tmp_path / "a.npz")
    for name in links.arrays:
        np.testing.assert_array_equal(getattr(again, name), getattr(links, name))
    for name in ("names", "class_names", "method", "layout", "provenance"):
        assert getattr(again, name) == getattr(links, name)


def test_means_leave_absent_bodies_out() -> None:
    links = make_links()
    np.testing.assert_allclose(links.mean()[1], links.values[1, 1], rtol=1e-6)
    np.testing.assert_allclose(links.mean()[0], links.values[:, 0].mean(0), rtol=1e-5)
    assert np.isnan(links.take(np.array([0])).mean()[1]).all()
    people = make_links("coco17")
    known = people.values[people.present]
    np.testing.assert_allclose(people.mean()[0], known.mean(0), rtol=1e-5)


def test_the_table_has_a_row_a_class_and_link(tmp_path: Path) -> None:
    links = make_links()
    links.save(tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 21 * 20 * 3  # grasp was asked of one hand, wave of both
    joints = links.layout.joints
    bodies = {"left": 0, "right": 1}
    groups = dict(links.by_target())
    assert {name: len(some) for name, some in groups.items()} == {"wave": 2, "grasp": 1}
    for row in rows[:: len(rows) // 40]:
        ends = (joints.index(row["from"]), joints.index(row["to"]))
        place = (bodies[row["body"]], int(row["type"]) - 1, *ends)
        assert float(row["importance"]) == pytest.approx(groups[row["class"]].mean()[place], 1e-4)
        assert int(row["clips"]) == len(groups[row["class"]])


def test_a_file_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    make_links().save(tmp_path / "links.npz")
    make_importance().save(tmp_path / "joints.npz")
    with pytest.raises(RunError, match="expected importance of joints, got that of A-links"):
        read_importance(tmp_path / "links.npz")
    with pytest.raises(RunError, match=r"got that of joints. Give a file of `skelgraph explain --"):
        read_link_importance(tmp_path / "joints.npz")
