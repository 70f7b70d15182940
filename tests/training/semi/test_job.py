"""Runs with few labels, from a configuration to a folder."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError
from skelgraph.training.config import FewOptions, ProtocolOptions, RunConfig
from skelgraph.training.progress import Reporter
from skelgraph.training.scoring import evaluate
from skelgraph.training.semi.draws import mean_interval, train_draws
from skelgraph.training.semi.job import train_few
from skelgraph.training.semi.methods.curriculum import Curriculum
from skelgraph.training.semi.methods.table import METHODS
from skelgraph.training.weights import load_recogniser
from tests.training.clips import TINY, make_config

# Next to nothing to compute: what is tested here is what happens around the model.
LIGHT = {**TINY, "a_links": False, "head": "pooled", "streams": ("joint",)}


def few_config(store: Store, *, epochs: int = 2, **few: Any) -> RunConfig:
    """A run of seconds: six labels, three steps an epoch."""
    options = {"label_budget": "2", "epoch_steps": 3, "guard_folds": 2, **few}
    return replace(
        make_config(store, epochs=epochs),
        few=FewOptions(**options),
        protocol=ProtocolOptions(protocol="xsub", folds=3),
    )


class Stopping(Reporter):
    """Stop like a killed process after some epochs."""

    def __init__(self, after: int) -> None:
        self.left = after

    def epoch(self, row: dict[str, Any]) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_recogniser(run).model.state_dict()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_goes_on_after_a_stop_to_the_same_end(
    store: Store, tmp_path: Path, method: str
) -> None:
    config = few_config(store, method=method, guard=False, epoch_steps=2)
    config = replace(config, model=replace(config.model, overrides=LIGHT))
    whole = train_few(config, tmp_path / "whole")
    run = tmp_path / "stopped"
    # In the method's training, which comes after two epochs of the supervised one.
    after = 1 if method == "supervised" else 5 if METHODS[method].method is Curriculum else 3
    with pytest.raises(KeyboardInterrupt):
        train_few(config, run, report=Stopping(after))
    again = train_few(config, run, resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(value, weights(run)[name]), name


def test_a_run_with_a_links_goes_on_to_the_same_end(store: Store, tmp_path: Path) -> None:
    config = few_config(store, guard=False, epoch_steps=2)
    whole = train_few(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train_few(config, tmp_path / "stopped", report=Stopping(3))
    again = train_few(config, tmp_path / "stopped", resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_a_run_with_its_guard(store: Store, tmp_path: Path) -> None:
    run = tmp_path / "run"
    metrics = train_few(few_config(store), run)
    assert metrics["guard"]["num_clips"] == 6
    assert metrics["validation"] == {"by": "folds", "folds": 2, "kept_together": "subject"}
    assert metrics["kept"] in ("supervised", "fixmatch")
    assert (
        metrics["test"] == metrics["after" if metrics["kept"] == "fixmatch" else "before"]["test"]
    )
    assert json.loads((run / "metrics.json").read_text())["kept"] == metrics["kept"]
    with (run / "pseudo_labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["clip"] for row in rows} == unlabelled_of(run)
    score = evaluate([run])["test"]
    assert score["top1"] == metrics["test"]["top1"]
    again = evaluate([run / "supervised.safetensors"], data=store.path)
    assert again["all"]["num_clips"] == 36


def unlabelled_of(run: Path) -> set[str]:
    with (run / "split.csv").open() as file:
        return {row["clip"] for row in csv.DictReader(file) if row["split"] == "unlabelled"}


def test_the_guard_keeps_what_validation_prefers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skelgraph.training.semi import guard

    kept, light = {}, few_config(store, epochs=1)
    light = replace(light, model=replace(light.model, overrides=LIGHT))
    for prefers in (True, False):
        monkeypatch.setattr(guard.Candidate, "better_than", lambda self, other, p=prefers: p)
        run = tmp_path / str(prefers)
        kept[prefers] = train_few(light, run)["kept"]
        chosen = "supervised" if not prefers else "fixmatch"
        assert load_recogniser(run).provenance["method"] == chosen
    assert kept == {True: "fixmatch", False: "supervised"}


def test_the_truth_of_unlabelled_clips_is_never_used(store: Store, tmp_path: Path) -> None:
    config = few_config(store, guard=False)
    first = train_few(config, tmp_path / "a")
    copy = relabelled(store, tmp_path / "copy", unlabelled_of(tmp_path / "a"))
    names = tmp_path / "a" / "labelled.csv"
    config = replace(config, store=str(copy.path), few=replace(config.few, label_budget=str(names)))
    second = train_few(config, tmp_path / "b")
    assert first["test"] == second["test"]
    for name, value in weights(tmp_path / "a").items():
        assert torch.equal(value, weights(tmp_path / "b")[name]), name


def relabelled(store: Store, path: Path, names: set[str]) -> Store:
    """A copy in which some clips have another label."""
    from skelgraph.data.store import write_store

    clips = [store.clip(row) for row in range(store.num_clips)]
    changed = [
        replace(clip, label=(int(clip.label or 0) + 1) % 3) if clip.name in names else clip
        for clip in clips
    ]
    return write_store(path, changed, class_names=store.class_names, provenance={"made": "here"})


def test_full_validation_is_reported_apart(store: Store, tmp_path: Path) -> None:
    metrics = train_few(few_config(store, full_validation=True), tmp_path / "run")
    assert metrics["validation"] == {"by": "full", "num_clips": 6}
    assert metrics["guard"]["num_clips"] == 6


def test_one_label_a_class_leaves_nothing_to_compare(store: Store, tmp_path: Path) -> None:
    metrics = train_few(few_config(store, label_budget="1"), tmp_path / "run")
    assert metrics["guard"] == {}
    assert metrics["validation"] == {"by": "none"}
    assert metrics["temperature"] == 1.0


def test_draws_are_summed_up(store: Store, tmp_path: Path) -> None:
    config = few_config(store, guard=False, epochs=1)
    summary = train_draws(config, tmp_path / "runs", draws=2)
    assert [row["draw"] for row in summary["draws"]] == [0, 1]
    top1 = [row["after_top1"] for row in summary["draws"]]
    assert summary["top1"]["after"] == mean_interval(top1)
    assert summary["changes"]["draws"] == 2
    again = train_draws(config, tmp_path / "runs", draws=2, resume=True)
    assert again["draws"] == summary["draws"]
    with pytest.raises(RunError, match="expected a path that is free"):
        train_draws(config, tmp_path / "runs", draws=2)


def test_no_unlabelled_clips(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected unlabelled clips for method 'fixmatch'"):
        train_few(few_config(store, label_budget="all"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_unknown_method_option(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"treshold.*Did you mean 'threshold'"):
        train_few(few_config(store, method_options={"treshold": 0.5}), tmp_path / "run")


def test_interval_of_one_draw() -> None:
    assert mean_interval([0.5]) == [0.5, None, None]
    assert np.isclose(mean_interval([0.0, 1.0])[0], 0.5)


def test_sturms_loop_freezes_and_rates_by_iteration(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skelgraph.training.semi import preparing
    from skelgraph.training.supervised import train
    from skelgraph.training.transfer.options import StartOptions

    train(make_config(store, epochs=1), tmp_path / "source")
    seen: list[Any] = []

    class Watched(preparing.Learner):
        def __init__(self, *args: Any, tuning: Any = None, **options: Any) -> None:
            seen.append(tuning)
            super().__init__(*args, tuning=tuning, **options)

    monkeypatch.setattr(preparing, "Learner", Watched)
    config = few_config(store, method="sturm", guard=False, epochs=1, epoch_steps=1)
    config = replace(
        config,
        start=StartOptions(str(tmp_path / "source")),
        training=replace(config.training, link_epochs=0),
    )
    train_few(config, tmp_path / "run")
    frozen = [frozenset() if one is None else one.frozen for one in seen]
    backbone = {name for name in frozen[-1] if name.startswith("backbone")}
    assert backbone  # from the second iteration on
    first = next(one for one in seen if one is not None and one.anchor_weight > 0)
    assert first.frozen and not {n for n in first.frozen if n.startswith("backbone")}
    gate = next(name for name in first.rates if ".gate." in name or name.endswith("gate.weight"))
    assert first.rates[gate] * config.training.lr == pytest.approx(1e-2)
