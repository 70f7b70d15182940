"""Views without labels are mirrored only where no class would become another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from skelgraph.data.store import write_store
from skelgraph.data.symmetry import Symmetry
from skelgraph.graphs import load_layout
from skelgraph.transforms.options import AugmentOptions
from tests.training.clips import CLASSES, make_clips
from tests.training.pretrain.steps import make_draw

OFF = AugmentOptions(turn=0.0, tilt=0.0, roll=0.0, scale=0.0)
MIRROR = AugmentOptions(turn=0.0, tilt=0.0, roll=0.0, scale=0.0, mirror=1.0)


@pytest.mark.parametrize(
    ("symmetry", "mirrored"),
    [(Symmetry(), True), (Symmetry(mirror=(0, 1, 2)), True), (Symmetry(mirror=(1, 0, 2)), False)],
)
def test_views_obey_the_store(symmetry: Symmetry, mirrored: bool, tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "store",
        make_clips(load_layout("mads"), subjects=3, each=1),
        class_names=CLASSES,
        provenance={"made": "in a test"},
        symmetry=symmetry,
    )
    plain, changed = (make_draw(store).view(options, crop=1.0) for options in (OFF, MIRROR))
    assert torch.equal(plain.positions, changed.positions) is not mirrored
