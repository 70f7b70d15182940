"""A stand-in for MediaPipe: it finds a right hand at the same place in every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from skelgraph.live import extracting, looking
from skelgraph.live.detections import FrameFound
from tests.live.made_up import RIGHT, body, hand


class FakeLandmarkers:
    """Counts what it is asked, and may be made to stop after some frames."""

    opened: ClassVar[list[bool]] = []
    times: ClassVar[list[float | None]] = []
    stop_after: ClassVar[int | None] = None

    def __init__(self, options: Any, *, video: bool) -> None:
        self.detector = options.detector
        FakeLandmarkers.opened.append(video)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def find(self, picture: np.ndarray, *, time: float | None = None) -> FrameFound:
        """Find a hand, and a body where one is looked for."""
        if len(FakeLandmarkers.times) == FakeLandmarkers.stop_after:
            raise KeyboardInterrupt
        FakeLandmarkers.times.append(time)
        if not picture.any():
            return FrameFound()
        bodies = [] if self.detector == "hands" else [body()]
        return FrameFound([hand(0.3, 0.6, RIGHT)], bodies)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeLandmarkers]:
    """Put the stand-in where MediaPipe is used."""
    FakeLandmarkers.opened, FakeLandmarkers.times = [], []
    FakeLandmarkers.stop_after = None
    model = tmp_path / "model.task"
    model.write_bytes(b"model")
    monkeypatch.setattr(looking, "Landmarkers", FakeLandmarkers)
    monkeypatch.setattr(extracting, "find_models", lambda detector, named: {"hand": model})
    return FakeLandmarkers
