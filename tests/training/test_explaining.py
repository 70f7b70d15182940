"""Importance of a trained run: its own clips, others, windows, padding, checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.explain import ExplainOptions
from skelgraph.graphs import load_layout
from skelgraph.training.config import DataOptions
from skelgraph.training.explaining import (
    check_clips,
    explain_clips,
    explain_run,
    questions,
    usable_methods,
)
from skelgraph.training.run_clips import clips_for
from skelgraph.training.weights import Recogniser, save_recogniser
from tests.training.clips import CLASSES, TINY, make_store
from tests.training.test_attention import make_recogniser

QUICK = ExplainOptions(steps=2, samples=2, spans=2)


def saved(path: Path, recogniser: Recogniser) -> Path:
    from skelgraph.models import resolve_config

    recogniser.model_config = {
        "name": "as_gcn",
        "config": resolve_config("as_gcn", "small", overrides={**TINY, "head": "gated"}),
    }
    save_recogniser(path, recogniser)
    return path


def test_a_weights_file_explains_a_store(tmp_path: Path, store: Store) -> None:
    file = saved(tmp_path / "model.safetensors", make_recogniser(store.layout))
    importance = explain_run(file, store.path, options=QUICK)
    assert importance.values.shape == (store.num_clips, 2, 21)
    assert importance.present[:, 0].all() and not importance.present[:, 1].any()
    np.testing.assert_array_equal(importance.target, importance.predicted)
    assert importance.provenance["run"] == str(file)
    assert importance.provenance["data"] == str(store.path)
    assert importance.provenance["options"]["steps"] == 2
    other = explain_run(file, store.path, options=QUICK, target="shaking")
    assert set(other.target) == {CLASSES.index("shaking")}
    same = importance.target == other.target
    np.testing.assert_allclose(other.values[same], importance.values[same], rtol=1e-4, atol=1e-6)
    with pytest.raises(RunError, match="Did you mean 'shaking'"):
        explain_run(file, store.path, target="shakin")


def test_clips_of_several_lengths_are_padded(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    store = make_store(tmp_path / "store", layout, subjects=6, each=2)
    recogniser = make_recogniser(layout, data=DataOptions(num_frames=0))
    rows = np.arange(store.num_clips)
    importance = explain_clips(recogniser, store, rows=rows, method="cam")
    assert importance.values.shape[2] == 15
    assert sorted(set(importance.frames.tolist())) == [14, 15]
    short = importance.frames == 14
    assert not importance.values[short, :, 14].any()
    alone = explain_clips(recogniser, store, rows=rows[short][:1], method="cam")
    np.testing.assert_allclose(
        alone.values[0], importance.values[short][0, :, :14], rtol=1e-3, atol=1e-5
    )


def test_chance_draws_the_same_for_a_clip_wherever_it_stands(store: Store) -> None:
    recogniser = make_recogniser(store.layout)
    clips = clips_for(recogniser, store, np.arange(6))
    first = [q.batch.index.tolist() for q, _ in questions(recogniser, clips, size=4)]
    assert first == [[0, 1, 2, 3], [4, 5]]
    maps = [
        explain_clips(recogniser, store, rows=np.arange(6), method="random", options=options)
        for options in (QUICK, QUICK, ExplainOptions(seed=1))
    ]
    np.testing.assert_array_equal(maps[0].values, maps[1].values)
    assert not np.array_equal(maps[0].values, maps[2].values)


def test_checks_draw_clips_and_skip_what_a_model_lacks(store: Store) -> None:
    recogniser = make_recogniser(store.layout, head="pooled")
    clips = clips_for(recogniser, store, np.arange(8))
    first, _ = next(questions(recogniser, clips))
    usable = usable_methods(first)
    assert "occlusion" in usable and "grad_cam" in usable and "attention" not in usable
    report = check_clips(recogniser, clips, methods=("grad_cam",), options=QUICK, limit=3)
    assert report["num_clips"] == 3
    assert (
        report["methods"]["grad_cam"]["deletion"][1] <= report["methods"]["grad_cam"]["deletion"][2]
    )
    assert report["noise"] == pytest.approx(0.005, rel=0.6)


def test_given_links_are_used_and_repeat(store: Store) -> None:
    model = make_recogniser(store.layout).model
    clips = clips_for(make_recogniser(store.layout), store, np.arange(4))
    batch = clips.batch(np.arange(4), num_frames=8)
    given = (batch.positions, batch.visible, batch.frames)
    with torch.no_grad():
        own = model(*given)
        links = model.find_links(*given)
        torch.testing.assert_close(model(*given, links=links).logits, own.logits)
        moved = (batch.positions + 0.2 * torch.randn_like(batch.positions), *given[1:])
        follows = model(*moved, returns=("a_links",)).a_links
        holds = model(*moved, returns=("a_links",), links=links).a_links
        torch.testing.assert_close(holds, model(*given, returns=("a_links",)).a_links)
        assert not torch.allclose(follows, holds)
        twice = tuple(torch.cat([value, value]) for value in given)
        repeated = model(*twice, links=links.repeat(2)).logits
    torch.testing.assert_close(repeated, torch.cat([own.logits, own.logits]))
