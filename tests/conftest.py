"""What every test stands on: few threads, repeatable draws, recordings only where they are."""

from __future__ import annotations

import os

# Before numpy, torch or matplotlib are loaded: they read these once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"
for _name in [name for name in os.environ if name.startswith("SKELGRAPH_")]:
    if _name not in ("SKELGRAPH_DATA", "SKELGRAPH_MODELS"):
        del os.environ[_name]  # a user's settings are no part of a test

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def recordings_folder() -> Path | None:
    """Give the folder of recordings that SKELGRAPH_DATA names, if it is there."""
    named = os.environ.get("SKELGRAPH_DATA")
    folder = Path(named).resolve() if named else None
    return folder if folder is not None and folder.is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with a reason, the tests that need recordings where there are none."""
    if recordings_folder() is not None:
        return
    skip = pytest.mark.skip(reason="needs the recordings: set SKELGRAPH_DATA to their folder")
    for item in items:
        if item.get_closest_marker("data") is not None:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recordings; for tests marked `data`."""
    folder = recordings_folder()
    assert folder is not None, "mark the test `data`, so that it is skipped without recordings"
    return folder
