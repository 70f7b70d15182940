"""Training end to end: what a run folder holds, resuming, repeating, odd data."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, LayoutError, ProtocolError, RunError, SkelgraphError
from skelgraph.evaluation.calibration import untempered
from skelgraph.evaluation.metrics import TEMPERATURE_PRIOR, fit_temperature
from skelgraph.graphs import Layout, load_layout
from skelgraph.training.clips import cut_parts, split_store
from skelgraph.training.config import DataOptions, ModelOptions, ProtocolOptions, RunConfig
from skelgraph.training.progress import Reporter
from skelgraph.training.run import read_config, write_config
from skelgraph.training.run_tables import read_metrics, read_predictions
from skelgraph.training.scoring import evaluate, predict
from skelgraph.training.split_words import describe_split
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser, save_recogniser
from tests.limits import small_files
from tests.training.clips import CLASSES, make_clips, make_config, make_store

OWN_LAYOUT = """
name: crane
title: A crane's arm with a grab
source: made up for this test
instances: people
joints:
  - [base, null, [0.0, 0.0, 0.0]]
  - [mast, base, [0.0, 2.0, 0.0]]
  - [jib, mast, [1.5, 2.2, 0.0]]
  - [hook, jib, [1.5, 1.2, 0.0]]
  - [left_jaw, hook, [1.4, 1.0, 0.0]]
  - [right_jaw, hook, [1.6, 1.0, 0.0]]
centre: [base]
mirror: [[left_jaw, right_jaw]]
parts: {arm: [mast, jib], grab: [hook, left_jaw, right_jaw]}
reference: [[base], [mast]]
"""


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "first"
    train(make_config(store, epochs=40, lr=1e-2), folder)
    return folder


def test_a_run_folder_holds_what_architecture_says(run: Path, store: Store) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["schema_version"] == 1
    assert sum(metrics[part]["num_clips"] for part in ("train", "val", "test")) == store.num_clips
    with (run / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == store.num_clips
    for row in rows:
        shares = {name: float(row[name]) for name in store.class_names}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert row["predicted"] == max(shares, key=lambda name: shares[name])
    test = [row for row in rows if row["split"] == "test"]
    correct = sum(row["label"] == row["predicted"] for row in test) / len(test)
    assert metrics["test"]["top1"] == pytest.approx(correct)
    for name in ("config.yaml", "history.csv", "split.csv", "checkpoints/last.pt"):
        assert (run / name).is_file()


def test_three_plain_motions_are_learned(run: Path) -> None:
    assert json.loads((run / "metrics.json").read_text())["test"]["top1"] > 0.6


def test_validation_without_mistakes_does_not_make_every_answer_certain(run: Path) -> None:
    table, temperature = read_predictions(run, "val"), read_metrics(run)["temperature"]
    assert (table.predicted == table.label).all()
    logits = untempered(torch.as_tensor(table.probabilities), temperature).log()
    labels = torch.as_tensor(table.label)
    assert fit_temperature(logits, labels) == pytest.approx(0.05, abs=1e-3)
    held = fit_temperature(logits, labels, prior=TEMPERATURE_PRIOR)
    assert temperature == pytest.approx(held, rel=0.02) and held > 0.1


def test_no_subject_is_in_two_parts(run: Path) -> None:
    with (run / "split.csv").open(newline="") as file:
        where = {(row["clip"].split("_")[0], row["split"]) for row in csv.DictReader(file)}
    assert len(where) == len({subject for subject, _ in where})


def test_weights_alone_predict_the_same(run: Path, store: Store, tmp_path: Path) -> None:
    alone = tmp_path / "weights.safetensors"
    shutil.copy(run / "model.safetensors", alone)
    whole, single = predict([run], store.path), predict([alone], store.path)
    assert torch.equal(whole.probabilities, single.probabilities)
    with (run / "predictions.csv").open(newline="") as file:
        kept = {row["clip"]: row for row in csv.DictReader(file)}
    for name, row in zip(single.names, single.probabilities.tolist(), strict=True):
        expected = [float(kept[name][label]) for label in store.class_names]
        assert row == pytest.approx(expected, abs=2e-6)


def test_evaluate_repeats_the_run_s_own_scores(run: Path, store: Store) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    for part in ("train", "val", "test"):
        again = evaluate([run], part=part)[part]
        assert again["top1"] == metrics[part]["top1"]
        assert again["nll"] == pytest.approx(metrics[part]["nll"], abs=1e-5)
    assert evaluate([run], data=store.path)["all"]["num_clips"] == store.num_clips


def test_a_run_votes_with_itself_as_alone(run: Path, store: Store) -> None:
    once, twice = predict([run], store.path), predict([run, run], store.path)
    torch.testing.assert_close(once.probabilities, twice.probabilities)


def test_the_same_seed_gives_the_same_run(store: Store, tmp_path: Path) -> None:
    first, second = (
        train(make_config(store, seed=4), tmp_path / name) for name in ("first", "second")
    )
    for part in ("train", "val", "test"):
        assert first[part] == second[part]
    assert weights_of(tmp_path / "first") == weights_of(tmp_path / "second")


def test_another_seed_gives_another_run_on_the_same_split(store: Store, tmp_path: Path) -> None:
    for seed in (0, 1):
        train(make_config(store, seed=seed), tmp_path / str(seed))
    splits = [(tmp_path / str(seed) / "split.csv").read_text() for seed in (0, 1)]
    assert splits[0] == splits[1]
    assert weights_of(tmp_path / "0") != weights_of(tmp_path / "1")


def test_clips_without_a_label_are_counted(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    clips = make_clips(layout)
    clips[3:5] = [replace(clip, label=None) for clip in clips[3:5]]
    store = write_store(tmp_path / "some", clips, class_names=CLASSES, provenance={})
    config = make_config(store)
    split = split_store(store, config.protocol)
    parts = cut_parts(store, split, layout=layout, data=config.data)
    assert "left out: 2 clips, no label" in describe_split(store, split, parts)


class KillAfter(Reporter):
    """Kill this process without warning, after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(config: RunConfig, folder: Path, steps: int) -> None:
    torch.set_num_threads(1)
    train(config, folder, report=KillAfter(steps))


@pytest.mark.parametrize("steps", [2, 5, 9])
def test_a_killed_run_resumes_to_the_same_weights(store: Store, tmp_path: Path, steps: int) -> None:
    config = make_config(store, epochs=4)
    train(config, tmp_path / "whole")
    process = multiprocessing.get_context("spawn").Process(
        target=train_until_killed, args=(config, tmp_path / "killed", steps)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    with pytest.raises(RunError, match="Finish it with"):
        load_recogniser(tmp_path / "killed")
    train(config, tmp_path / "killed", resume=True)
    assert weights_of(tmp_path / "whole") == weights_of(tmp_path / "killed")


def test_a_finished_run_resumes_to_itself(run: Path, store: Store, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "copy")
    before = weights_of(run)
    train(make_config(store), tmp_path / "copy", resume=True)
    assert weights_of(tmp_path / "copy") == before


def test_patience_stops_early(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=30, patience=1, lr=1e-9)
    assert train(config, tmp_path / "run")["epochs"] < 31


@pytest.mark.parametrize("frames", [1, 300])
def test_any_length_trains(tmp_path: Path, frames: int) -> None:
    store = make_store(tmp_path / "store", load_layout("mediapipe_hands"), frames=frames, each=1)
    for num_frames in (0, 8):
        config = make_config(store, epochs=1)
        config = replace(config, data=replace(config.data, num_frames=num_frames))
        metrics = train(config, tmp_path / f"run{num_frames}")
        assert np.isfinite(metrics["test"]["nll"])


def test_five_people_train(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("kinect_v2"), bodies=5, each=1)
    assert train(make_config(store, epochs=1), tmp_path / "run")["test"]["num_clips"] > 0


def test_a_layout_from_a_file_trains(tmp_path: Path) -> None:
    layout = write_own_layout(tmp_path / "crane.yaml")
    store = make_store(tmp_path / "store", layout, each=1)
    config = make_config(store, layout=str(tmp_path / "crane.yaml"), epochs=1)
    train(config, tmp_path / "run")
    assert load_recogniser(tmp_path / "run").layout == layout
    # The store carries its layout: without the file it still trains.
    (tmp_path / "crane.yaml").unlink()
    train(make_config(store, epochs=1), tmp_path / "again")


def test_right_hand_of_a_composite(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("openpose_upper8_hands"), each=1)
    config = make_config(store, layout="mediapipe_hands", epochs=1)
    config = replace(config, data=DataOptions(num_frames=8, slot="right"))
    heard: list[str] = []
    report = Reporter()
    report.message = heard.append  # type: ignore[method-assign]
    train(config, tmp_path / "run", report=report)
    assert any("right_hand" in line for line in heard)


def test_a_layout_with_joints_that_the_store_lacks_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="spine"):
        train(make_config(store, layout="kinect_v2"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_refused_store_leaves_the_run_that_is_there(store: Store, run: Path) -> None:
    before = weights_of(run)
    with pytest.raises(SkelgraphError):
        train(make_config(store, layout="kinect_v2"), run, force=True)
    assert weights_of(run) == before


def test_a_subject_in_two_parts_is_refused(store: Store, tmp_path: Path) -> None:
    config = make_config(store)
    protocol = ProtocolOptions(protocol="xsub", test=(0, 1), val=(1,))
    with pytest.raises(ProtocolError, match="1"):
        train(replace(config, protocol=protocol), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_wrong_model_is_told_before_clips_are_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("clips were read first")

    monkeypatch.setattr("skelgraph.training.supervised.cut_parts", read)
    config = make_config(store)
    wrong = replace(config.model, overrides={"aim": {"num_types": 1}})
    with pytest.raises(ConfigError, match="num_types: expected the ghost and at least one more"):
        train(replace(config, model=wrong), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_clips_of_one_class_are_refused(store: Store, tmp_path: Path) -> None:
    clips = [store.clip(row) for row in np.flatnonzero(store.clips.label == 0)]
    alone = write_store(tmp_path / "alone", clips, class_names=CLASSES, provenance={})
    with pytest.raises(ProtocolError, match=r"alone: expected .* 2 classes, got those of 'still'"):
        train(make_config(alone), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("damage", ["cut", "not ours", "other layout", "metadata"])
def test_damaged_weights_are_refused(run: Path, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "model.safetensors"
    if damage == "cut":
        file.write_bytes((run / "model.safetensors").read_bytes()[:-100])
    elif damage == "not ours":
        from safetensors.torch import save_file

        save_file({"x": torch.zeros(1)}, file)
    elif damage == "metadata":
        from safetensors.torch import save_file

        save_file({"x": torch.zeros(1)}, file, metadata={"skelgraph": '{"layout": '})
    else:
        _swap_layout(run / "model.safetensors", file)
    with pytest.raises(RunError, match=r"model\.safetensors: expected"):
        load_recogniser(file)


def test_a_full_disk_leaves_no_piece_of_the_weights(run: Path, tmp_path: Path) -> None:
    recogniser = load_recogniser(run)
    with small_files(50_000), pytest.raises(OSError, match=r"model\.safetensors"):
        save_recogniser(tmp_path / "model.safetensors", recogniser)
    assert not list(tmp_path.iterdir())


def _swap_layout(source: Path, target: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(source, framework="pt") as opened:
        metadata = json.loads(opened.metadata()["skelgraph"])
    metadata["layout"] = load_layout("kinect_v2").to_dict()
    save_file(load_file(source), target, metadata={"skelgraph": json.dumps(metadata)})


def weights_of(folder: Path) -> dict[str, bytes]:
    state = load_file(folder / "model.safetensors")
    return {name: value.numpy().tobytes() for name, value in state.items()}


def write_own_layout(path: Path) -> Layout:
    path.write_text(OWN_LAYOUT, encoding="utf-8")
    return load_layout(path)


def test_a_run_that_holds_the_data_is_not_replaced(tmp_path: Path) -> None:
    write_config(tmp_path, RunConfig(layout="mediapipe_hands"))
    store = make_store(tmp_path / "data", load_layout("mediapipe_hands"), each=1)
    with pytest.raises(RunError, match="does not hold the data"):
        train(make_config(store, epochs=1), tmp_path, force=True)
    assert Store.open(store.path).verify() == []


def test_a_run_that_holds_the_split_is_not_replaced(store: Store, tmp_path: Path) -> None:
    write_config(tmp_path / "run", RunConfig(layout="mediapipe_hands"))
    split = tmp_path / "run" / "my_split.csv"
    split.write_text("clip,split\n")
    config = replace(
        make_config(store, epochs=1), protocol=ProtocolOptions(protocol="files", files=str(split))
    )
    with pytest.raises(RunError, match=r"does not hold the file of the split, got .*my_split\.csv"):
        train(config, tmp_path / "run", force=True)
    assert split.is_file()


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": ProtocolOptions(fold=9)},
        {"data": DataOptions(test_window="nine")},
        {"data": DataOptions(slot="right")},
        {"model": ModelOptions(preset="small", overrides={"kernel": 2})},
    ],
)
def test_simulated_clips_that_do_not_fit_leave_the_run_that_is_there(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    config = RunConfig(layout="mads", simulated={"subjects": 3, "clips_per_class": 1})
    write_config(tmp_path, config)
    (tmp_path / "model.safetensors").write_bytes(b"weeks of work")
    with pytest.raises(SkelgraphError):
        train(replace(config, **change), tmp_path, force=True)
    assert (tmp_path / "model.safetensors").read_bytes() == b"weeks of work"


def test_weights_that_run_away_stop_the_run(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"epoch 2: expected finite weights.*--lr"):
        train(make_config(store, epochs=3, lr=1e30), tmp_path / "run")


def test_config_yaml_says_which_arithmetic(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=1)
    config = replace(config, training=replace(config.training, precision="auto"))
    train(config, tmp_path / "run")
    kept = read_config(tmp_path / "run")
    assert kept.training.precision in ("32-true", "bf16-mixed")


@pytest.mark.parametrize("text", ["{", "{}", '{"schema_version": 9}'])
def test_metadata_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "model.safetensors"
    save_file({"x": torch.zeros(1)}, file, metadata={"skelgraph": text})
    with pytest.raises(RunError, match=r"model\.safetensors: expected .*schema_version"):
        load_recogniser(file)
