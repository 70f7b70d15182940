"""Runs with few labels that were stopped go on to the end that they would have had."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.training.semi.job import LEGS
from skelgraph.training.semi.loop import FewLoop
from skelgraph.training.semi.methods.curriculum import Curriculum
from skelgraph.training.semi.methods.table import METHODS
from skelgraph.training.semi.running import train_few
from skelgraph.training.transfer.options import StartOptions
from tests.training.semi.few_runs import LIGHT, Stopping, few_config, light, unlabelled_of, weights


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


def test_a_finished_run_goes_on_to_the_same_files(store: Store, tmp_path: Path) -> None:
    config = light(few_config(store, epochs=1), guard=True)
    whole = train_few(config, tmp_path / "run")
    assert train_few(config, tmp_path / "run", resume=True) == whole
