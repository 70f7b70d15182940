"""Transfers end to end: what moves and what stays, other stores, resuming, comparing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.errors import RunError
from skelgraph.graphs import load_layout
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.progress import Reporter
from skelgraph.training.run import read_config
from skelgraph.training.scoring import evaluate
from skelgraph.training.supervised import train
from skelgraph.training.transfer.comparing import KEY, SCRATCH, train_both, without_start
from skelgraph.training.transfer.configuring import transfer_config
from skelgraph.training.weights import load_recogniser
from tests.training.clips import CLASSES, make_clips, make_config, make_store

BODY = load_layout("kinect_v2")
QUICK = {"epochs": 2, "batch_size": 8, "precision": "32-true"}
STATISTICS = ("running_mean", "running_var", "num_batches")


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("bodies") / "kinect_v2", BODY)


@pytest.fixture(scope="module")
def source(bodies: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "run"
    train(make_config(bodies, epochs=4, lr=1e-2), folder)
    return folder


def configure(source: Path, store: Store, **told: Any) -> RunConfig:
    """Configure a transfer that takes a second; `told` by part of the configuration."""
    training = {**QUICK, **told.pop("training", {})}
    return transfer_config(source, store=store.path, told={"training": training, **told})


def weights_of(run: Path) -> dict[str, Tensor]:
    return load_file(run / "model.safetensors")


def moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """Name what changed, weights and statistics."""
    return {k for k in before if not torch.equal(before[k], after[k])}


def fewer(clips: list[Clip], labels: dict[int, int]) -> list[Clip]:
    """Keep some classes under new numbers."""
    return [replace(c, label=labels[c.label]) for c in clips if c.label in labels]


@pytest.mark.parametrize("target", ["kinect_v1", "openpose_body25"])
def test_another_layout_and_other_classes_train(source: Path, tmp_path: Path, target: str) -> None:
    layout = load_layout(target)
    clips = fewer(make_clips(layout), {0: 1, 2: 0})
    store = write_store(tmp_path / "two", clips, class_names=("rocking", "calm"), provenance={})
    metrics = train(configure(source, store), tmp_path / "run")
    assert metrics["classes"] == ["rocking", "calm"]
    carried = metrics["start"]["carried"]
    assert carried["joints_new"] and len(carried["joints_shared"]) >= 15
    assert "head.joint_tower.identity" in carried["part"]
    assert "head.classifier.weight" in carried["new"]
    recogniser = load_recogniser(tmp_path / "run")
    assert recogniser.provenance["start"]["checksum"] == metrics["start"]["checksum"]
    assert evaluate([tmp_path / "run"])["test"]["top1"] == metrics["test"]["top1"]


def test_two_coordinates_train(source: Path, tmp_path: Path) -> None:
    flat = [
        replace(clip, keypoints=clip.keypoints[..., :2], axes=clip.axes[:2])
        for clip in make_clips(BODY)
    ]
    store = write_store(tmp_path / "flat", flat, class_names=CLASSES, provenance={})
    metrics = train(configure(source, store), tmp_path / "run")
    assert "aim.decoder.out.6.weight" in metrics["start"]["carried"]["whole"]
    assert load_recogniser(tmp_path / "run").num_coords == 2


def test_the_same_classes_are_known_without_training(
    source: Path, bodies: Store, tmp_path: Path
) -> None:
    order = (2, 0, 1)
    clips = [replace(clip, label=order.index(clip.label)) for clip in make_clips(BODY)]
    names = [CLASSES[i] for i in order]
    store = write_store(tmp_path / "permuted", clips, class_names=names, provenance={})
    still = {"lr": 1e-12, "weight_decay": 0.0, "ema": 0.0}
    frozen = {"keep_classifier": True, "freeze": ("input_norm", "aim", "backbone")}
    config = configure(source, store, training=still, start=frozen)
    metrics = train(config, tmp_path / "run")
    assert metrics["test"]["top1"] == evaluate([source])["test"]["top1"]
    assert "head.classifier.weight" in metrics["start"]["carried"]["whole"]


def test_fixed_features_stay_to_the_last_bit(source: Path, bodies: Store, tmp_path: Path) -> None:
    config = configure(source, bodies, start={"mode": "features"}, training={"lr": 0.05})
    metrics = train(config, tmp_path / "run")
    changed = moved(weights_of(source), weights_of(tmp_path / "run"))
    assert changed == {"head.classifier.weight", "head.classifier.bias"}
    assert metrics["start"]["mode"] == "features"
    header = (tmp_path / "run/history.csv").read_text().splitlines()[0]
    assert "aim_nll" not in header, "a loss from which nothing can learn is not computed"
    assert set(metrics["start"]["frozen"]).isdisjoint(changed)


def test_frozen_parts_stay_and_the_rest_moves(source: Path, bodies: Store, tmp_path: Path) -> None:
    start = {"freeze": ("backbone.blocks.0", "aim", "input_norm")}
    train(configure(source, bodies, start=start), tmp_path / "run")
    before = weights_of(source)
    changed = moved(before, weights_of(tmp_path / "run"))
    stays = ("backbone.blocks.0.", "aim.", "input_norm.")
    assert not [name for name in changed if name.startswith(stays)]
    rest = {name for name in before if not name.startswith(stays)}
    assert {n for n in rest - changed if not n.endswith(STATISTICS)} == set()
    norms = {n for n in rest if n.endswith("running_mean")}
    assert norms and norms <= changed


def test_the_architecture_alone_is_a_run_from_scratch(
    source: Path, bodies: Store, tmp_path: Path
) -> None:
    config = configure(source, bodies, start={"mode": "architecture"})
    metrics = train(config, tmp_path / "alone")
    assert metrics["start"]["carried"]["numbers_carried"] == 0
    train(replace(config, start=None), tmp_path / "scratch")
    assert not moved(weights_of(tmp_path / "alone"), weights_of(tmp_path / "scratch"))


def test_layers_thaw_one_after_the_other(source: Path, bodies: Store, tmp_path: Path) -> None:
    # Groups: classifier, head, three blocks, input. Of six epochs the last group gets one.
    start = {"unfreeze": True, "unfreeze_epochs": 1}
    training = {"epochs": 6, "ema": 0.0, "schedule": "constant"}
    config = configure(source, bodies, start=start, training=training)
    first = weights_of(source)
    seen: list[set[str]] = []

    class Watch(Reporter):
        def epoch(self, row: dict[str, Any]) -> None:
            state = torch.load(tmp_path / "run/checkpoints/last.pt", weights_only=True)["model"]
            names = {n for n in state if not n.endswith(STATISTICS)}
            seen.append({n for n in names if not torch.equal(state[n], first[n])})

    train(config, tmp_path / "run", report=Watch())
    parts = ["head.classifier", "head", "backbone.blocks.2", "backbone.blocks.1"]
    parts += ["backbone.blocks.0", "input_norm"]
    for epoch, changed in enumerate(seen):
        for level, part in enumerate(parts):
            touched = any(n.startswith(f"{part}.") and n in changed for n in first)
            if part == "head":
                touched = any(n.startswith("head.gate.") and n in changed for n in first)
            assert touched == (level <= epoch), (epoch, part)


def test_the_anchor_pulls_back(source: Path, bodies: Store, tmp_path: Path) -> None:
    first = weights_of(source)

    def distance(weight: float) -> float:
        run = tmp_path / str(weight)
        training = {"epochs": 4, "weight_decay": 0.0}
        train(configure(source, bodies, start={"l2_start": weight}, training=training), run)
        last = weights_of(run)
        kept = [n for n in first if n.startswith("backbone") and not n.endswith(STATISTICS)]
        return sum(float((last[n] - first[n]).square().sum()) for n in kept)

    assert distance(10.0) < 0.7 * distance(0.0)


class StoppedError(Exception):
    """Raised to stop a run."""


class StopAfter(Reporter):
    """Stop after some epochs."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def epoch(self, row: dict[str, Any]) -> None:
        self.left -= 1
        if not self.left:
            raise StoppedError


ALL_AT_ONCE = {"unfreeze": True, "lr_decay": 2.0, "l2_start": 0.1, "freeze": ("aim",)}


@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
def test_a_stopped_transfer_goes_on_to_the_same_end(
    source: Path, bodies: Store, tmp_path: Path, schedule: str
) -> None:
    training = {"epochs": 4, "schedule": schedule, "plateau_patience": 0}
    config = configure(source, bodies, start=ALL_AT_ONCE, training=training)
    whole = train(config, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(config, tmp_path / "stopped", report=StopAfter(2))
    assert read_config(tmp_path / "stopped").start == read_config(tmp_path / "whole").start
    again = train(RunConfig(layout=""), tmp_path / "stopped", resume=True)
    assert not moved(weights_of(tmp_path / "whole"), weights_of(tmp_path / "stopped"))
    assert again["start"] == whole["start"] and again["test"] == whole["test"]


def test_a_plateau_lowers_the_rate(source: Path, bodies: Store, tmp_path: Path) -> None:
    training = {"epochs": 4, "schedule": "plateau", "plateau_patience": 0, "lr": 1e-12}
    config = configure(source, bodies, training={**training, "warmup": 0.0})
    train(config, tmp_path / "run")
    rates = [line.split(",") for line in (tmp_path / "run/history.csv").read_text().splitlines()]
    column = rates[0].index("lr")
    values = np.array([float(row[column]) for row in rates[1:]])
    # Nothing learns at this rate: no epoch but the first gains, so each costs a factor of ten.
    assert values == pytest.approx([1e-12, 1e-12, 1e-13, 1e-14])


def test_a_run_goes_on_only_from_its_own_weights(
    source: Path, bodies: Store, tmp_path: Path
) -> None:
    own = tmp_path / "own.safetensors"
    own.write_bytes((source / "model.safetensors").read_bytes())
    with pytest.raises(StoppedError):
        train(configure(own, bodies), tmp_path / "run", report=StopAfter(1))
    train(make_config(bodies, epochs=1, seed=5), tmp_path / "other")
    own.write_bytes((tmp_path / "other/model.safetensors").read_bytes())
    with pytest.raises(RunError, match="expected the weights that the run began with"):
        train(RunConfig(layout=""), tmp_path / "run", resume=True)


def test_a_run_is_not_replaced_by_what_starts_from_it(
    source: Path, bodies: Store, tmp_path: Path
) -> None:
    config = configure(source, bodies)
    with pytest.raises(RunError, match="expected a run to replace that does not hold the weights"):
        train(config, source, force=True)
    assert weights_of(source)


def test_beside_a_run_from_scratch_each_class_is_compared(
    source: Path, bodies: Store, tmp_path: Path
) -> None:
    config = configure(source, bodies)
    metrics, comparison = train_both(config, tmp_path / "run")
    told = json.loads((tmp_path / "run/metrics.json").read_text())[KEY]
    scratch = json.loads((tmp_path / "run" / SCRATCH / "metrics.json").read_text())
    for i, name in enumerate(CLASSES):
        assert told["classes"][i]["name"] == name
        assert told["classes"][i]["before"] == pytest.approx(scratch["test"]["f1"][i])
        assert told["classes"][i]["after"] == pytest.approx(metrics["test"]["f1"][i])
    assert {c.name for c in comparison.fell} == set(told["fell"])
    plain = read_config(tmp_path / "run" / SCRATCH)
    assert plain.start is None
    assert (plain.training.link_epochs, plain.training.lr) == (3, TrainOptions().lr)
    told = replace(config, training=replace(config.training, lr=1e-4, link_epochs=1))
    assert without_start(told).training == told.training
    assert (tmp_path / "run" / SCRATCH / "split.csv").read_text() == (
        tmp_path / "run/split.csv"
    ).read_text()


@pytest.mark.parametrize("epochs", [1, 4])
def test_a_stopped_comparison_goes_on(
    source: Path, bodies: Store, tmp_path: Path, epochs: int
) -> None:
    config = configure(source, bodies)
    with pytest.raises(StoppedError):
        train_both(config, tmp_path / "run", report=StopAfter(epochs))
    metrics, _ = train_both(RunConfig(layout=""), tmp_path / "run", resume=True)
    whole, _ = train_both(config, tmp_path / "whole")
    assert metrics[KEY] == whole[KEY]
