"""Models for the tests that run MediaPipe itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skelgraph.live.models import HAND, POSE
from tests.live.fakes import fake

__all__ = ["fake"]


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """Folder of model files; a test that asks for it is skipped where there is none."""
    named = os.environ.get("SKELGRAPH_MODELS")
    folder = Path(named) if named else Path("nowhere")
    if not all((folder / model.file).is_file() for model in (HAND, POSE)):
        pytest.skip("needs the models: set SKELGRAPH_MODELS to their folder")
    return folder
