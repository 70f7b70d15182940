"""The files of a run's folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skelgraph.errors import RunError
from skelgraph.training.config import FewOptions, PretrainOptions, RunConfig
from skelgraph.training.pretrain.job import pretrain
from skelgraph.training.run import (
    CONFIG,
    METRICS,
    WEIGHTS,
    check_finished,
    claimed,
    read_config,
    resume_command,
    write_config,
)
from skelgraph.training.run_changes import own_changes
from skelgraph.training.semi.history import read_label_history
from skelgraph.training.semi.running import train_few
from skelgraph.training.supervised import train
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.weights import find_weights


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "train"),
        ({"pretrain": PretrainOptions()}, "pretrain"),
        ({"start": StartOptions("big run")}, "transfer 'big run'"),
        ({"few": FewOptions(), "start": StartOptions("big")}, "pseudo-label"),
    ],
)
def test_an_unfinished_run_is_told_the_command_that_finishes_it(
    tmp_path: Path, parts: dict[str, Any], words: str
) -> None:
    write_config(tmp_path, RunConfig("coco17", **parts))
    command = f"skelgraph {words} --resume --output {shlex.quote(str(tmp_path))}"
    assert resume_command(tmp_path) == command
    with pytest.raises(RunError) as found:
        find_weights(tmp_path)
    assert f"Finish it with `{command}`." in str(found.value)


def test_a_run_made_before_there_was_a_choice_goes_on_as_it_began(tmp_path: Path) -> None:
    write_config(tmp_path, RunConfig("coco17", few=FewOptions()))
    assert read_config(tmp_path).few == FewOptions()
    text = (tmp_path / CONFIG).read_text(encoding="utf-8")
    (tmp_path / CONFIG).write_text(text.replace("  begin: supervised\n", ""), encoding="utf-8")
    assert read_config(tmp_path).few == FewOptions(begin="start")


def test_of_several_draws_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Give the folder that `skelgraph train` wrote"):
        find_weights(tmp_path)
    for number in (3, 1):
        (tmp_path / f"draw{number}").mkdir()
        (tmp_path / f"draw{number}" / "model.safetensors").touch()
    with pytest.raises(RunError, match=r"Give one of its runs, such as .*draw1\."):
        find_weights(tmp_path)


@pytest.mark.parametrize(
    ("go_on", "parts", "words"),
    [
        (train, {"few": FewOptions()}, "pseudo-label"),
        (train, {"pretrain": PretrainOptions()}, "pretrain"),
        (train_few, {"start": StartOptions("big")}, "transfer big"),
        (train_few, {"pretrain": PretrainOptions()}, "pretrain"),
        (pretrain, {}, "train"),
    ],
)
def test_no_command_goes_on_with_another_one_s_run(
    tmp_path: Path, go_on: Callable[..., Any], parts: dict[str, Any], words: str
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write_config(run, RunConfig("coco17", **parts))
    (run / WEIGHTS).touch()
    with pytest.raises(RunError) as found:
        go_on(RunConfig(""), run, resume=True)
    assert f"Go on with `skelgraph {words} --resume --output {run}`." in str(found.value)
    assert sorted(path.name for path in run.iterdir()) == [CONFIG, WEIGHTS]


@pytest.mark.parametrize("text", ["", "- a list", "few: [", "some words"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / CONFIG).write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="expected the configuration of a run"):
        read_config(tmp_path)


@pytest.mark.parametrize("read", [read_label_history, own_changes])
def test_a_run_that_was_stopped_is_told_how_to_finish(
    read: Callable[[Path], object], tmp_path: Path
) -> None:
    check_finished(tmp_path)  # no run at all
    write_config(tmp_path, RunConfig("coco17", few=FewOptions()))
    with pytest.raises(RunError, match=r"Finish it with `skelgraph pseudo-label --resume --output"):
        read(tmp_path)
    (tmp_path / METRICS).write_text("{}", encoding="utf-8")
    check_finished(tmp_path)


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError), claimed(folder, force=False, resume=False):
        pytest.fail("claimed a folder that is not there")
    assert folder.is_symlink()
