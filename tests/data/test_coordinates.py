from __future__ import annotations

import numpy as np
import pytest

from skelgraph.data.clip import HOUSE_AXES, IMAGE_AXES
from skelgraph.data.coordinates import from_house_frame, to_house_frame
from skelgraph.errors import FormatError


@pytest.mark.parametrize("units", ["metre", "millimetre", "pixel", "image fraction"])
@pytest.mark.parametrize("axes", [HOUSE_AXES, IMAGE_AXES, IMAGE_AXES[:2], ("away", "left", "up")])
def test_a_recordings_own_coordinates_come_back(units: str, axes: tuple[str, ...]) -> None:
    recorded = np.random.default_rng(0).normal(size=(4, 1, 3, len(axes))).astype(np.float32)
    size = {"units": units, "axes": axes, "width": 640, "height": 480}
    before = recorded.copy()
    house = to_house_frame(recorded, **size)
    np.testing.assert_allclose(from_house_frame(house, **size), recorded, rtol=1e-6)
    np.testing.assert_array_equal(recorded, before)


def test_millimetres_downwards_by_hand() -> None:
    recorded = from_house_frame(
        np.array([[1.0, 2.0, 3.0]], np.float32), units="millimetre", axes=("left", "down", "away")
    )
    assert recorded.tolist() == [[-1000, -2000, 3000]]


def test_image_fractions_need_the_pictures_size() -> None:
    with pytest.raises(FormatError, match="--width"):
        from_house_frame(np.zeros((1, 2)), units="image fraction", axes=IMAGE_AXES[:2])
