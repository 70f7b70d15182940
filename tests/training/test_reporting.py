"""The report of small runs: what it gathers, what it leaves out, and why."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.graphs import load_layout
from skelgraph.training.report_clips import choose_clips
from skelgraph.training.reporting import ReportOptions, build_report, describe_run
from skelgraph.training.run import HISTORY, METRICS, PREDICTIONS, WEIGHTS
from skelgraph.training.run_changes import compare_runs
from skelgraph.training.run_tables import PredictionTable, read_predictions
from skelgraph.training.supervised import train
from tests.report.test_packing import unpack
from tests.training.clips import CLASSES, make_config, make_store

QUICK = ReportOptions(method="cam", checked=0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("data") / "store", load_layout("coco17"))


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(make_config(store, epochs=1), folder)
    return folder


def copied(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))


def table_of(label: list[int], predicted: list[int], sure: list[float]) -> PredictionTable:
    probabilities = np.full((len(label), 2), 0.0)
    probabilities[np.arange(len(label)), predicted] = sure
    probabilities[np.arange(len(label)), 1 - np.array(predicted)] = 1 - np.array(sure)
    names = tuple(f"clip{i}" for i in range(len(label)))
    return PredictionTable(("a", "b"), names, np.array(label), np.array(predicted), probabilities)


def test_what_a_run_says_is_on_its_page(run: Path) -> None:
    page, document = build_report(run, options=QUICK)
    metrics = json.loads((run / METRICS).read_text(encoding="utf-8"))
    assert document["notes"] == []
    assert document["classes"] == list(CLASSES)
    assert document["confusion"] == metrics["test"]["confusion"]
    found = {row["part"]: row for row in document["scores"]}
    assert list(found) == ["train", "val", "test"]
    assert found["test"]["top1_interval"] == metrics["test"]["top1_interval"]
    assert document["calibration"]["after"]["ece"] == pytest.approx(
        metrics["test"]["ece"], abs=1e-4
    )
    assert document["curves"]["panels"] and document["provenance"]["config"]
    assert document["data"]["clips"] == sum(map(sum, document["data"]["class_counts"])) == 36
    assert page.startswith("<!doctype html>")


def test_clips_are_those_of_the_predictions(run: Path, store: Store) -> None:
    document = describe_run(run, options=QUICK)
    table = read_predictions(run)
    assert {clip["name"] for clip in document["clips"]} == set(table.names)
    wrong = int((table.label != table.predicted).sum())
    assert document["clips_of"] == {"all": len(table.names), "wrong": wrong, "no_room": 0}
    kinds = [clip["label"] != clip["predicted"] for clip in document["clips"]]
    assert kinds == sorted(kinds, reverse=True)
    clip = document["clips"][0]
    row = store.clips.name.tolist().index(clip["name"])
    recorded = store.keypoints_of(row)[:, 0]
    points = unpack(clip["points"])[:, 0]
    # Up is up; sizes may differ, since the model sees every body at the same size.
    scale = np.ptp(points[..., 1]) / np.ptp(recorded[..., 1])
    moved = points[..., 1] - points[0, 0, 1]
    assert moved == pytest.approx(scale * (recorded[..., 1] - recorded[0, 0, 1]), abs=0.01)
    assert unpack(clip["importance"]).shape[-1] == 17


def test_importance_is_that_of_explain_and_is_checked(run: Path) -> None:
    document = describe_run(run, options=ReportOptions(clips=2, method="occlusion", checked=2))
    found = document["importance"]
    assert found["sampled"] == found["of"] == len(read_predictions(run).names)
    assert {one["name"] for one in found["classes"]} <= set(CLASSES)
    assert sum(one["clips"] for one in found["classes"]) == found["sampled"]
    assert found["check"]["clips"] == 2 and found["check"]["beats_random"] in (True, False)
    assert len(document["clips"]) == 2


def test_another_store_and_a_weights_file(run: Path, store: Store) -> None:
    document = describe_run(run / WEIGHTS, store.path, options=QUICK)
    assert document["part"] == "all"
    assert [row["part"] for row in document["scores"]] == ["all"]
    assert np.sum(document["confusion"]) == store.num_clips
    assert "curves" not in document and document["data"]["parts"] == ["all"]


def test_recordings_that_are_gone_are_said(run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    lines = [
        f"store: {tmp_path / 'gone'}" if x.startswith("store:") else x for x in config.splitlines()
    ]
    (folder / "config.yaml").write_text("\n".join(lines), encoding="utf-8")
    told: list[str] = []
    _, document = build_report(folder, options=QUICK, tell=told.append)
    assert "expected its data at" in document["notes"][0] and told == document["notes"]
    assert "clips" not in document and "importance" not in document
    assert document["confusion"]


def test_a_damaged_history_is_said(run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    (folder / HISTORY).write_text("epoch,lr\n1\n", encoding="utf-8")
    document = describe_run(folder, options=QUICK)
    assert document["curves"] is None and "rows of one length" in document["notes"][0]


def test_a_method_that_the_model_does_not_allow_is_said(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    config = make_config(store, epochs=1)
    overrides = {**config.model.overrides, "head": "pooled"}
    train(replace(config, model=replace(config.model, overrides=overrides)), folder)
    document = describe_run(folder, options=ReportOptions(method="attention", checked=0))
    assert document["notes"][0].startswith("No importance:")
    assert "importance" not in document and document["clips"][0]["importance"] is None


def test_without_importance_and_clips(run: Path) -> None:
    document = describe_run(run, options=ReportOptions(clips=0, method=None))
    assert document["clips"] == [] and "importance" not in document


def test_a_run_with_few_labels_says_what_changed(run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    changes = compare_runs([run], [run])
    guard = {"prefers": "supervised", "decided": False}
    metrics |= {"kind": "few_labels", "method": "fixmatch", "kept": "supervised", "guard": guard}
    metrics["changes"] = changes.to_dict()
    (folder / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    with (folder / HISTORY).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["training", "cycle", "epoch", "supervised"], ["supervised", 0, 1, 0.5]])
    document = describe_run(folder, options=QUICK)
    few = document["few_labels"]
    assert (few["kept"], few["guard"]) == ("supervised", guard)
    assert [row[0] for row in few["rows"]] == [*CLASSES, "macro F1", "top-1"]
    assert few["surely_fell"] == [] and few["basis"] == changes.basis
    assert document["curves"]["panels"][0]["lines"][0]["name"] == "supervised"


def test_predictions_of_other_weights_are_refused(run: Path, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    text = (folder / PREDICTIONS).read_text(encoding="utf-8")
    (folder / PREDICTIONS).write_text(text.replace("rising", "falling"), encoding="utf-8")
    with pytest.raises(RunError, match="expected predictions of the classes of its weights"):
        describe_run(folder, options=QUICK)


def test_mistakes_come_first_and_right_ones_beside_them() -> None:
    table = table_of(
        [0, 0, 0, 1, 1, 1, 0, -1],
        [1, 1, 1, 1, 1, 1, 0, 0],
        [0.6, 0.9, 0.7, 0.8, 0.95, 0.6, 0.9, 0.7],
    )
    assert choose_clips(table, 100) == [1, 2, 0, 7, 6, 4, 5, 3]
    assert choose_clips(table, 4) == [1, 2, 0, 7]
    assert choose_clips(table, 2) == [1, 2]
    assert choose_clips(table, 0) == []
