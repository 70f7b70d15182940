"""Runs with few labels, from a configuration to a folder."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, RunError
from skelgraph.training.scoring import evaluate
from skelgraph.training.semi.running import train_few
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.weights import load_recogniser
from tests.training.clips import TINY
from tests.training.semi.few_runs import LIGHT, few_config, light, unlabelled_of, weights


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


@pytest.mark.parametrize("method", ["fixmatch", "curriculum"])
def test_no_unlabelled_clips(store: Store, tmp_path: Path, method: str) -> None:
    with pytest.raises(ConfigError, match=f"expected unlabelled clips for method '{method}'"):
        train_few(few_config(store, label_budget="all", method=method), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"num_coords": 2}, "num_coords: expected 3, as many as the store has, got 2"),
        ({"forecast": 4}, "forecast: expected no prediction head .* got one of 4 frames"),
    ],
)
def test_models_that_do_not_fit_few_labels(
    store: Store, tmp_path: Path, overrides: dict[str, int], said: str
) -> None:
    config = few_config(store)
    config = replace(config, model=replace(config.model, overrides={**TINY, **overrides}))
    with pytest.raises(ConfigError, match=said):
        train_few(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_unknown_method_option(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"treshold.*Did you mean 'threshold'"):
        train_few(few_config(store, method_options={"treshold": 0.5}), tmp_path / "run")


def test_a_run_is_not_replaced_by_one_that_is_made_from_it(store: Store, tmp_path: Path) -> None:
    config, run = light(few_config(store, epochs=1)), tmp_path / "run"
    train_few(config, run)
    next_one = replace(
        config,
        start=StartOptions(source=str(run)),
        few=replace(config.few, label_budget=str(run / "labelled.csv")),
    )
    with pytest.raises(RunError) as found:
        train_few(next_one, run, force=True)
    assert "does not hold the weights to start from" in str(found.value)
    assert "does not hold the file of labels" in str(found.value)
    assert (run / "model.safetensors").is_file()


def test_only_clips_that_are_taught_are_taken(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store), method="curriculum", method_options={"cycles": 2})
    records = train_few(config, tmp_path / "run")["pseudo_labels"]["records"]
    # 18 unlabelled clips; the share i / 2 of them is taught in cycle i.
    assert {(r["cycle"], r["taken"]) for r in records} == {(0, 0), (1, 9), (2, 18)}
