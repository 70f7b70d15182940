"""`train`, `evaluate` and `predict` as a user types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from skelgraph import models
from skelgraph.cli import model_change
from skelgraph.cli.group import root
from skelgraph.cli.run_config import run_config
from skelgraph.cli.train import command
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from tests.training.clips import make_store

QUICK = ["--epochs", "2", "--link-epochs", "1", "--batch-size", "8", "--num-frames", "8"]


def run(*words: object) -> Result:
    """Run a command line; the exit code is where a shell would see it."""
    return CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("data") / "hands"
    return make_store(path, load_layout("mediapipe_hands"))


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    result = run("train", "--data", store.path, "--output", folder, *QUICK, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["schema_version"] == 1
    assert document["run"] == str(folder)
    assert "epoch 1/3" in result.stderr
    assert "left" in result.stderr
    return folder


def test_the_model_names_are_those_of_the_library() -> None:
    assert set(model_change.MODELS) == set(models.MODELS)


def test_any_field_of_the_model_can_be_set(store: Store, tmp_path: Path) -> None:
    change = ["--set", "s_order=2", "--set", "aim.num_types=4"]
    result = run("train", "--data", store.path, "--output", tmp_path / "run", *QUICK, *change)
    assert result.exit_code == 0, result.output
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["model"]["overrides"] == {"s_order": 2, "aim": {"num_types": 4}}
    weights = load_file(tmp_path / "run" / "model.safetensors")
    # Root and twice two hops, the small preset's three free links, three types but the ghost.
    assert len(weights["backbone.blocks.0.graph.weight"]) == 5 + 3 + 3
    assert len(weights["aim.encoder.types.weight"]) == 4
    for words, said in ((["s_oder=2"], "s_order"), (["s_order"], "KEY=VALUE")):
        result = run("train", "--data", store.path, "--output", tmp_path / "no", "--set", *words)
        assert result.exit_code in (1, 2) and said in result.output
        assert not (tmp_path / "no").exists()


def test_evaluate_prints_scores_and_a_row_a_class(trained: Path, store: Store) -> None:
    result = run("evaluate", trained)
    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in ("top1", *store.class_names))
    document = json.loads(run("evaluate", trained, "--json").stdout)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert document["test"]["top1"] == metrics["test"]["top1"]


def test_evaluate_on_another_store_counts_every_clip(trained: Path, store: Store) -> None:
    document = json.loads(run("evaluate", trained, "--data", store.path, "--json").stdout)
    assert document["all"]["num_clips"] == store.num_clips


def test_a_missed_threshold_is_exit_code_3(trained: Path) -> None:
    top1 = json.loads((trained / "metrics.json").read_text())["test"]["top1"]
    assert run("evaluate", trained, "--fail-under", min(1.0, top1 + 1e-3)).exit_code == (
        3 if top1 < 1 else 0
    )
    assert run("evaluate", trained, "--fail-under", top1).exit_code == 0


def test_predict_as_table_csv_and_json(trained: Path, store: Store, tmp_path: Path) -> None:
    table = run("predict", trained, store.path)
    assert table.exit_code == 0, table.output
    assert table.stdout.count("\n") == store.num_clips + 1
    document = json.loads(run("predict", trained, store.path, "--json").stdout)
    assert run("predict", trained, store.path, "--output", tmp_path / "a.csv").exit_code == 0
    assert run("predict", trained, store.path, "--output", tmp_path / "a.json").exit_code == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["predicted"] for row in rows] == [p["predicted"] for p in document["predictions"]]
    assert json.loads((tmp_path / "a.json").read_text()) == document


def test_predict_names_the_clips_that_it_drops(trained: Path, tmp_path: Path) -> None:
    keypoints = np.random.default_rng(0).normal(size=(2, 9, 2, 21, 3)).astype(np.float32)
    keypoints[1] = np.nan
    np.savez(tmp_path / "two.npz", keypoints=keypoints, layout="mediapipe_hands", units="metre")
    told = run("predict", trained, tmp_path / "two.npz")
    assert told.exit_code == 0, told.output
    assert "dropped: two_00001" in told.stderr
    assert run("predict", trained, tmp_path / "two.npz", "--quiet").stderr == ""


def test_predict_says_what_to_do_with_recordings_that_do_not_fit(
    trained: Path, tmp_path: Path
) -> None:
    source = tmp_path / "one.npz"
    points = np.random.default_rng(0).normal(size=(1, 9, 1, 25, 3)).astype(np.float32)
    np.savez(source, keypoints=points, layout="kinect_v2", units="metre")
    told = run("predict", trained, source)
    assert told.exit_code == 1
    assert f"{source}: expected recordings with the joints of 'mediapipe_hands'" in told.stderr
    assert "which lack wrist, thumb_cmc, " in told.stderr
    assert "They share none: give recordings of 'mediapipe_hands'." in told.stderr
    np.savez(source, keypoints=points[..., :21, :2], layout="mediapipe_hands", units="pixel")
    told = run("predict", trained, source)
    assert told.exit_code == 1 and f"{source}: expected 3 coordinates" in told.stderr
    (tmp_path / "table.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n")
    told = run("predict", trained, tmp_path / "table.csv")
    assert told.exit_code == 1 and "--mapping FILE.yaml" in told.stderr
    assert "skelgraph convert" not in told.stderr


def test_predict_is_told_of_a_recording_what_it_does_not_say(
    trained: Path, store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "one.npz"
    points = np.random.default_rng(0).normal(size=(1, 9, 2, 21, 3)).astype(np.float32)
    np.savez(source, keypoints=points)
    told = run("predict", trained, source)
    assert told.exit_code == 1 and "give --units NAME" in told.stderr
    words = ("--layout", "mediapipe_hands", "--units", "metre", "--fps", "25", "--format", "npz")
    told = run("predict", trained, source, *words)
    assert told.exit_code == 0 and "one_00000" in told.stdout, told.output
    told = run("predict", trained, store.path, "--fps", "25")
    assert told.exit_code == 1 and "expected --fps with a recording only" in told.stderr


def test_predict_keeps_a_file_that_is_there(trained: Path, store: Store, tmp_path: Path) -> None:
    output = tmp_path / "labels.csv"
    output.write_text("mine")
    result = run("predict", trained, store.path, "--output", output)
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert output.read_text() == "mine"
    assert run("predict", trained, store.path, "--output", output, "--force").exit_code == 0
    assert run("predict", trained, store.path, "--output", tmp_path / "a.txt").exit_code == 2


def test_options_from_a_file_and_from_the_command_line(store: Store, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("epochs: 1\nlink-epochs: 0\nnum-frames: 8\nseed: 5\n")
    words = ("train", "--data", store.path, "--config", settings, "--seed", "7", "--quiet")
    result = run(*words, "--output", tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["training"]["epochs"] == 1
    assert config["training"]["seed"] == 7


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "--layout NAME or --data STORE"),
        (("--layout", "mediapipe_hand"), 1, "mediapipe_hands"),
        (("--data", "no/such/store"), 1, "expected a store"),
        (("--layout", "mediapipe_hands", "--protocol", "xsubb"), 2, "xsub"),
        (("--layout", "mediapipe_hands", "--batch-size", "1"), 2, "batch-size"),
        (("--layout", "mediapipe_hands", "--streams", "bones"), 2, "bone"),
        (("--layout", "mediapipe_hands", "--lr", "-1"), 1, "lr"),
        (("--layout", "mediapipe_hands", "--weight-decay", "-1"), 1, "weight_decay"),
        (("--layout", "mads", "--device", "cpu", "--devices", "two"), 1, "or 'auto', got 'two'"),
        (("--layout", "mads", "--fold", "9", "--subjects", "3"), 1, "fold: expected 0 to 2"),
        (("--layout", "mads", "--window", "0", "--subjects", "3"), 1, "window: expected frames"),
    ],
)
def test_bad_options_say_what_to_do(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    output = tmp_path / "run"
    result = run("train", *words, "--output", output)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not output.exists()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("test: [a, b]", 2, "expected whole numbers"),
        ("batch-size: [1, 2]", 1, "key 'batch-size': expected one value, got [1, 2]"),
        ("layout: [mads]", 1, "key 'layout': expected one value"),
    ],
)
def test_bad_values_in_a_file_say_what_to_do(
    tmp_path: Path, text: str, code: int, said: str
) -> None:
    (tmp_path / "options.yaml").write_text(text)
    result = run("train", "--layout", "mads", "--config", tmp_path / "options.yaml")
    assert result.exit_code == code, result.exception
    assert said in result.stderr


def test_lists_in_a_file_are_taken(tmp_path: Path) -> None:
    (tmp_path / "options.yaml").write_text("test: [1, 3]\nstreams: [joint, bone]\n")
    with command.make_context("train", ["--config", str(tmp_path / "options.yaml")]) as context:
        assert context.params["test"] == (1, 3)
        assert context.params["streams"] == ("joint", "bone")


def test_a_layout_that_does_not_fit_lists_the_joints(store: Store, tmp_path: Path) -> None:
    output = tmp_path / "run"
    result = run("train", "--data", store.path, "--layout", "kinect_v2", "--output", output)
    assert result.exit_code == 1
    assert "spine_base" in result.stderr
    assert not output.exists()


def test_a_run_that_exists_is_refused(trained: Path, store: Store) -> None:
    before = (trained / "model.safetensors").read_bytes()
    result = run("train", "--data", store.path, "--output", trained, *QUICK)
    assert result.exit_code == 1
    assert "--resume" in result.stderr
    assert (trained / "model.safetensors").read_bytes() == before


def test_a_sweep_prints_a_row_a_run(store: Store, tmp_path: Path) -> None:
    words = ("train", "--data", store.path, "--output", tmp_path / "sweep", *QUICK, "--quiet")
    result = run(*words, "--sweep-windows", "6,10", "--sweep-overlaps", "0.5", "--epochs", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("window") == 3


def test_only_options_that_change_nothing_beside_resume_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(*words: str) -> str:
        return run("train", "--resume", "--epochs", "3", *words).stderr.partition("nothing: ")[2]

    monkeypatch.setattr("skelgraph.training.supervised.train", lambda *_, **__: {})
    monkeypatch.setattr("skelgraph.training.sweep.sweep_windows", lambda *_, **__: [])
    assert said("--output", "a", "--layout", "mads") == "--layout, --epochs\n"
    assert said("--layout", "mads") == "--epochs\n"  # the layout names the folder
    # Runs of a sweep that have not begun are made of these.
    assert said("--output", "a", "--layout", "mads", "--sweep-windows", "6") == ""


def test_a_weights_file_of_nothing_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"no weights at all")
    result = run("predict", file, store.path)
    assert result.exit_code == 1
    assert "expected a whole safetensors file" in result.stderr


def test_paths_are_kept_whole_for_a_resume_from_elsewhere() -> None:
    words = ["--layout", "mads", "--files", "split.csv", "--forecast", "4"]
    with command.make_context("train", words) as context:
        config = run_config(context.params)
    assert config.protocol.files == str(Path("split.csv").resolve())
    assert config.model.overrides == {"forecast": 4}
    assert config.data.num_frames == 0


def test_a_prediction_head_is_trained(store: Store, tmp_path: Path) -> None:
    words = ("train", "--data", store.path, "--output", tmp_path / "run", *QUICK, "--forecast", "2")
    result = run(*words, "--epochs", "1")
    assert result.exit_code == 1
    assert "num_frames: expected 0 beside a prediction head" in result.stderr
    result = run(*words, "--epochs", "1", "--num-frames", "0")
    assert result.exit_code == 0, result.output
    assert "forecast" in (tmp_path / "run" / "history.csv").read_text().splitlines()[0]
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test"]["forecast"]["num_windows"] == metrics["test"]["num_clips"]
    assert "forecast" not in metrics["train"]
