"""What is written as a video is read again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from skelgraph.cli.animation_file import write_animation


def made_pictures(*, count: int = 7, height: int = 49, width: int = 66) -> list[np.ndarray]:
    """A bright bar on grey that goes right."""
    pictures = np.full((count, height, width, 3), 128, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        picture[:, 8 * number : 8 * number + 8] = 255
    return list(pictures)


@pytest.mark.parametrize(("step_ms", "rate"), [(40.0, 25), (1001 / 30, Fraction(30000, 1001))])
def test_a_video_has_the_pictures_at_their_times(
    step_ms: float, rate: int | Fraction, tmp_path: Path
) -> None:
    av = pytest.importorskip("av")
    path, pictures = tmp_path / "a.mp4", made_pictures()
    write_animation(path, iter(pictures), step_ms=step_ms, force=False)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert float(stream.duration * stream.time_base) == pytest.approx(
            7 * step_ms / 1000, abs=1e-3
        )
        assert stream.average_rate == rate
    assert len(frames) == len(pictures)
    for number, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
        assert frame.time == pytest.approx(number * step_ms / 1000, abs=1e-4)
        seen = frame.to_ndarray(format="rgb24")
        assert seen.shape == (48, 66, 3)  # sizes are even
        assert np.abs(seen.astype(int) - picture[:48]).mean() < 5
