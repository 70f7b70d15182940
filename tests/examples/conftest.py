"""A store small enough to train on inside a test."""

from __future__ import annotations

import pytest

from skelgraph.data.store import Store
from skelgraph.graphs import load_layout
from tests.training.clips import make_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Clips of bodies by seven people."""
    layout = load_layout("kinect_v1")
    return make_store(tmp_path_factory.mktemp("few") / "people", layout, subjects=7)
