"""What the trainings of a run with few labels begin with, and what of it moves."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.semi.job import LEGS
from skelgraph.training.semi.loop import FewLoop, load_cycle
from skelgraph.training.semi.running import train_few
from skelgraph.training.supervised import train
from skelgraph.training.transfer.options import StartOptions
from tests.training.clips import make_config
from tests.training.semi.few_runs import (
    Listening,
    Stopping,
    few_config,
    light,
    watch_tunings,
    weights,
)


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
    train_few(light(few_config(store, epochs=1, method="supervised")), tmp_path / "start")
    seen = watch_tunings(monkeypatch)
    config = light(few_config(store, epochs=6), epoch_steps=1, supervised_epochs=12)
    start = StartOptions(str(tmp_path / "start"), unfreeze=True, unfreeze_epochs=1)
    report = Listening()
    train_few(replace(config, start=start), tmp_path / "run", report=report)
    said = f"start: these weights learned from labels of '{store.path.name}'"
    assert [line.startswith(said) for line in report.lines].count(True) == 1
    first = [min(tuning.thaw.values()) for tuning in seen]
    # Learners of the estimate, then of the training: supervised ones, then the method's.
    assert [round(1 / share) for share in sorted(first)] == [12, 12, 6, 6]


def test_sturms_loop_freezes_and_rates_by_iteration(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(make_config(store, epochs=1), tmp_path / "source")
    seen = watch_tunings(monkeypatch)
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


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"begin": "fixmatch"}, "begin: expected one of"),
        ({"supervised_epochs": -1}, "supervised_epochs: expected at least 0"),
    ],
)
def test_what_to_begin_with_is_checked(
    store: Store, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        train_few(light(few_config(store), **values), tmp_path / "run")
