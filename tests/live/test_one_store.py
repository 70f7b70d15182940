"""Shapes, rates and even frames."""

from __future__ import annotations

import numpy as np
import pytest

from skelgraph.errors import FormatError
from skelgraph.live.frames import MediaFacts
from skelgraph.live.one_store import (
    check_one_kind,
    common_rate,
    common_size,
    even_frames,
    is_uneven,
    measured_rate,
    padded,
)


def facts(**sizes: tuple[int, int]) -> dict[str, MediaFacts]:
    return {file: MediaFacts(*size, 25.0, 10) for file, size in sizes.items()}


def test_one_shape_of_any_size_goes_together() -> None:
    assert common_size(facts(a=(1280, 720), b=(1920, 1080)), pad=False) == (1280, 720)


def test_other_shapes_are_named() -> None:
    mixed = facts(a=(1280, 720), b=(720, 1280), c=(640, 360))
    with pytest.raises(
        FormatError, match=r"1280 x 720 \(a\); 720 x 1280 \(b\); 640 x 360 \(c\)\. .* --pad"
    ):
        common_size(mixed, pad=False)
    assert common_size(mixed, pad=True) == (1280, 1280)


def test_padding_by_hand() -> None:
    points = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.5]], dtype=np.float32)
    # 100 x 50 in a square of 100: as wide, half as high, in the middle.
    assert padded(points, (100, 50), (100, 100)).tolist() == [[0, 0.25, 0], [1, 0.75, 0.5]]
    # 50 x 100 in 200 x 100: a quarter as wide; z is in the scale of x.
    assert padded(points, (50, 100), (200, 100)).tolist() == [[0.375, 0, 0], [0.625, 1, 0.125]]
    assert padded(points, (10, 10), (10, 10)).tolist() == points.tolist()
    assert np.isnan(padded(points * np.nan, (10, 20), (30, 30))).all()


def test_rates() -> None:
    assert common_rate({"a": 29.97, "b": 30.0, "c": 30.0}, asked=None) == 30.0
    assert common_rate({"a": None}, asked=None) is None
    assert common_rate({"a": 25.0, "b": 50.0}, asked=25.0) == 25.0
    with pytest.raises(
        FormatError, match=r"25 frames per second \(a, b, c and 1 more\); 50 frames"
    ):
        common_rate({"a": 25.0, "b": 25.0, "c": 25.0, "d": 25.0, "e": 50.0}, asked=None)
    with pytest.raises(FormatError, match=r"--fps: expected at most the rate .* got 30 with 25"):
        common_rate({"a": 25.0, "b": 50.0}, asked=30.0)
    with pytest.raises(FormatError, match="got pictures only"):
        common_rate({"a": None}, asked=30.0)
    with pytest.raises(FormatError, match=r"got both: pictures \(a\); videos \(b\)"):
        check_one_kind({"a": True, "b": False})


def test_measured_rates() -> None:
    assert measured_rate(np.array([0.0])) is None
    assert measured_rate(np.arange(5) / 24) == pytest.approx(24)
    assert not is_uneven(np.arange(5) / 24) and not is_uneven(np.array([0.0]))
    assert is_uneven(np.array([0.0, 0.04, 0.08, 0.2]))


def test_even_frames_by_hand() -> None:
    assert even_frames(np.arange(6) / 10, 10).tolist() == [0, 1, 2, 3, 4, 5]
    assert even_frames(np.arange(6) / 10, 5).tolist() == [0, 2, 4]
    assert even_frames(np.array([0.0]), 5).tolist() == [0]
    gap = np.array([0.0, 0.1, 0.2, 0.9, 1.0])
    assert even_frames(gap, 10).tolist() == [0, 1, 2, 2, -1, -1, -1, -1, 3, 3, 4] or (
        even_frames(gap, 10).tolist() == [0, 1, 2, -1, -1, -1, -1, -1, -1, 3, 4]
    )
