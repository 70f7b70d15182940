"""The published recipe, on the models that have its parts and on those that have others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skelgraph.graphs import load_layout
from skelgraph.models import MODELS
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.config_checks import check
from skelgraph.training.learner import Tuning
from skelgraph.training.transfer.carrying import carry_over
from skelgraph.training.transfer.industrial import Stage, curriculum_stage, transfer_stage
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.tuning import make_tuning
from tests.training.transfer.starts import TOWER, make_model, make_start

LAYOUT = load_layout("mediapipe_hands")


def names_of(name: str) -> list[str]:
    model, _ = make_model(name, LAYOUT)
    return [key for key, _ in model.named_parameters()]


def tune(name: str, stage: Stage) -> tuple[Tuning, TrainOptions]:
    """Apply a stage to a model whose weights are all carried over but the classifier's."""
    start, _ = make_start(name, LAYOUT)
    model, _ = make_model(name, LAYOUT)
    training = replace(TrainOptions(), **stage.training)
    options = StartOptions("x", **stage.start)
    check(RunConfig("", training=training, start=options))
    carried = carry_over(model, LAYOUT, start)
    return make_tuning(model, options, carried, training=training), training


def test_the_transfer_moves_feed_forward_layers_and_the_classifier() -> None:
    names = names_of("conv_gtn")
    tuning, training = tune("conv_gtn", transfer_stage(names))
    moving = set(names) - tuning.frozen
    assert moving == {key for key in names if ".feed." in key or "classifier" in key}
    assert len([key for key in moving if key.endswith("feed.0.weight")]) == 2 * TOWER["layers"]
    rate = {key: training.lr * tuning.rates.get(key, 1.0) for key in moving}
    for key, value in rate.items():
        assert value == pytest.approx(1e-4 if "classifier" in key else 1e-3)
    assert not tuning.anchor


def test_the_first_iteration_has_rates_by_part_and_an_anchor() -> None:
    names = names_of("conv_gtn")
    tuning, training = tune("conv_gtn", curriculum_stage(names, first=True))
    assert tuning.frozen == {key for key in names if "encoder.layers.0." in key}
    wanted = {"embed": 1e-3, "identity": 1e-3, "gate": 1e-2, "classifier": 1e-3, "encoder": 5e-4}
    for key in set(names) - tuning.frozen:
        part = next((part for part in wanted if part in key.split(".")), None)
        if part is not None:
            assert training.lr * tuning.rates.get(key, 1.0) == pytest.approx(wanted[part]), key
    assert tuning.anchor_weight > 0 and set(tuning.anchor) <= set(names) - tuning.frozen
    assert (training.epochs, training.plateau_patience) == (150, 5)


def test_following_iterations_hold_the_convolution_and_both_embeddings() -> None:
    names = names_of("conv_gtn")
    tuning, _ = tune("conv_gtn", curriculum_stage(names, first=False))
    assert {key for key in names if ".embed." in key or key.endswith("identity")} <= tuning.frozen
    assert any("embed.conv" in key for key in tuning.frozen)
    assert not any("encoder" in key or "gate" in key for key in tuning.frozen)
    assert not tuning.anchor


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_every_stage(name: str) -> None:
    names = names_of(name)
    for stage in (curriculum_stage(names, first=True), curriculum_stage(names, first=False)):
        tuning, _ = tune(name, stage)
        assert set(names) - tuning.frozen
    held = tune(name, curriculum_stage(names, first=False))[0].frozen
    assert all(any(word in key for key in held) for word in ("input_norm",))
