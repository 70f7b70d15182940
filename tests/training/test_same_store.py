"""A run goes on with the recordings that it began with, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.data.store_files import KEYPOINTS, sampled_checksum
from skelgraph.errors import RunError
from skelgraph.graphs import load_layout
from skelgraph.training.config import FewOptions, PretrainOptions, RunConfig
from skelgraph.training.pretrain.job import pretrain
from skelgraph.training.same_store import FILE, check_same_store, note_store
from skelgraph.training.semi.running import train_few
from skelgraph.training.supervised import train
from tests.training.clips import CLASSES, make_clips, make_config

LAYOUT = load_layout("mediapipe_hands")
EVERY = ("coordinates", "clips", "labels")


def moved(clip: Clip) -> Clip:
    return replace(clip, keypoints=clip.keypoints + np.float32(0.001))


def of_others(clip: Clip) -> Clip:
    return replace(clip, subject=5 - clip.subject)


def relabelled(clip: Clip) -> Clip:
    assert clip.label is not None
    return replace(clip, label=2 - clip.label)


def written(path: Path, change: Callable[[Clip], Clip] = replace) -> Store:
    clips = [change(clip) for clip in make_clips(LAYOUT, each=1)]
    return write_store(path, clips, class_names=CLASSES, provenance={}, force=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (moved, ["keypoints.npy"]),
        (of_others, ["clips, people, cameras or setups"]),
        (relabelled, ["labels"]),
        (lambda clip: moved(relabelled(clip)), ["keypoints.npy", "labels"]),
    ],
)
def test_what_changed_is_told(
    change: Callable[[Clip], Clip], told: list[str], tmp_path: Path
) -> None:
    store = written(tmp_path / "store")
    note_store(tmp_path, store)
    check_same_store(tmp_path, written(tmp_path / "store"))
    check_same_store(tmp_path, written(tmp_path / "elsewhere"))
    changed = written(tmp_path / "store", change)
    with pytest.raises(RunError, match=r"got others since: (.*)\. Put them back") as found:
        check_same_store(tmp_path, changed)
    assert f"got others since: {'; '.join(told)}." in str(found.value)
    if "labels" in told and len(told) == 1:
        check_same_store(tmp_path, changed, parts=("coordinates", "clips"))


def test_coordinates_written_over_in_place(tmp_path: Path) -> None:
    """No conversion made a new checksum, and the size is the same."""
    store = written(tmp_path / "store")
    note_store(tmp_path, store)
    frames = np.load(store.path / KEYPOINTS)
    frames[frames.shape[0] // 2] += 1
    np.save(store.path / KEYPOINTS, frames)
    with pytest.raises(RunError, match=r"others since: keypoints\.npy\."):
        check_same_store(tmp_path, Store.open(store.path))


def test_of_a_large_file_blocks_are_read_to_both_ends(tmp_path: Path) -> None:
    file = tmp_path / "large"
    content = np.random.default_rng(0).integers(0, 256, 1000, dtype=np.uint8)

    def checksum() -> str:
        file.write_bytes(content.tobytes())
        return sampled_checksum(file, blocks=5, size=10)

    before = checksum()
    for place, seen in ((0, True), (9, True), (10, False), (990, True), (999, True)):
        content[place] ^= 1
        assert (checksum() != before) == seen
        content[place] ^= 1
    assert checksum() == before


def test_a_run_from_before_checksums_passes_a_damaged_one_does_not(tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    check_same_store(tmp_path, store)
    (tmp_path / FILE).write_text("[]")
    with pytest.raises(RunError, match=r"store\.json: expected the checksums"):
        check_same_store(tmp_path, store)


def begin(config: RunConfig, folder: Path, *, resume: bool = False) -> None:
    command = pretrain if config.pretrain else train_few if config.few else train
    command(config, folder, resume=resume)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pretrain": PretrainOptions()},
        {"few": FewOptions(label_budget="2", epoch_steps=2, guard=False, method="entropy")},
    ],
    ids=["train", "pretrain", "pseudo-label"],
)
def test_no_run_goes_on_with_other_coordinates(options: dict[str, object], tmp_path: Path) -> None:
    store = written(tmp_path / "store")
    config = replace(make_config(store, epochs=1), **options)  # type: ignore[arg-type]
    begin(config, tmp_path / "run")
    begin(config, tmp_path / "run", resume=True)
    before = files_of(tmp_path / "run")
    store.path.rename(tmp_path / "moved")
    with pytest.raises(RunError, match=r"run: expected the recordings that it began with at .*sto"):
        begin(config, tmp_path / "run", resume=True)
    (tmp_path / "moved").rename(store.path)
    assert set(json.loads(before[FILE])["sha256"]) == set(EVERY)
    shutil.rmtree(store.path)
    written(store.path, moved)
    with pytest.raises(RunError, match=r"keypoints\.npy\. Put them back"):
        begin(config, tmp_path / "run", resume=True)
    assert files_of(tmp_path / "run") == before
