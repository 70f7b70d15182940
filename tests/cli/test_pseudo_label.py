"""What `skelgraph pseudo-label` makes of its options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from skelgraph.cli.pseudo_label import FEW_TEXTS, command, guard_lines
from skelgraph.cli.settings import SETTINGS
from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from skelgraph.training.config import RunConfig
from skelgraph.training.semi import running
from tests.training.clips import make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("data") / "hands", load_layout("mediapipe_hands"))


def call(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """What would be trained, in place of training it."""
    found: list[RunConfig] = []

    def note(config: RunConfig, *_: Any, **__: Any) -> None:
        found.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "train_few", note)
    return found


def test_options_of_the_model_change_that_of_the_weights(
    store: Store, asked: list[RunConfig]
) -> None:
    call("--data", store.path, "--from", "simulated", "--streams", "joint", "--head", "pooled")
    overrides = asked[0].model.overrides
    assert (tuple(overrides["streams"]), overrides["head"]) == (("joint",), "pooled")


@pytest.mark.parametrize("option", [("--model", "gtn"), ("--preset", "paper")])
def test_weights_say_which_model(store: Store, option: tuple[str, str]) -> None:
    result = call("--data", store.path, "--from", "simulated", *option)
    assert result.exit_code == 2
    assert f"{option[0]}: expected " in result.output
    assert "as simulated has it, got" in result.output


def test_help_says_what_an_epoch_and_a_batch_are_here() -> None:
    texts = {param.name: getattr(param, "help", "") for param in command.params}
    assert set(FEW_TEXTS.items()) <= set(texts.items())
    assert set(FEW_TEXTS) <= {name for part in SETTINGS.values() for name, _, _ in part}


def test_weights_need_data(tmp_path: Path) -> None:
    result = call("--from", "simulated", "--resume", "--output", tmp_path)
    assert result.exit_code == 2
    assert "Expected --data STORE beside --from, got none" in result.output


def test_options_that_a_run_which_goes_on_has_no_use_for_are_named(
    store: Store, asked: list[RunConfig], tmp_path: Path
) -> None:
    said = "change nothing: --label-budget, --epochs"
    assert said in call("--output", tmp_path, "--resume", "--epochs", 3, "--label-budget", 5).stderr
    for few in (["--resume"], ["--resume", "--quiet", "--epochs", 3], ["--data", store.path]):
        assert "change nothing" not in call("--output", tmp_path, *few).stderr
    assert len(asked) == 4


def test_a_file_of_labels_is_found_from_anywhere(
    store: Store, asked: list[RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(store.path)
    call("--data", store.path, "--label-budget", "labels.txt")
    assert asked[0].few is not None
    assert asked[0].few.label_budget == str(store.path.resolve() / "labels.txt")


@pytest.mark.parametrize(
    ("kept", "interval", "num_groups", "wanted"),
    [
        ("supervised", [-0.1, 0.1], 9, "kept: supervised: on 54 clips"),
        ("fixmatch", [-0.1, 0.1], 9, "kept: fixmatch (--no-guard): on 54 clips"),
        ("supervised", [-0.1, 0.1], 9, "; the interval has 0 in it)"),
        ("supervised", [-0.1, -0.1], 2, "; 2 groups are too few to tell)"),
    ],
)
def test_the_end_says_what_validation_cannot_tell(
    kept: str, interval: list[float], num_groups: int, wanted: str
) -> None:
    guard = {
        "prefers": "supervised",
        "num_clips": 54,
        "difference": -0.1,
        "interval": interval,
        "num_groups": num_groups,
        "decided": False,
    }
    assert wanted in guard_lines({"kept": kept, "guard": guard})[0]
