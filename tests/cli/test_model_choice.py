"""`train --model` with each architecture, and an ensemble of their streams."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from skelgraph.cli.group import root
from skelgraph.graphs import load_layout
from tests.training.clips import make_store

TINY = ("--set", "channels=[8, 8]", "--set", "strides=[2, 1]")
QUICK = ("--epochs", 1, "--link-epochs", 0, "--batch-size", 8, "--num-frames", 8, *TINY)


def run(*words: object) -> Result:
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.mark.parametrize("model", ["as_gcn", "st_gcn", "ctr_gcn"])
def test_streams_of_every_model_train_and_vote(model: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("mediapipe_hands"), each=1)
    for streams in ("joint", "bone,bone_motion"):
        words = ("train", "--data", store.path, "--model", model, "--streams", streams, *QUICK)
        result = run(*words, "--preset", "small", "--output", tmp_path / streams)
        assert result.exit_code == 0, result.output
        config = yaml.safe_load((tmp_path / streams / "config.yaml").read_text())
        assert config["model"]["name"] == model
        assert config["model"]["overrides"]["streams"] == streams.split(",")
    both = (tmp_path / "joint", tmp_path / "bone,bone_motion")
    document = json.loads(run("evaluate", *both, "--weights", "validation", "--json").stdout)
    assert sum(document["weights"]) == pytest.approx(1)


def test_an_option_that_the_model_lacks_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("mediapipe_hands"), each=1)
    words = ("train", "--data", store.path, "--model", "ctr_gcn", "--output", tmp_path / "run")
    result = run(*words, "--causal", *QUICK)
    assert result.exit_code == 1
    told = "--causal: expected a model with this option (as_gcn, st_gcn), got --model ctr_gcn."
    assert told in result.output
    assert not (tmp_path / "run").exists()


def test_another_number_of_coordinates_than_the_store_s_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("mediapipe_hands"), each=1)
    words = ("train", "--data", store.path, "--output", tmp_path / "run")
    result = run(*words, "--set", "num_coords=2", *QUICK)
    assert result.exit_code == 1
    assert "num_coords: expected 3, as many as the store has, got 2" in result.output
