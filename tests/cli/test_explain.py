"""`skelgraph explain` and `explain --check` on a run that takes seconds."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.cli.explain import SHOWN
from skelgraph.cli.group import root
from skelgraph.data.store import Store
from skelgraph.explain import read_importance, read_link_importance
from skelgraph.graphs import load_layout
from skelgraph.training.supervised import train
from tests.training.clips import make_config, make_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    store = make_store(folder / "store", load_layout("mediapipe_hands"))
    train(make_config(store, epochs=1), folder / "run")
    return folder / "run"


def test_a_table_of_joints(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["explain", str(run), "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["class", "clips", "body", "joint", "occlusion"]
    assert all("left" in line for line in lines[1:])


def test_json_and_files(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.npz"
    words = ["explain", str(run), str(run.parent / "store"), "--method", "cam", "--json"]
    assert root.run([*words, "--target", "rising", "--output", str(path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1 and document["method"] == "cam"
    (group,) = document["classes"]
    assert group["class"] == "rising" and group["num_clips"] == 36
    assert len(group["top"]) == 21 and set(group["parts"]) >= {"thumb", "palm"}
    values = [one["importance"] for one in group["top"]]
    assert values == sorted(values, reverse=True)
    assert len(read_importance(path)) == 36
    assert root.run([*words, "--output", str(path)]) == 1
    assert "expected a path that is free" in capsys.readouterr().err
    table = tmp_path / "a.csv"
    assert root.run([*words, "--class", "still", "--output", str(table)]) == 0
    with table.open(newline="", encoding="utf-8") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {"still"}


def test_links_as_table_json_and_files(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(run), "--links", "--device", "cpu"]
    assert root.run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["class", "clips", "body", "from", "to", "type", "importance"]
    assert len(lines) % SHOWN == 1 and all("left" in line for line in lines[1:])
    path = tmp_path / "a.npz"
    words += ["--json", "--target", "rising"]
    assert root.run([*words, "--output", str(path)]) == 0
    (group,) = json.loads(capsys.readouterr().out)["classes"]
    found = read_link_importance(path)
    assert group["class"] == "rising" and group["num_clips"] == len(found) == 12
    joints, mean = found.layout.joints, found.mean()[0]
    listed = [abs(link["importance"]) for link in group["links"]]
    assert listed == sorted(listed, reverse=True) and listed[0] == np.abs(mean).max() > 0
    for link in group["links"]:
        ends = joints.index(link["from"]), joints.index(link["to"])
        assert link["importance"] == mean[link["type"] - 1, *ends]
    table = tmp_path / "a.csv"
    assert root.run([*words, "--class", "still", "--output", str(table)]) == 0
    assert json.loads(capsys.readouterr().out)["classes"][0]["num_clips"] == 4
    with table.open(newline="", encoding="utf-8") as file:
        assert {row["clips"] for row in csv.DictReader(file)} == {"4"}


def test_links_of_a_run_without(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(Store.open(run.parent / "store"), epochs=1)
    model = replace(config.model, overrides={**config.model.overrides, "a_links": False})
    train(replace(config, model=model), tmp_path / "run")
    for words in (["explain", "--links"], ["plot", "a-links", "--importance"]):
        assert root.run([*words, str(tmp_path / "run"), "--device", "cpu"]) == 1
        error = capsys.readouterr().err
        assert "A-links: expected a model that has them" in error and "--a-links" in error
    assert not list((tmp_path / "run").glob("*.png"))


def test_checks(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "check.json"
    words = ["explain", str(run), "--check", "--clips", "3", "--method", "grad_cam"]
    assert root.run([*words, "--output", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].split()[:3] == ["method", "deletion", "insertion"]
    assert "random joints" in shown.out and "3 clips" in shown.out
    assert "checked grad_cam" in shown.err
    document = json.loads(path.read_text(encoding="utf-8"))
    assert list(document["methods"]) == ["grad_cam"]
    assert document["schema_version"] == 1


def test_wrong_wishes(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["explain", str(run), "--check", "--target", "rising"]) == 2
    assert "expected neither --target nor --class" in capsys.readouterr().err
    assert root.run(["explain", str(run), "--links", "--method", "cam"]) == 2
    assert "expected neither --check nor --method" in capsys.readouterr().err
    assert root.run(["explain", str(run), "--links", "--output", "a.json"]) == 2
    assert "ending in .npz or .csv" in capsys.readouterr().err
    assert root.run(["explain", str(run), "--output", "a.txt"]) == 2
    assert "ending in .npz or .csv" in capsys.readouterr().err
    assert root.run(["explain", str(run), "--method", "occlusio"]) == 2
    assert "Did you mean 'occlusion'" in capsys.readouterr().err
    assert root.run(["explain", str(run), "--target", "risin"]) == 1
    assert "Did you mean 'rising'" in capsys.readouterr().err
