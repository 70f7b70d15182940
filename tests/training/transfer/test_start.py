"""Weights to start from: where they are found, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from skelgraph.errors import ConfigError, RunError
from skelgraph.graphs import Layout, load_layout
from skelgraph.training.config import DataOptions, RunConfig
from skelgraph.training.transfer import start as start_module
from skelgraph.training.transfer.beginning import begin, resolve_start
from skelgraph.training.transfer.configuring import model_options, transfer_config
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.start import load_start, shared_joints, shipped_weights
from skelgraph.training.weights import Recogniser, read_weights, save_recogniser
from tests.training.clips import make_store
from tests.training.transfer.starts import CLASSES, make_model, scramble

PLAIN = DataOptions(num_frames=8)


def write_weights(
    path: Path, layout: Layout, *, classes: tuple[str, ...] = CLASSES, **changes: object
) -> Path:
    """Write the weights file of a small model."""
    model, config = make_model("as_gcn", layout, num_classes=max(1, len(classes)), **changes)
    scramble(model)
    recogniser = Recogniser(
        model=model,
        layout=layout,
        class_names=classes,
        data=PLAIN,
        num_coords=3,
        temperature=1.0,
        model_config={"name": "as_gcn", "config": config},
        provenance={"data": "made in a test"},
    )
    save_recogniser(path, recogniser)
    return path


def rewrite(path: Path, *, drop: str = "", **changes: object) -> None:
    """Change the description of a weights file, or leave weights out."""
    metadata, state = read_weights(path)
    text = json.dumps({**metadata, **changes})
    kept = {name: value for name, value in state.items() if not drop or not name.startswith(drop)}
    save_file(kept, path, metadata={"skelgraph": text})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_weights(tmp_path / "model.safetensors", load_layout("kinect_v2"))


def test_a_run_folder_and_its_file_are_the_same_start(weights: Path) -> None:
    folder, file = load_start(weights.parent), load_start(weights)
    assert folder.checksum == file.checksum and len(file.checksum) == 64
    assert file.class_names == CLASSES and file.data == PLAIN and file.num_spatial == 3
    assert file.layout == load_layout("kinect_v2")
    assert all(torch.equal(file.state[k], v) for k, v in load_file(weights).items())


def test_weights_without_labels_need_no_head(weights: Path) -> None:
    rewrite(weights, drop="head.", class_names=[], provenance={"kind": "pretrained"})
    start = load_start(weights)
    assert start.class_names == ()
    assert not any(name.startswith("head.") for name in start.state)
    layout = load_layout("kinect_v2")
    model, _ = make_model("as_gcn", layout)
    begun = begin(
        model,
        layout,
        StartOptions(str(weights)),
        class_names=CLASSES,
        num_spatial=3,
        training=RunConfig("").training,
    )
    new = begun.carried.names("new")
    assert new == {name for name in model.state_dict() if name.startswith("head.")}


def test_one_count_of_batches_for_a_whole_norm_is_spread(weights: Path) -> None:
    metadata, state = read_weights(weights)
    key = "backbone.blocks.0.graph_norm.num_batches"
    state[key] = torch.tensor(5)
    save_file(state, weights, metadata={"skelgraph": json.dumps(metadata)})
    assert load_start(weights).state[key].tolist() == [5] * 8


@pytest.mark.parametrize(
    ("drop", "changes", "said"),
    [
        ("aim.", {}, r"expected weights 'aim\..*got none"),
        ("", {"class_names": ["one"]}, r"'head\.classifier\.bias' of shape \(1,\), got \(3,\)"),
        ("", {"model": {"name": "as_gnc", "config": {}}}, "Did you mean 'as_gcn'"),
        ("", {"model": {"name": "as_gcn", "config": {"forecast": 0}}}, r"no weights 'forecaster\."),
        ("", {"layout": {}}, r"description, got FaultyLayoutError \(layout: expected"),
        ("", {"num_coords": None}, "got TypeError"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    weights: Path, drop: str, changes: dict[str, object], said: str
) -> None:
    model = changes.get("model")
    if isinstance(model, dict) and model["config"]:
        metadata, _ = read_weights(weights)
        model["config"] = {**metadata["model"]["config"], **model["config"]}
    rewrite(weights, drop=drop, **changes)
    with pytest.raises(RunError, match=said):
        load_start(weights)


def test_a_missing_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="expected a trained run"):
        load_start(tmp_path / "nothing")


def test_shipped_weights_are_chosen_by_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, hands = load_layout("kinect_v2"), load_layout("mediapipe_hands")
    shipped = {
        "body": write_weights(tmp_path / "body.safetensors", body),
        "hands": write_weights(tmp_path / "hands.safetensors", hands),
    }
    monkeypatch.setattr(start_module, "shipped_weights", lambda: shipped)
    assert load_start("simulated", layout=load_layout("openpose_body25")).layout == body
    assert load_start("simulated", layout=load_layout("shrec_hand")).layout == hands
    assert load_start("simulated:hands").layout == hands
    with pytest.raises(RunError, match=r"got 'hand'. Did you mean 'hands'"):
        load_start("simulated:hand")
    with pytest.raises(RunError, match=r"expected the name .* simulated:body, simulated:hands"):
        load_start("simulated")
    flat = write_weights(tmp_path / "flat.safetensors", hands, num_coords=2)
    rewrite(flat, num_coords=2, num_spatial=2)
    monkeypatch.setattr(start_module, "shipped_weights", lambda: {**shipped, "flat": flat})
    for places in (2, 3):
        assert load_start("simulated", layout=hands, num_spatial=places).num_coords == places
    config = RunConfig("coco17", start=StartOptions("simulated"))
    resolved = resolve_start(config, load_layout("coco17")).start
    assert resolved is not None and resolved.source == "simulated:body"
    assert resolved.checksum == load_start(shipped["body"]).checksum


def test_no_shipped_weights_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_module, "shipped_weights", dict)
    with pytest.raises(RunError, match="expected weights shipped with skelgraph, found none"):
        load_start("simulated")


def test_what_is_shipped_can_be_read() -> None:
    assert shipped_weights()
    for name in shipped_weights():
        assert load_start(f"simulated:{name}").class_names


def test_other_weights_than_the_run_began_with_are_refused(weights: Path) -> None:
    layout = load_layout("kinect_v2")
    model, _ = make_model("as_gcn", layout)
    options = StartOptions(str(weights), checksum="a" * 64)
    with pytest.raises(RunError, match=r"began with \(SHA-256 aaaaaaaaaaaa\.\.\.\), got others"):
        begin(
            model,
            layout,
            options,
            class_names=CLASSES,
            num_spatial=3,
            training=RunConfig("").training,
        )


def test_joints_that_rules_call_the_same_are_shared() -> None:
    kinect, openpose = load_layout("kinect_v2"), load_layout("openpose_body25")
    found = shared_joints(kinect, openpose)
    assert found["left_elbow"] == "left_elbow"
    assert "mid_hip" not in found, "the mean of two joints is neither"
    # Layouts that come out of a store have no rules of their own.
    bare = Layout.from_dict(openpose.to_dict())
    assert shared_joints(kinect, bare) == found
    assert shared_joints(load_layout("mediapipe_hands"), kinect) == {}


def test_the_model_is_told_as_the_nearest_preset(weights: Path) -> None:
    options = model_options(load_start(weights))
    assert (options.name, options.preset) == ("as_gcn", "small")
    assert options.overrides["channels"] == [8, 8, 16]
    assert options.overrides["tower"]["width"] == 16
    assert "num_coords" not in options.overrides and "kernel" not in options.overrides


def test_a_transfer_keeps_what_the_run_had(weights: Path, tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", load_layout("kinect_v1"), each=1)
    config = transfer_config(weights, store=store.path)
    assert config.layout == "kinect_v1" and config.data == PLAIN
    assert config.training.link_epochs == 0
    told = {
        "data": {"num_frames": 12},
        "training": {"epochs": 3, "link_epochs": 1},
        "model": {"tower": {"width": 24}, "kernel": 5},
        "start": {"freeze": ("backbone",)},
        "augment": {"mirror": 0.5},
        "protocol": {"fold": 1},
    }
    changed = transfer_config(weights, store=store.path, told=told)
    assert changed.data == DataOptions(num_frames=12)
    assert (changed.training.epochs, changed.training.link_epochs) == (3, 1)
    assert changed.model.overrides["tower"] == {**config.model.overrides["tower"], "width": 24}
    assert changed.model.overrides["kernel"] == 5
    assert changed.start is not None and changed.start.freeze == ("backbone",)
    assert changed.augment.mirror == 0.5 and changed.protocol.fold == 1


def test_the_industrial_recipe_moves_feed_forward_layers_and_the_classifier(
    weights: Path, tmp_path: Path
) -> None:
    store = make_store(tmp_path / "store", load_layout("kinect_v1"), each=1)
    config = transfer_config(weights, store=store.path, recipe="industrial")
    training = config.training
    assert (training.epochs, training.batch_size, training.lr) == (40, 8, 1e-3)
    assert (training.schedule, training.plateau_patience, training.plateau_factor) == (
        "plateau",
        7,
        0.1,
    )
    assert training.weight_decay == 0 and training.ema == 0
    assert config.start is not None and config.start.only == ("feed", "classifier")
    assert config.start.rates == {"classifier": 1e-4}
    with pytest.raises(ConfigError, match="recipe: expected one of default, industrial"):
        transfer_config(weights, store=store.path, recipe="industry")
