"""Runs without labels end to end: gradients, resuming, what is seen, what is written."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, RunError, SkelgraphError
from skelgraph.graphs import load_layout
from skelgraph.models import MODELS
from skelgraph.training.config import ModelOptions, PretrainOptions, RunConfig
from skelgraph.training.devices import Devices
from skelgraph.training.pretrain.job import pretrain
from skelgraph.training.pretrain.methods import METHODS
from skelgraph.training.progress import Reporter
from skelgraph.training.weights import load_recogniser
from tests.training.clips import make_clips
from tests.training.pretrain.steps import (
    NARROW,
    configure,
    make_draw,
    make_learner,
    make_objective,
)


class StoppedError(Exception):
    """What a test stops a run with."""


class StopAfter(Reporter):
    """Stop a run after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise StoppedError


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model.safetensors")


def assert_same(first: Path, second: Path) -> None:
    one, other = weights_of(first), weights_of(second)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module", params=METHODS)
def run(
    request: pytest.FixtureRequest, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("runs") / str(request.param)
    pretrain(configure(store, request.param), folder)
    return folder


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", sorted(NARROW))
def test_gradient_reaches_every_parameter_of_the_blocks(
    store: Store, method: str, model: str
) -> None:
    objective = make_objective(store, method, model=model)
    with torch.no_grad():  # what starts as zero passes no gradient on before it has moved
        for parameter in objective.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    learner = make_learner(objective)
    learner.set_training()
    terms = objective.terms(learner, make_draw(store))
    total = terms["loss"] + sum(term for name, term in terms.items() if name.startswith("aim_"))
    total.backward()
    for name, parameter in objective.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert bool(parameter.grad.any()), name


def test_models_without_features_of_joints_and_frames_are_refused(store: Store) -> None:
    refused = set(MODELS) - set(NARROW)
    assert refused == {"gtn", "conv_gtn"}
    for model in refused:
        with pytest.raises(ConfigError, match=f"features of joints and frames, got '{model}'"):
            make_objective(store, model=model)


def test_a_run_that_was_stopped_ends_the_same(run: Path, store: Store, tmp_path: Path) -> None:
    config = configure(store, run.name)
    with pytest.raises(StoppedError):
        pretrain(config, tmp_path / "run", report=StopAfter(7))
    assert not (tmp_path / "run" / "model.safetensors").exists()
    pretrain(config, tmp_path / "run", resume=True)
    assert_same(run, tmp_path / "run")
    kept = [json.loads((path / "metrics.json").read_text()) for path in (run, tmp_path / "run")]
    assert kept[0]["val"] == kept[1]["val"]


def test_labels_are_never_read(run: Path, tmp_path: Path) -> None:
    clips = [replace(clip, label=None) for clip in make_clips(load_layout("mediapipe_hands"))]
    store = write_store(tmp_path / "none", clips, class_names=(), provenance={})
    pretrain(configure(store, run.name), tmp_path / "run")
    assert_same(run, tmp_path / "run")


def test_the_weights_have_no_head_and_recognise_nothing(run: Path) -> None:
    names = list(weights_of(run))
    assert any(name.startswith("backbone.") for name in names)
    assert {"aim", "input_norm"} <= {name.split(".")[0] for name in names}
    assert not [name for name in names if name.startswith(("head.", "decoder", "projector"))]
    with pytest.raises(RunError, match=r"weights of `skelgraph pretrain`.*`transfer`.*--from"):
        load_recogniser(run)


def test_the_folder_tells_what_was_seen_and_learned(run: Path, store: Store) -> None:
    with (run / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    people = {
        row["split"]: {r["clip"][:2] for r in rows if r["split"] == row["split"]} for row in rows
    }
    assert people == {"train": {"s0", "s1", "s2", "s3"}, "val": {"s4"}}
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["method"] == run.name
    assert metrics["train"]["num_clips"] == 24 and metrics["val"]["num_clips"] == 6
    assert metrics["val"]["trivial"] > 0
    with (run / "history.csv").open(newline="") as file:
        stages = [row["stage"] for row in csv.DictReader(file)]
    assert stages == ["links", "main", "main"]


def test_everybody_is_seen_if_asked(store: Store, tmp_path: Path) -> None:
    config = configure(store, all_clips=True)
    config = replace(
        config, protocol=replace(config.protocol, test=None, val=None, val_fraction=0.0)
    )
    metrics = pretrain(config, tmp_path / "run")
    assert metrics["train"]["num_clips"] == store.num_clips
    assert "val" not in metrics
    config = replace(config, protocol=replace(config.protocol, val_fraction=0.2))
    metrics = pretrain(config, tmp_path / "some")
    assert metrics["train"]["num_clips"] + metrics["val"]["num_clips"] == store.num_clips


@pytest.mark.parametrize("method", METHODS)
def test_clips_as_long_as_they_are(store: Store, tmp_path: Path, method: str) -> None:
    config = configure(store, method)
    config = replace(
        config,
        data=replace(config.data, num_frames=0),
        training=replace(config.training, epochs=1, link_epochs=0),
    )
    metrics = pretrain(config, tmp_path / "run")
    assert 0 < metrics["val"]["loss"] < 100


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mask_share": 1.0}, "mask_share: expected a share between 0 and 1, got 1.0"),
        ({"mask_span": 0}, "mask_span"),
        ({"motion_stride": 0}, "motion_stride"),
        ({"view_crop": 0.0}, "view_crop"),
        ({"temperature": 0.0}, "temperature"),
        ({"divergence_weight": -1.0}, "divergence_weight"),
        ({"method": "maskd"}, "masked"),
    ],
)
def test_options_that_no_run_can_have(
    store: Store, tmp_path: Path, options: dict[str, float], said: str
) -> None:
    config = replace(configure(store), pretrain=PretrainOptions(**options))
    with pytest.raises(ConfigError, match=said):
        pretrain(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_pretrained(store: Store, tmp_path: Path) -> None:
    config = configure(store)
    heads = ModelOptions(preset="small", overrides={"forecast": 3})
    config = replace(config, model=heads, data=replace(config.data, num_frames=0))
    with pytest.raises(ConfigError, match="forecast: expected no prediction head"):
        pretrain(config, tmp_path / "run")
    with pytest.raises(ConfigError, match="expected its options and a store"):
        pretrain(RunConfig(layout="coco17"), tmp_path / "run")
    with pytest.raises(ConfigError, match=r"devices: expected one .* got 2"):
        pretrain(configure(store), tmp_path / "run", devices=Devices("cpu", 2))
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_the_data_stays(run: Path, store: Store) -> None:
    with pytest.raises(SkelgraphError, match="does not hold the data"):
        pretrain(configure(store), Path(store.path).parent, force=True)
    assert (Path(store.path) / "index.csv").is_file()
