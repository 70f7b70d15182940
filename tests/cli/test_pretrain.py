"""`skelgraph pretrain` as a user types it, and what its weights are good for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from skelgraph.cli.group import root
from skelgraph.cli.pretrain import OWN, command
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from skelgraph.training.config import PretrainOptions
from skelgraph.training.pretrain.methods import METHODS
from tests.training.clips import make_store

QUICK = ["--epochs", "1", "--link-epochs", "1", "--batch-size", "8", "--num-frames", "8"]
TINY = ["--set", "channels=[8,8,16]", "--set", "strides=[1,2,1]"]


def run(*words: object) -> Result:
    """Run a command line; the exit code is where a shell would see it."""
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("data") / "hands", load_layout("mediapipe_hands"))


@pytest.fixture(scope="module")
def pretrained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "start"
    result = run("pretrain", "--data", store.path, "--output", folder, *QUICK, *TINY, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1 and document["run"] == str(folder)
    assert document["val"]["loss"] > 0
    assert "kept out" in result.stderr and "val_trivial" in result.stderr
    return folder


def test_the_choices_and_options_are_those_of_the_library() -> None:
    methods = next(param for param in command.params if param.name == "method")
    assert tuple(methods.type.choices) == tuple(METHODS)  # type: ignore[attr-defined]
    assert {*OWN, "method", "all_clips"} == set(PretrainOptions.__dataclass_fields__)


def test_options_reach_the_run(store: Store, tmp_path: Path) -> None:
    own = ["--mask-share", "0.4", "--mask-span", "3", "--motion-stride", "2", "--all"]
    result = run(
        "pretrain", "--data", store.path, "--output", tmp_path / "run", *QUICK, *TINY, *own
    )
    assert result.exit_code == 0, result.output
    assert "straight" in result.stdout and str(tmp_path / "run") in result.stdout
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    wanted = {"mask_share": 0.4, "mask_span": 3, "motion_stride": 2, "all_clips": True}
    assert wanted.items() <= config["pretrain"].items()
    again = run("pretrain", "--output", tmp_path / "run", "--resume", "--quiet")
    assert again.exit_code == 0, again.output
    assert again.stderr == ""


def test_transfer_and_pseudo_label_start_from_it(
    pretrained: Path, store: Store, tmp_path: Path
) -> None:
    result = run(
        *("transfer", pretrained, "--data", store.path, "--output", tmp_path / "tuned"),
        *("--epochs", "1", "--batch-size", "8"),
    )
    assert result.exit_code == 0, result.output
    result = run(
        *("pseudo-label", "--data", store.path, "--from", pretrained, "--label-budget", "2"),
        *("--method", "supervised", "--no-guard", "--epochs", "1", "--epoch-steps", "2"),
        *("--output", tmp_path / "few"),
    )
    assert result.exit_code == 0, result.output


def test_weights_without_classes_label_nothing(pretrained: Path, store: Store) -> None:
    for words in (("predict", pretrained, store.path), ("evaluate", pretrained)):
        result = run(*words)
        assert result.exit_code == 1
        assert "which know no classes" in result.stderr


def test_what_is_refused(store: Store, tmp_path: Path) -> None:
    assert run("pretrain").exit_code == 2
    output = tmp_path / "run"
    gtn = run("pretrain", "--data", store.path, "--output", output, "--model", "gtn", *QUICK)
    assert gtn.exit_code == 1 and "Choose as_gcn, st_gcn or ctr_gcn" in gtn.stderr
    assert run("pretrain", "--data", store.path, "--method", "maskd").exit_code == 2
    assert not output.exists()
