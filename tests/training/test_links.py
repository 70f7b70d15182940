"""A-links in training: frozen or not, drawn or likeliest, more types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.evaluation.metrics import score
from skelgraph.training.clips import cut_parts, split_store
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.config_checks import check
from skelgraph.training.inference import predict_logits
from skelgraph.training.link_gap import argmax_links_scores
from skelgraph.training.progress import Reporter
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser
from tests.training.clips import make_config


def links_of(folder: Path) -> dict[str, Tensor]:
    """What the run keeps of the A-link module."""
    state = load_file(folder / "model.safetensors")
    return {name: value for name, value in state.items() if name.startswith("aim.")}


def trained(config: RunConfig, folder: Path, **changes: Any) -> dict[str, Tensor]:
    train(replace(config, training=replace(config.training, **changes)), folder)
    return links_of(folder)


def test_frozen_links_stay_what_the_first_passes_made_them(store: Store, tmp_path: Path) -> None:
    config = make_config(store, freeze_links=True)
    frozen = trained(config, tmp_path / "frozen", epochs=3, lr=1e-2)
    once = trained(config, tmp_path / "once", epochs=1, lr=1e-2)
    still = trained(config, tmp_path / "still", epochs=1, lr=1e-30, ema=0.0, freeze_links=False)
    free = trained(config, tmp_path / "free", epochs=3, lr=1e-2, freeze_links=False)
    statistics = [name for name in frozen if ".running_" in name or name.endswith("num_batches")]
    assert statistics
    for name, value in frozen.items():
        assert torch.equal(value, once[name]), name
        # With a rate of nothing the weights stay too, though not the statistics.
        assert name in statistics or torch.equal(value, still[name]), name
    assert any(not torch.equal(frozen[name], still[name]) for name in statistics)
    assert all(not torch.equal(frozen[name], free[name]) for name in frozen if "weight" in name)


class StopAfter(Reporter):
    """Raise after some epochs."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def epoch(self, row: dict[str, Any]) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_stopped_run_with_frozen_links_resumes_to_the_same(
    store: Store, tmp_path: Path, epochs: int
) -> None:
    config = make_config(store, epochs=3, freeze_links=True)
    train(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "stopped", report=StopAfter(epochs))
    train(config, tmp_path / "stopped", resume=True)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "stopped"))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_frozen_links_need_passes_before() -> None:
    options = TrainOptions(freeze_links=True, link_epochs=0)
    with pytest.raises(ConfigError, match="freeze_links: expected link_epochs of at least 1"):
        check(RunConfig(layout="x", training=options))


def test_likeliest_links_are_scored_on_validation(store: Store, tmp_path: Path) -> None:
    """As by a model that was made to choose the likeliest type."""
    config = make_config(store, epochs=4, lr=1e-2)
    metrics = train(config, tmp_path / "run")
    model = load_recogniser(tmp_path / "run").model
    overrides = {**config.model.overrides, "aim": {"choice": "argmax"}}
    hard = replace(config, model=replace(config.model, overrides=overrides))
    train(replace(hard, training=replace(hard.training, epochs=1)), tmp_path / "hard")
    chooser = load_recogniser(tmp_path / "hard").model
    chooser.load_state_dict(model.state_dict())
    layout = store.layout
    parts = cut_parts(store, split_store(store, config.protocol), layout=layout, data=config.data)
    logits = predict_logits(chooser, parts.val, config.data)
    assert not torch.equal(logits, predict_logits(model, parts.val, config.data))
    expected = score(logits.softmax(1), torch.as_tensor(parts.val.labels))["top1"]
    assert metrics["val"]["argmax_links_top1"] == expected
    assert "argmax_links_top1" not in metrics["test"]
    assert argmax_links_scores(model, parts.val, config.data) == {"argmax_links_top1": expected}
    assert model.aim.config.choice == "probabilities"


def test_a_model_without_links_has_no_such_score(store: Store, tmp_path: Path) -> None:
    config = make_config(store, epochs=1)
    overrides = {**config.model.overrides, "a_links": False}
    metrics = train(
        replace(config, model=replace(config.model, overrides=overrides)), tmp_path / "run"
    )
    assert "argmax_links_top1" not in metrics["val"]
