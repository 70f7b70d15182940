"""`--augment`: a preset by name, and single options before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from skelgraph.cli.run_config import run_config
from skelgraph.cli.train import command
from skelgraph.data.store import Store, write_store
from skelgraph.data.symmetry import Symmetry
from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.training import loop
from skelgraph.training.config import RunConfig
from skelgraph.training.config_checks import check
from skelgraph.training.progress import Reporter
from skelgraph.training.supervised import train
from skelgraph.transforms.options import AugmentOptions
from skelgraph.transforms.presets import preset
from tests.training.clips import CLASSES, make_clips, make_config, make_store

HANDS = load_layout("mediapipe_hands")


def config_of(*words: str) -> RunConfig:
    """The configuration that a command line asks for."""
    with command.make_context("train", [*map(str, words)]) as context:
        return run_config(context.params)


def test_without_it_the_defaults_count() -> None:
    assert config_of("--layout", "kinect_v2").augment == AugmentOptions()
    wanted = AugmentOptions(bend=3.0)
    assert config_of("--layout", "kinect_v2", "--bend", "3").augment == wanted


@pytest.mark.parametrize("name", ["mediapipe_hands", "kinect_v2"])
def test_a_preset_fits_the_layout(name: str) -> None:
    wanted = preset("strong", load_layout(name))
    assert config_of("--layout", name, "--augment", "strong").augment == wanted


def test_single_options_go_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--layout", "mediapipe_hands", "--augment", "strong")
    strong = preset("strong", HANDS)
    # 45 is the default of --turn: that it was given counts, not that it differs.
    given = config_of(*words, "--turn", "45", "--warp", "0").augment
    assert given == replace(strong, turn=45.0, warp=0.0)
    file = tmp_path / "options.yaml"
    file.write_text("augment: weak\nsway: 2\nturn: 1\n", encoding="utf-8")
    monkeypatch.setenv("SKELGRAPH_TRAIN_TURN", "4")
    with command.make_context(
        "train",
        ["--layout", "mediapipe_hands", "--config", str(file)],
        auto_envvar_prefix="SKELGRAPH_TRAIN",
    ) as context:
        found = run_config(context.params).augment
    assert found == replace(preset("weak", HANDS), sway=2.0, turn=4.0)


def test_the_store_says_its_layout_and_which_classes_mirror(tmp_path: Path) -> None:
    told = Symmetry(mirror=(0, -1, -1))
    store = write_store(
        tmp_path / "store",
        make_clips(HANDS, subjects=3, each=1),
        class_names=CLASSES,
        provenance={"made": "in a test"},
        symmetry=told,
    )
    found = config_of("--data", str(store.path), "--augment", "weak").augment
    assert found == preset("weak", HANDS, symmetry=told)
    assert found.mirror == 0.5


def test_a_run_that_goes_on_needs_no_layout(tmp_path: Path) -> None:
    config_of("--output", str(tmp_path), "--resume", "--augment", "weak")


def test_a_prediction_head_needs_true_speed() -> None:
    words = ("--layout", "kinect_v2", "--forecast", "5")
    check(config_of(*words, "--bend", "5"))
    with pytest.raises(ConfigError, match=r"(?s)warp: expected 0 beside.*cut: .*--cut 0"):
        check(config_of(*words, "--augment", "strong"))
    check(config_of(*words, "--augment", "strong", "--cut", "0", "--warp", "0"))


def test_training_obeys_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path / "store", load_layout("mads"), subjects=4, each=1)
    with (store.path / "dataset.yaml").open("a", encoding="utf-8") as file:
        yaml.safe_dump({"symmetry": {"mirror": {"swaps": {"still": "rising"}}}}, file)
    seen: list[tuple[list[int], list[int]]] = []
    plain = loop.augment

    def spied(batch, *words, **options):  # type: ignore[no-untyped-def]
        changed = plain(batch, *words, **options)
        seen.append((batch.label.tolist(), changed.label.tolist()))
        return changed

    monkeypatch.setattr(loop, "augment", spied)
    config = make_config(Store.open(store.path), epochs=1)
    config = replace(config, augment=AugmentOptions(mirror=1.0))
    train(config, tmp_path / "run", report=Reporter())
    swapped = {0: 1, 1: 0, 2: 2}
    assert seen
    for before, after in seen:
        assert after == [swapped[label] for label in before]
