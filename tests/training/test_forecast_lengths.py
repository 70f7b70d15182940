"""Clips too short for a prediction head are told before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skelgraph.data.store import write_store
from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.training.config import DataOptions, RunConfig
from skelgraph.training.progress import Reporter
from skelgraph.training.supervised import train
from tests.training.clips import CLASSES, make_clips, make_config


class Told(Reporter):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


def configured(path: Path, frames: int, *, window: str | None = None, cut: int = 0) -> RunConfig:
    """Clips of 14 and 15 frames; the first take of each person and class is cut."""
    clips = make_clips(load_layout("kinect_v1"))
    if cut:
        clips[::2] = [replace(clip, keypoints=clip.keypoints[:cut]) for clip in clips[::2]]
    store = write_store(path, clips, class_names=CLASSES, provenance={})
    config = make_config(store, epochs=1)
    model = replace(config.model, overrides={**config.model.overrides, "forecast": frames})
    return replace(config, model=model, data=DataOptions(num_frames=0, window=window))


@pytest.mark.parametrize(
    ("frames", "window", "got"), [(8, None, "more than 16 .* got 15"), (3, "6", "got 6")]
)
def test_nothing_is_trained_where_no_clip_teaches_the_head(
    frames: int, window: str | None, got: str, tmp_path: Path
) -> None:
    config = configured(tmp_path / "store", frames, window=window)
    with pytest.raises(ConfigError, match=f"forecast: expected training clips, .*{got}"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("cut", "told"), [(0, False), (8, False), (6, True)])
def test_clips_that_do_not_teach_it_are_counted(cut: int, told: bool, tmp_path: Path) -> None:
    report = Told()
    train(configured(tmp_path / "store", 3, cut=cut), tmp_path / "run", report=report)
    lines = [line for line in report.lines if "teach the prediction head" in line]
    assert len(lines) == told
    if told:
        assert "9 of 18 training clips or windows have more than 6 frames" in lines[0]
