"""Several runs as one: weights from validation, given ones, and runs that do not go together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from skelgraph.cli import evaluate as evaluate_command
from skelgraph.cli.group import root
from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, RunError
from skelgraph.training import scoring
from skelgraph.training.config import ProtocolOptions
from skelgraph.training.scoring import evaluate
from skelgraph.training.supervised import train
from tests.training.clips import make_config


@pytest.fixture(scope="module")
def runs(store: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One run that learned and one that has its random weights still."""
    folder = tmp_path_factory.mktemp("ensemble")
    train(make_config(store, epochs=20, lr=1e-2), folder / "good")
    train(make_config(store, epochs=1, lr=1e-9, seed=1), folder / "random")
    return folder / "good", folder / "random"


def test_validation_gives_the_weight_to_the_run_that_learned(runs: tuple[Path, Path]) -> None:
    result = evaluate(runs, weights="validation")
    assert result["weights"][0] > 0.9
    assert sum(result["weights"]) == pytest.approx(1)
    alone = evaluate(runs[:1])["test"]
    assert result["test"]["top1"] == alone["top1"]
    assert result["equal"] == evaluate(runs)["test"]
    told = result["validation"]
    assert told["nll"] < told["nll_equal"]
    assert told["num_clips"] == evaluate(runs, part="val")["val"]["num_clips"]
    assert told["nll_equal"] == evaluate(runs, part="val")["val"]["nll"]


def test_a_run_with_itself_scores_as_alone(runs: tuple[Path, Path]) -> None:
    twice = evaluate([runs[0], runs[0]], weights="validation")
    assert twice["weights"] == pytest.approx([0.5, 0.5])
    assert twice["test"]["nll"] == pytest.approx(evaluate(runs[:1])["test"]["nll"])


def test_given_weights(runs: tuple[Path, Path]) -> None:
    alone = evaluate(runs[1:])
    assert alone["weights"] == [1.0]
    assert evaluate(runs, weights=(0.0, 1.0))["test"] == alone["test"]


def test_weights_from_validation_serve_another_store(runs: tuple[Path, Path], store: Store) -> None:
    result = evaluate(runs, data=store.path, weights="validation")
    assert result["all"]["num_clips"] == store.num_clips
    assert result["weights"] == evaluate(runs, weights="validation")["weights"]


def test_runs_must_share_their_validation_clips(
    runs: tuple[Path, Path], store: Store, tmp_path: Path
) -> None:
    config = make_config(store, epochs=1)
    train(replace(config, protocol=ProtocolOptions(fold=1)), tmp_path / "other")
    with pytest.raises(RunError, match=r"expected the val clips of .*give weights as numbers"):
        evaluate([runs[0], tmp_path / "other"], data=store.path, weights="validation")
    with pytest.raises(RunError, match="expected a run folder, whose split"):
        evaluate([runs[0] / "model.safetensors"], data=store.path, weights="validation")


def test_runs_must_share_their_recordings(
    runs: tuple[Path, Path], store: Store, tmp_path: Path
) -> None:
    """Clips of the same names, whose coordinates are others."""
    rows = range(store.num_clips)
    clips = [replace(clip, keypoints=clip.keypoints * 1.01) for clip in map(store.clip, rows)]
    like = write_store(tmp_path / "like", clips, class_names=store.class_names, provenance={})
    train(make_config(like, epochs=1), tmp_path / "other")
    both = [runs[0], tmp_path / "other"]
    with pytest.raises(RunError, match=r"other: expected the recordings of .*good, got others"):
        evaluate(both)
    assert evaluate(both, data=store.path)["all"]["num_clips"] == store.num_clips


def test_bad_weights(runs: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'validation'"):
        evaluate(runs, weights="validaton")
    with pytest.raises(ConfigError, match="2 numbers, one a run"):
        evaluate(runs, weights=(1.0,))


def test_the_command_prints_weights_and_both_scores(runs: tuple[Path, Path]) -> None:
    assert evaluate_command.WEIGHTINGS == scoring.WEIGHTINGS
    words = ["evaluate", *map(str, runs), "--weights"]
    shown = CliRunner().invoke(root, [*words, "validation"])
    assert shown.exit_code == 0, shown.output
    for text in ("weight", "test, equal weights:", "validation clips"):
        assert text in shown.stdout
    document = json.loads(CliRunner().invoke(root, [*words, "0.25,0.75", "--json"]).stdout)
    assert document["weights"] == [0.25, 0.75]
    assert {"test", "equal"} <= set(document) and "validation" not in document
    for value, said in (("0.5,0.6", "that sum to 1"), ("valdation", "Did you mean 'validation'")):
        wrong = CliRunner().invoke(root, [*words, value])
        assert wrong.exit_code in (1, 2) and said in wrong.output
