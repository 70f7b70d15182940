"""What moves, when and how fast."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.models import MODELS
from skelgraph.training.config import TrainOptions
from skelgraph.training.learner import Tuning
from skelgraph.training.transfer.carrying import carry_over
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.parts import layer_groups, select
from skelgraph.training.transfer.tuning import make_tuning
from tests.training.transfer.starts import make_model, make_start

PLAIN = TrainOptions(epochs=20, link_epochs=0, lr=1e-2)
ALL = pytest.mark.parametrize("name", MODELS)


def tune(
    name: str, options: StartOptions, *, target: str = "kinect_v2", training: TrainOptions = PLAIN
) -> tuple[Tuning, nn.Module]:
    """Carry weights on kinect_v2 over into a layout and make the tuning."""
    start, _ = make_start(name, load_layout("kinect_v2"))
    model, _ = make_model(name, load_layout(target))
    carried = carry_over(model, load_layout(target), start)
    return make_tuning(model, options, carried, training=training), model


def names_of(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_parameters()]


@ALL
def test_groups_hold_every_parameter_once_from_the_classifier_down(name: str) -> None:
    model, _ = make_model(name, load_layout("mediapipe_hands"))
    groups = layer_groups(names_of(model))
    assert sorted(key for group in groups for key in group) == sorted(names_of(model))
    assert all("classifier" in key for key in groups[0])
    assert any("input_norm" in key for key in groups[-1])
    marks = ("blocks.0.", "encoder.layers.0.")
    lowest = [g for g in groups if all(any(mark in key for mark in marks) for key in g)]
    assert lowest == [groups[-2]]


def test_blocks_go_from_the_last_to_the_first() -> None:
    model, _ = make_model("as_gcn", load_layout("kinect_v2"))
    groups = layer_groups(names_of(model))
    blocks = [group[0].split(".")[2] for group in groups if group[0].startswith("backbone.")]
    assert blocks == ["2", "1", "0"]
    assert any(key.startswith("aim.") for key in groups[-1])


def test_fixed_features_leave_the_classifier_alone_to_move() -> None:
    tuning, model = tune("as_gcn", StartOptions("x", mode="features"))
    moving = set(names_of(model)) - tuning.frozen
    assert moving == {"head.classifier.weight", "head.classifier.bias"}


def test_what_was_made_anew_is_never_frozen() -> None:
    tuning, model = tune("as_gcn", StartOptions("x", mode="features"), target="kinect_v1")
    moving = set(names_of(model)) - tuning.frozen
    assert "head.joint_tower.identity" in moving and "input_norm.weight" in moving
    assert "head.step_tower.embed.weight" in tuning.frozen
    assert not any(key.startswith("aim.") for key in moving)


def test_parts_are_frozen_by_name() -> None:
    options = StartOptions("x", freeze=("backbone.blocks.0", "aim"))
    tuning, model = tune("as_gcn", options)
    names = names_of(model)
    assert tuning.frozen == {k for k in names if k.startswith(("backbone.blocks.0.", "aim."))}
    only, _ = tune("as_gcn", StartOptions("x", only=("feed", "classifier")))
    assert set(names) - only.frozen == {k for k in names if ".feed." in k or "classifier" in k}


@pytest.mark.parametrize("what", ["freeze", "only"])
def test_a_part_that_is_not_there_is_told_the_nearest(what: str) -> None:
    with pytest.raises(ConfigError, match=f"{what}: .*got 'bakbone'.*Did you mean 'backbone'"):
        tune("as_gcn", StartOptions("x", **{what: ("bakbone",)}))
    with pytest.raises(ConfigError, match=r"lr_group: expected a part .*gtn"):
        tune("gtn", StartOptions("x", rates={"zzz": 1e-3}))


def test_freezing_everything_is_refused() -> None:
    layout = load_layout("kinect_v2")
    start, _ = make_start("st_gcn", layout)
    model, _ = make_model("st_gcn", layout)
    names = start.class_names
    carried = carry_over(model, layout, start, class_names=names, keep_classifier=True)
    options = StartOptions("x", freeze=("input_norm", "backbone", "head"))
    with pytest.raises(ConfigError, match="left to move, got none"):
        make_tuning(model, options, carried, training=PLAIN)


def test_frozen_links_are_not_trained_before() -> None:
    options = StartOptions("x", freeze=("aim",))
    with pytest.raises(ConfigError, match="link_epochs: expected 0"):
        tune("as_gcn", options, training=replace(PLAIN, link_epochs=2))


def test_links_that_are_trained_alone_first_move_from_the_start() -> None:
    options = StartOptions("x", unfreeze=True, lr_decay=2)
    tuning, model = tune("as_gcn", options, training=replace(PLAIN, link_epochs=1))
    links = select(names_of(model), "aim")
    assert links and not links & (set(tuning.thaw) | set(tuning.rates))
    assert "input_norm.weight" in tuning.thaw and "input_norm.weight" in tuning.rates


@ALL
def test_rates_fall_by_the_layer(name: str) -> None:
    tuning, model = tune(name, StartOptions("x", lr_decay=2.6))
    for level, group in enumerate(layer_groups(names_of(model))):
        for key in group:
            assert tuning.rates.get(key, 1.0) == pytest.approx(2.6**-level)


def test_a_part_s_own_rate_goes_before_the_layer_s() -> None:
    rates = {"backbone": 1e-3, "backbone.blocks.2": 5e-3, "classifier": 2e-2}
    tuning, model = tune("as_gcn", StartOptions("x", lr_decay=10, rates=rates))
    for key in select(names_of(model), "backbone"):
        expected = 0.5 if key.startswith("backbone.blocks.2.") else 0.1
        assert tuning.rates[key] == pytest.approx(expected)
    assert tuning.rates["head.classifier.weight"] == pytest.approx(2.0)
    assert tuning.rates["head.gate.score.bias"] == pytest.approx(0.1)


def test_new_weights_have_the_full_rate() -> None:
    start, _ = make_start("as_gcn", load_layout("kinect_v2"))
    model, _ = make_model("as_gcn", load_layout("mediapipe_hands"))
    carried = carry_over(model, load_layout("mediapipe_hands"), start)
    tuning = make_tuning(model, StartOptions("x", lr_decay=3), carried, training=PLAIN)
    new = carried.names("new") & set(names_of(model))
    assert "backbone.blocks.0.graph.s_mask" in new
    assert not new & set(tuning.rates)


def test_groups_thaw_from_the_top_at_equal_shares() -> None:
    tuning, model = tune("as_gcn", StartOptions("x", unfreeze=True))
    groups = layer_groups(names_of(model))
    for i, group in enumerate(groups):
        for key in group:
            assert tuning.thaw.get(key, 0.0) == pytest.approx(i / len(groups))


def test_groups_thaw_every_few_epochs_and_frozen_ones_are_passed_over() -> None:
    options = StartOptions("x", unfreeze=True, unfreeze_epochs=3, freeze=("head.gate", "aim"))
    tuning, model = tune("as_gcn", options)
    blocks = {i: select(names_of(model), f"backbone.blocks.{i}") for i in range(3)}
    for i, epoch in ((2, 6), (1, 9), (0, 12)):
        for key in blocks[i]:
            assert tuning.thaw[key] == pytest.approx(epoch / 20)
    assert not tuning.frozen & set(tuning.thaw)


def test_a_run_too_short_to_thaw_is_refused() -> None:
    options = StartOptions("x", unfreeze=True, unfreeze_epochs=5)
    with pytest.raises(ConfigError, match=r"unfreeze_epochs: expected at most 3, .* got 5"):
        tune("as_gcn", options)


def test_the_anchor_is_what_was_carried_over() -> None:
    tuning, model = tune("as_gcn", StartOptions("x", l2_start=0.3, freeze=("aim",)))
    assert tuning.anchor_weight == 0.3
    parameters = dict(model.named_parameters())
    kept = {k for k in parameters if not k.startswith("aim.") and "classifier" not in k}
    assert set(tuning.anchor) == kept
    for key, value in tuning.anchor.items():
        assert torch.equal(value, parameters[key])
        assert value.data_ptr() != parameters[key].data_ptr()
    none, _ = tune("as_gcn", StartOptions("x"))
    assert not none.anchor and not none.thaw and not none.rates and not none.frozen
