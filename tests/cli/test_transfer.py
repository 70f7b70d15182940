"""`transfer` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from skelgraph.cli import transfer
from skelgraph.cli.group import root
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from skelgraph.training.transfer.configuring import RECIPES
from tests.training.clips import make_store

QUICK = ["--epochs", "1", "--batch-size", "8"]


def run(*words: object) -> Result:
    """Run a command line; the exit code is where a shell would see it."""
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    folder = tmp_path_factory.mktemp("data")
    names = ("kinect_v2", "kinect_v1")
    return {n: make_store(folder / n, load_layout(n), each=1) for n in names}


@pytest.fixture(scope="module")
def source(stores: dict[str, Store], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "source"
    small = ["--num-frames", "8", "--link-epochs", "1", "--set", "channels=[8, 8, 16]"]
    small += ["--set", "strides=[1, 2, 1]"]
    data = stores["kinect_v2"].path
    result = run("train", "--data", data, "--output", folder, *QUICK, *small)
    assert result.exit_code == 0, result.output
    return folder


def test_the_recipes_are_those_of_the_library() -> None:
    assert transfer.RECIPES == RECIPES


def test_it_prints_what_was_carried_over(
    source: Path, stores: dict[str, Store], tmp_path: Path
) -> None:
    data, output = stores["kinect_v1"].path, tmp_path / "run"
    result = run("transfer", source, "--data", data, "--output", output, *QUICK)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert rows["backbone.blocks.0"][1:4] == ["12", "2", "0"]
    assert rows["head.classifier"][1:4] == ["0", "0", "2"]
    assert "19 of 20 joints" in result.stdout and "joints shared (new: spine)" in result.stderr
    again = run("transfer", source, "--data", data, "--output", output, *QUICK)
    assert again.exit_code == 1 and "--force" in again.output
    gone_on = run("transfer", source, "--output", output, "--resume", "--json")
    assert gone_on.exit_code == 0, gone_on.output
    document = json.loads(gone_on.stdout)
    assert document["schema_version"] == 1
    assert document["start"]["carried"]["joints_new"] == ["spine"]


def test_options_end_up_in_the_configuration(
    source: Path, stores: dict[str, Store], tmp_path: Path
) -> None:
    options = ["--freeze", "aim,input_norm", "--lr-decay", "2.6", "--lr-group", "backbone=1e-4"]
    options += ["--lr-group", "classifier=0.01", "--unfreeze", "--l2-start", "0.1"]
    options += [
        "--keep-classifier",
        "--schedule",
        "plateau",
        "--num-frames",
        "12",
        "--mirror",
        "0.5",
    ]
    data = stores["kinect_v2"].path
    words = ["transfer", source, "--data", data, "--output", tmp_path / "run", "--epochs", "6"]
    result = run(*words, "--batch-size", "8", *options, "--json")
    assert result.exit_code == 0, result.output
    config = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    assert config["start"]["freeze"] == ["aim", "input_norm"]
    assert config["start"]["rates"] == {"backbone": 1e-4, "classifier": 0.01}
    assert (config["start"]["lr_decay"], config["start"]["l2_start"]) == (2.6, 0.1)
    assert config["start"]["unfreeze"] and config["start"]["keep_classifier"]
    assert (config["data"]["num_frames"], config["augment"]["mirror"]) == (12, 0.5)
    assert config["training"]["schedule"] == "plateau"
    assert config["model"]["overrides"]["channels"] == [8, 8, 16]
    assert config["start"]["source"] == str((source / "model.safetensors").resolve())
    assert json.loads(result.stdout)["start"]["checksum"] == config["start"]["checksum"]


def test_beside_a_run_from_scratch(source: Path, stores: dict[str, Store], tmp_path: Path) -> None:
    data, output = stores["kinect_v2"].path, tmp_path / "run"
    words = ["transfer", source, "--data", data, "--output", output, *QUICK, "--compare-scratch"]
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "from scratch -> transferred" in result.stdout and "macro F1" in result.stdout
    assert (output / "scratch/metrics.json").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--freeze", "bakbone"], 1, "Did you mean 'backbone'"),
        (["--only", "hed"], 1, "Did you mean 'head'"),
        (["--lr-group", "backbone"], 2, "expected PART=RATE"),
        (["--lr-group", "backbone=-1"], 2, "expected PART=RATE"),
        (["--lr-decay", "0.5"], 2, "lr-decay"),
        (["--mode", "feature"], 2, "Did you mean 'features'"),
        (["--freeze", "aim", "--link-epochs", "1"], 1, "expected 0 beside A-links"),
        (["--set", "channels=[12, 12, 24]", "--set", "tower.width=32"], 1, "--mode architecture"),
    ],
)
def test_wrong_options_leave_nothing_behind(
    source: Path, stores: dict[str, Store], tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    data, output = stores["kinect_v2"].path, tmp_path / "run"
    result = run("transfer", source, "--data", data, "--output", output, *QUICK, *words)
    assert result.exit_code == code, result.output
    assert said in result.output
    assert not output.exists()


def test_data_is_needed_unless_a_run_goes_on(source: Path, tmp_path: Path) -> None:
    result = run("transfer", source)
    assert result.exit_code == 2 and "Expected --data STORE, got none" in result.output
    result = run("transfer", source, "--resume", "--output", tmp_path / "none")
    assert result.exit_code == 1 and "expected a run to resume" in result.output
