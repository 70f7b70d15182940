from __future__ import annotations

import torch

from skelgraph.nn.resample import equal_places, valid_order
from tests.nn.checks import draw


def test_values_worked_by_hand() -> None:
    values = torch.tensor([[0.0, 10.0, 40.0, 99.0]])
    places = equal_places(torch.tensor([[3]]), size=5)
    assert places.interpolate(values).flatten().tolist() == [0, 5, 10, 25, 40]


def test_one_frame_is_repeated() -> None:
    places = equal_places(torch.tensor([[1]]), size=4)
    assert places.interpolate(torch.tensor([[7.0, 9.0]])).flatten().tolist() == [7, 7, 7, 7]


def test_as_many_places_as_frames_gives_the_frames() -> None:
    values = draw(2, 50, 3, 2)
    places = equal_places(torch.full((2, 1), 50), size=50)
    torch.testing.assert_close(places.interpolate(values)[:, 0], values)


def test_frames_that_are_not_valid_are_left_out() -> None:
    values = torch.tensor([[1.0, 99.0, 2.0, 99.0, 3.0]])
    frames = torch.tensor([[True, False, True, False, True]])
    places = equal_places(frames.sum(1, keepdim=True), size=3, order=valid_order(frames))
    assert places.interpolate(values).flatten().tolist() == [1, 2, 3]


def test_a_place_is_marked_if_all_frames_it_reads_are() -> None:
    mask = torch.tensor([[True, True, False, True]])
    places = equal_places(torch.tensor([[4]]), size=7)
    assert places.both(mask).flatten().tolist() == [True, True, True, False, False, False, True]
