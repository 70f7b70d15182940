"""Views of labelled and unlabelled clips: what the data set says of its classes holds in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.store import write_store
from skelgraph.data.symmetry import Symmetry
from skelgraph.graphs import load_layout
from skelgraph.training.clips import clip_set
from skelgraph.training.config import DataOptions
from skelgraph.training.semi.views import Views
from skelgraph.transforms.presets import OFF
from tests.training.clips import CLASSES, make_clips

LAYOUT = load_layout("mads")
SWAP, KEEP = Symmetry(mirror=(1, 0, -1)), Symmetry(mirror=(0, 1, 2))


def views_of(path: Path, symmetry: Symmetry, *, mirror: float) -> Views:
    """Eighteen windows of three classes, the last nine unlabelled, mirrored with a probability."""
    store = write_store(
        path,
        make_clips(LAYOUT, subjects=3),
        class_names=CLASSES,
        provenance={"made": "in a test"},
        symmetry=symmetry,
    )
    data = DataOptions(num_frames=8, crop=1.0)
    clips = clip_set(store, np.arange(18), layout=LAYOUT, data=data, testing=False)
    options = replace(OFF, mirror=mirror)
    return Views(
        clips=clips,
        unlabelled=np.arange(9, 18),
        layout=LAYOUT,
        data=data,
        weak=options,
        strong=options,
        batch_size=9,
        ratio=1,
        seed=0,
    )


@pytest.mark.parametrize("symmetry", [SWAP, KEEP])
def test_mirrored_clips_are_taught_as_what_they_show(symmetry: Symmetry, tmp_path: Path) -> None:
    labels = np.arange(18) // 2 % 3
    labels[9:] = -1
    steps = []
    for mirror in (0.0, 1.0):
        views = views_of(tmp_path / f"store_{mirror:.0f}", symmetry, mirror=mirror)
        generator = torch.Generator().manual_seed(0)
        # A draw more where mirrors are on: the labelled clips come first, and alike.
        steps.append(views.step_batch(labels, ("weak",), step=0, generator=generator))
    plain, mirrored = steps
    assert symmetry.mirror is not None
    partners = torch.tensor(symmetry.mirror)[plain.labelled.label]
    expected = torch.where(partners < 0, plain.labelled.label, partners)
    assert torch.equal(mirrored.labelled.label, expected)
    same = (mirrored.labelled.positions == plain.labelled.positions).flatten(1).all(1)
    assert torch.equal(same, partners < 0)
    assert (mirrored.views["weak"].label == -1).all()


def test_an_unlabelled_clip_is_mirrored_only_where_no_class_would_change(tmp_path: Path) -> None:
    for symmetry in (SWAP, KEEP):
        views = views_of(tmp_path / str(symmetry.mirror), symmetry, mirror=1.0)
        seen = views.any_batch(step=0, generator=torch.Generator().manual_seed(0))
        plain = replace(views, weak=OFF)
        before = plain.any_batch(step=0, generator=torch.Generator().manual_seed(0))
        changed = not torch.equal(seen.positions, before.positions)
        assert changed is (symmetry is KEEP)
