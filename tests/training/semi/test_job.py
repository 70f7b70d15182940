"""Runs with few labels, from a configuration to a folder."""

from __future__ import annotations

import csv
import json
import shutil
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
from skelgraph.training.semi.job import LEGS, train_few
from skelgraph.training.semi.loop import FewLoop, load_cycle
from skelgraph.training.semi.methods.curriculum import Curriculum
from skelgraph.training.semi.methods.table import METHODS
from skelgraph.training.transfer.options import StartOptions
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
        self.left, self.begun = after, 0

    def start(self, epochs: int, steps: int, *, done: int) -> None:
        self.begun += 1

    def finish(self, progress: Any) -> None:
        self.begun -= 1

    def epoch(self, row: dict[str, Any]) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


class Listening(Reporter):
    """Keep what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


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
    config = light(few_config(store, epochs=1))
    summary = train_draws(config, tmp_path / "runs", draws=2)
    assert [row["draw"] for row in summary["draws"]] == [0, 1]
    top1 = [row["after_top1"] for row in summary["draws"]]
    assert summary["top1"]["after"] == mean_interval(top1)
    assert summary["changes"]["draws"] == 2
    again = train_draws(config, tmp_path / "runs", draws=2, resume=True)
    assert again["draws"] == summary["draws"]
    with pytest.raises(RunError, match="expected a path that is free"):
        train_draws(config, tmp_path / "runs", draws=2)


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
    whole = train_few(config, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):  # in the third cycle of the method
        train_few(config, tmp_path / "stopped", report=Stopping(4))
    again = train_few(config, tmp_path / "stopped", resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}
    frozen = [frozenset() if one is None else one.frozen for one in seen]
    backbone = {name for name in frozen[-1] if name.startswith("backbone")}
    assert backbone  # from the second iteration on
    first = next(one for one in seen if one is not None and one.anchor_weight > 0)
    assert first.frozen and not {n for n in first.frozen if n.startswith("backbone")}
    gate = next(name for name in first.rates if ".gate." in name or name.endswith("gate.weight"))
    assert first.rates[gate] * config.training.lr == pytest.approx(1e-2)


def light(config: RunConfig, **few: Any) -> RunConfig:
    """The same with a model that costs next to nothing, and without comparison."""
    assert config.few is not None
    return replace(
        config,
        model=replace(config.model, overrides=LIGHT),
        few=replace(config.few, **{"guard": False, "epoch_steps": 2, **few}),
    )


def test_a_run_does_not_go_on_with_other_labels(store: Store, tmp_path: Path) -> None:
    first = train_few(light(few_config(store, epochs=1)), tmp_path / "first")
    assert first["kept"] == "fixmatch"
    names = tmp_path / "given.csv"
    names.write_bytes((tmp_path / "first" / "labelled.csv").read_bytes())
    config = light(few_config(store, epochs=1, label_budget=str(names)))
    run, report = tmp_path / "run", Stopping(1)
    with pytest.raises(KeyboardInterrupt):
        train_few(config, run, report=report)
    assert report.begun == 0  # a bar on a terminal is taken away
    lines = names.read_text().splitlines()
    names.write_text("\n".join([*lines, f"{sorted(unlabelled_of(run))[0]},"]) + "\n")
    before = (run / "split.csv").read_bytes()
    with pytest.raises(RunError, match="expected the clips and labels that the run began with"):
        train_few(config, run, resume=True)
    assert (run / "split.csv").read_bytes() == before
    names.write_text("\n".join(lines) + "\n")
    assert train_few(config, run, resume=True)["method"] == "fixmatch"


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


def test_fresh_weights_between_tuned_ones_go_on_after_a_stop(store: Store, tmp_path: Path) -> None:
    start = light(few_config(store, epochs=1, method="supervised"))
    train_few(start, tmp_path / "start")
    config = light(
        few_config(store),
        method="curriculum",
        method_options={"cycles": 1, "restart": "scratch"},
    )
    options = StartOptions(source=str(tmp_path / "start"), lr_decay=2.0, freeze=("input_norm",))
    config = replace(config, start=options)
    whole = train_few(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):  # 2 epochs before, 1 of cycle 1
        train_few(config, tmp_path / "stopped", report=Stopping(3))
    again = train_few(config, tmp_path / "stopped", resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_the_supervised_training_is_the_first_cycle_of_a_curriculum(
    store: Store, tmp_path: Path
) -> None:
    config = few_config(store, epochs=1, method="curriculum", method_options={"cycles": 1})
    taken = train_few(light(config, guard=True), tmp_path / "taken")
    again = train_few(light(config, guard=True, begin="start"), tmp_path / "again")
    assert taken["after"] == again["after"]
    same = weights(tmp_path / "again")
    assert all(
        torch.equal(value, same[name]) for name, value in weights(tmp_path / "taken").items()
    )


@pytest.mark.parametrize("method", ["fixmatch", "meta_pseudo_labels", "cmpl"])
def test_a_method_begins_with_the_supervised_model_of_its_own_clips(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    begun: dict[str, list[dict[str, torch.Tensor]]] = {}
    begin = FewLoop._begin_cycle

    def watching(loop: FewLoop) -> None:
        begin(loop)
        states = [{k: v.clone() for k, v in one.bare.state_dict().items()} for one in loop.learners]
        begun[loop.folder.name] = states  # the last of a folder; the first are for the estimate

    monkeypatch.setattr(FewLoop, "_begin_cycle", watching)
    train_few(few_config(store, epochs=1, method=method), tmp_path / "run")
    trainings = tmp_path / "run" / LEGS
    for prefix in ("", "fold0_", "fold1_"):
        taught = load_cycle(trainings / f"{prefix}supervised", 0)
        states = begun[prefix + method][: 1 + (method == "meta_pseudo_labels")]
        for state in states:
            assert all(torch.equal(value, state[name]) for name, value in taught.items())


def test_supervised_trainings_have_epochs_of_their_own(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1, guard=False), supervised_epochs=3)
    train_few(config, tmp_path / "run")
    with (tmp_path / "run" / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["training"] for row in rows] == 3 * ["supervised"] + ["fixmatch"]


def test_groups_thaw_by_the_epochs_of_the_training_that_they_are_of(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skelgraph.training.semi import preparing

    train_few(light(few_config(store, epochs=1, method="supervised")), tmp_path / "start")
    seen: list[Any] = []

    class Watched(preparing.Learner):
        def __init__(self, *args: Any, tuning: Any = None, **options: Any) -> None:
            seen.append(tuning)
            super().__init__(*args, tuning=tuning, **options)

    monkeypatch.setattr(preparing, "Learner", Watched)
    config = light(few_config(store, epochs=6), epoch_steps=1, supervised_epochs=12)
    start = StartOptions(str(tmp_path / "start"), unfreeze=True, unfreeze_epochs=1)
    report = Listening()
    train_few(replace(config, start=start), tmp_path / "run", report=report)
    said = f"start: these weights learned from labels of '{store.path.name}'"
    assert [line.startswith(said) for line in report.lines].count(True) == 1
    first = [min(tuning.thaw.values()) for tuning in seen]
    # Learners of the estimate, then of the training: supervised ones, then the method's.
    assert [round(1 / share) for share in sorted(first)] == [12, 12, 6, 6]


def test_without_the_model_that_it_begins_with_a_run_does_not_go_on(
    store: Store, tmp_path: Path
) -> None:
    config, run = few_config(store, epochs=1, guard=False), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train_few(config, run, report=Stopping(2))
    shutil.rmtree(run / LEGS / "fixmatch")
    shutil.rmtree(run / LEGS / "supervised" / "cycle0")
    with pytest.raises(RunError, match="expected the weights of the supervised training"):
        train_few(config, run, resume=True)
    shutil.rmtree(run / LEGS / "supervised")
    assert train_few(config, run, resume=True)["method"] == "fixmatch"


@pytest.mark.parametrize(
    ("values", "said"),
    [({"begin": "fixmatch"}, "begin: expected one of"), ({"supervised_epochs": -1}, "or 0 for")],
)
def test_what_to_begin_with_is_checked(
    store: Store, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        train_few(light(few_config(store), **values), tmp_path / "run")


def test_a_run_that_was_stopped_between_cycles_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = light(few_config(store, epochs=1), method="curriculum", method_options={"cycles": 2})
    whole = train_few(config, tmp_path / "whole")
    begin = FewLoop._begin_cycle

    def stopping(loop: FewLoop) -> None:
        if loop.progress.cycle == 2:
            raise KeyboardInterrupt
        begin(loop)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(FewLoop, "_begin_cycle", stopping)
        train_few(config, tmp_path / "stopped")
    again = train_few(config, tmp_path / "stopped", resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_a_run_that_was_stopped_while_it_wrote_the_weights_of_a_cycle_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skelgraph.training.semi import loop

    config, save = light(few_config(store, epochs=1)), loop.save_checkpoint
    whole = train_few(config, tmp_path / "whole")

    def stopping(folder: Path, state: dict[str, Any]) -> None:
        if folder.name == "cycle0":
            folder.mkdir()
            raise KeyboardInterrupt
        save(folder, state)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(loop, "save_checkpoint", stopping)
        train_few(config, tmp_path / "stopped")
    again = train_few(config, tmp_path / "stopped", resume=True)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_only_clips_that_are_taught_are_taken(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store), method="curriculum", method_options={"cycles": 2})
    records = train_few(config, tmp_path / "run")["pseudo_labels"]["records"]
    # 18 unlabelled clips; the share i / 2 of them is taught in cycle i.
    assert {(r["cycle"], r["taken"]) for r in records} == {(0, 0), (1, 9), (2, 18)}


def test_draws_go_on_with_what_they_began_with(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1, draw_seed=3))
    train_draws(config, tmp_path / "runs", draws=1)
    other = light(few_config(store, epochs=1), method="softmatch")
    both = train_draws(other, tmp_path / "runs", draws=2, resume=True)
    assert [(row["draw"], row["method"]) for row in both["draws"]] == [
        (3, "fixmatch"),
        (4, "fixmatch"),
    ]


def test_draws_need_something_to_draw(store: Store, tmp_path: Path) -> None:
    names = tmp_path / "labels.txt"
    names.write_text("clip,label\n")
    with pytest.raises(ConfigError, match="expected a budget from which labels are drawn"):
        train_draws(few_config(store, label_budget=str(names)), tmp_path / "runs", draws=2)


def test_draws_are_no_part_of_a_run(store: Store, tmp_path: Path) -> None:
    train_few(light(few_config(store, epochs=1)), tmp_path / "run")
    with pytest.raises(RunError, match="expected a folder for several draws"):
        train_draws(few_config(store), tmp_path / "run", draws=2, force=True)


def test_a_finished_run_goes_on_to_the_same_files(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1), guard=True)
    whole = train_few(config, tmp_path / "run")
    assert train_few(config, tmp_path / "run", resume=True) == whole
