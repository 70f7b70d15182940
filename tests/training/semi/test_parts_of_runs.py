"""Small parts of a run with few labels: dealing, narrowing, views, joined batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.joining import join_batches
from skelgraph.data.store import Store
from skelgraph.models import MODELS, build_model, resolve_config
from skelgraph.training.config import DataOptions
from skelgraph.training.semi.dealing import deal
from skelgraph.training.semi.method import STRONG, WEAK, WEAK_AGAIN
from skelgraph.training.semi.narrow import narrow
from skelgraph.training.semi.views import Views
from skelgraph.transforms.options import AugmentOptions
from tests.training.semi.steps import make_clip_set


@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 5))
def test_every_clip_comes_as_often_as_any_other(count: int, size: int, seed: int) -> None:
    steps = count  # whole passes
    places = np.concatenate([deal(count, size, step=step, seed=seed) for step in range(steps)])
    assert np.bincount(places, minlength=count).tolist() == [size] * count


def test_a_step_follows_from_its_number() -> None:
    assert deal(10, 4, step=7, seed=3).tolist() == deal(10, 4, step=7, seed=3).tolist()
    assert deal(10, 10, step=0, seed=0).tolist() != deal(10, 10, step=1, seed=0).tolist()


@pytest.mark.parametrize("name", sorted(MODELS))
@pytest.mark.parametrize("preset", ["small", "paper"])
def test_every_model_has_a_narrower_one(store: Store, name: str, preset: str) -> None:
    values = resolve_config(name, preset, overrides={})
    small = narrow(values, factor=4)
    whole, less = (
        build_model(name, store.layout, num_classes=3, config=config) for config in (values, small)
    )
    sizes = [sum(p.numel() for p in model.parameters()) for model in (whole, less)]
    assert sizes[1] < sizes[0] / 3


def make_views(store: Store) -> Views:
    clips = make_clip_set(store)
    return Views(
        clips=clips,
        unlabelled=np.arange(9, len(clips)),
        layout=store.layout,
        data=DataOptions(num_frames=8),
        weak=AugmentOptions(turn=0, tilt=0, roll=0, scale=0),
        strong=AugmentOptions(turn=60),
        batch_size=4,
        ratio=2,
        seed=0,
    )


def test_views_are_of_the_same_clips_and_hide_their_labels(store: Store) -> None:
    views = make_views(store)
    labels = np.where(np.arange(len(views.clips)) < 9, views.clips.labels, -1)
    batch = views.step_batch(
        labels, (WEAK, WEAK_AGAIN, STRONG), step=0, generator=torch.Generator().manual_seed(0)
    )
    assert len(batch.labelled) == 4
    assert set(batch.labelled.label.tolist()) <= {0, 1, 2}
    weak, again, strong = (batch.views[name] for name in (WEAK, WEAK_AGAIN, STRONG))
    assert len(weak) == 8
    assert weak.index.tolist() == again.index.tolist() == strong.index.tolist()
    assert int(weak.index.max()) < len(views.unlabelled)
    for view in (weak, again, strong):
        assert view.label.tolist() == [-1] * 8
    assert not torch.equal(weak.positions, again.positions)  # other frames
    assert not torch.equal(weak.positions, strong.positions)


def test_taught_clips_join_the_given_ones(store: Store) -> None:
    views = make_views(store)
    labels = np.full(len(views.clips), -1)
    labels[20] = 2
    batch = views.step_batch(labels, (), step=0, generator=torch.Generator())
    assert batch.labelled.label.tolist() == [2] * 4
    assert batch.views == {}


def test_shorter_clips_are_padded_where_batches_join(store: Store) -> None:
    clips = make_clip_set(store)
    short = clips.batch([0], num_frames=5)
    long = clips.batch([1, 2], num_frames=9)
    joined = join_batches([short, long])
    assert joined.positions.shape[2] == 9
    assert joined.frames[0].tolist() == [True] * 5 + [False] * 4
    assert not joined.visible[0, 5:].any()
    assert torch.equal(joined.positions[1:], long.positions)
    assert torch.equal(joined.label, torch.cat([short.label, long.label]))
    assert join_batches([short]) is short
