"""Motion as a target: how far joints moved, in units of their clip."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.nn.precision import full_precision

STILL = 1e-3  # metres a step; a clip that moves less is told by its noise


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion of every joint, in units of its clip's root mean square.

    Args:
        values: Shape (N, C, T, V, M), zero in the first frames.
        known: Joints seen at both ends, bool, shape (N, T, V, M).
        unit: Metres a unit, shape (N, 1, 1, 1, 1).
    """

    values: Tensor
    known: Tensor
    unit: Tensor


def motion_of(places: Tensor, visible: Tensor, *, stride: int) -> Motion:
    """Measure motion against `stride` frames before.

    Args:
        places: Coordinates that are places, shape (N, C, T, V, M).
        visible: Joints seen, bool, shape (N, T, V, M).
        stride: Frames back.

    Source:
        Mao et al. 2023, section 3.3, arXiv:2308.07092. Theirs is normalised in each joint's
        segment, mean and deviation; one unit a clip keeps which joints move more.
    """
    moved, known = steps(places, visible, stride=stride)
    moved = moved.masked_fill(~known[:, None], 0)
    count = (known.flatten(1).sum(1) * places.shape[1]).clamp(min=1)
    unit = (moved.square().flatten(1).sum(1) / count).sqrt().clamp(min=STILL)
    unit = unit.view(-1, 1, 1, 1, 1)
    return Motion(moved / unit, known, unit)


def steps(places: Tensor, visible: Tensor, *, stride: int) -> tuple[Tensor, Tensor]:
    """Difference to `stride` frames before, zero in the first ones, and where both were seen."""
    moved, known = torch.zeros_like(places), torch.zeros_like(visible)
    moved[:, :, stride:] = places[:, :, stride:] - places[:, :, :-stride]
    known[:, stride:] = visible[:, stride:] & visible[:, :-stride]
    return moved, known


def motion_error(predicted: Tensor, motion: Motion, chosen: Tensor) -> Tensor:
    """Mean squared error over the chosen joints whose motion is known; a scalar.

    Args:
        predicted: In units of the clip, shape (N, C, T, V, M).
        motion: The truth.
        chosen: Joints that count, bool, shape (N, T, V, M).
    """
    counted = (chosen & motion.known)[:, None]
    error = (full_precision(predicted) - motion.values).square().masked_fill(~counted, 0)
    return error.sum() / (counted.sum() * predicted.shape[1]).clamp(min=1)
