"""GTN and ConvGTN from the command line: train, evaluate, predict, figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skelgraph.cli.group import root
from skelgraph.graphs import load_layout
from tests.training.clips import make_store

QUICK = ["--epochs", "1", "--batch-size", "8", "--num-frames", "8"]
SMALL = ["--set", "tower.width=8", "--set", "tower.hidden=8", "--set", "frames=6"]


def run(*words: object) -> Result:
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.mark.parametrize("name", ["gtn", "conv_gtn"])
def test_a_run_from_end_to_end(name: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    folder = tmp_path / "run"
    words = ["--data", store.path, "--model", name, "--streams", "joint,joint_motion"]
    result = run("train", *words, "--output", folder, *QUICK, *SMALL, "--json")
    assert result.exit_code == 0, result.output
    trained = json.loads(result.stdout)
    scored = json.loads(run("evaluate", folder, "--json").stdout)
    assert scored["test"]["top1"] == trained["test"]["top1"]
    predicted = run("predict", folder, store.path, "--json")
    assert predicted.exit_code == 0, predicted.output
    for figure in ("attention", "curves"):
        result = run("plot", figure, folder, "--output", tmp_path / f"{figure}.png")
        assert result.exit_code == 0, result.output


def test_flattened_tokens_have_no_weights_to_draw(tmp_path: Path) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    words = ["--data", store.path, "--model", "gtn", "--set", "flatten=true"]
    result = run("train", *words, "--output", tmp_path / "run", *QUICK, *SMALL)
    assert result.exit_code == 0, result.output
    result = run("plot", "attention", tmp_path / "run", "--output", tmp_path / "a.png")
    assert result.exit_code == 1
    assert "attention: expected a model with a joint tower" in result.output
    assert "Train with --set flatten=false." in result.output


def test_options_of_other_models_are_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    words = ["--data", store.path, "--model", "gtn", "--output", tmp_path / "run"]
    result = run("train", *words, "--head", "pooled", "--no-a-links")
    assert result.exit_code == 1
    told = "expected a model with this option (as_gcn, st_gcn, ctr_gcn), got --model gtn."
    assert f"--head: {told}" in result.output
    assert "--a-links: expected a model with this option (as_gcn, st_gcn), got" in result.output


@pytest.mark.parametrize(
    ("option", "rule"),
    [("recompute", "expected a model that can"), ("freeze-links", "expected a model with A-links")],
)
def test_what_the_model_cannot_is_refused_before_anything_is_written(
    option: str, rule: str, tmp_path: Path
) -> None:
    store = make_store(tmp_path / "hands", load_layout("mediapipe_hands"))
    words = ["--data", store.path, "--model", "gtn", "--output", tmp_path / "run"]
    result = run("train", *words, f"--{option}", *QUICK, *SMALL)
    assert result.exit_code == 1
    assert f"{option.replace('-', '_')}: {rule}, got 'gtn'" in result.output
    assert not (tmp_path / "run").exists()
