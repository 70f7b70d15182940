"""One linear map a clip: turned, tilted, rolled, scaled; and, where asked for, sheared."""

from __future__ import annotations

from math import radians

import torch
from torch import Tensor

from skelgraph.transforms.options import AugmentOptions


def rotation(angles: Tensor) -> Tensor:
    """Build rotation matrices about y (turn), then x (tilt), then z (roll).

    Args:
        angles: Turn, tilt and roll in radians, shape (N, 3).

    Returns:
        Shape (N, 3, 3); multiply column vectors from the left.
    """
    (ct, cx, cz), (st, sx, sz) = angles.cos().unbind(1), angles.sin().unbind(1)
    zero, one = torch.zeros_like(ct), torch.ones_like(ct)
    turn = torch.stack([ct, zero, st, zero, one, zero, -st, zero, ct], 1).view(-1, 3, 3)
    tilt = torch.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], 1).view(-1, 3, 3)
    roll = torch.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], 1).view(-1, 3, 3)
    return roll @ tilt @ turn


def draw_matrices(
    count: int, *, num_spatial: int, options: AugmentOptions, generator: torch.Generator
) -> Tensor:
    """Draw the map of each clip.

    Args:
        count: Clips N.
        num_spatial: Coordinates C of a place, 2 or 3; in 2-D only `roll` turns.
        options: Bounds.
        generator: Source of chance, on the CPU.

    Returns:
        Shape (N, C, C); multiply column vectors from the left.
    """
    bounds = torch.tensor([options.turn, options.tilt, options.roll]) * radians(1.0)
    if num_spatial == 2:
        bounds[:2] = 0.0
    angles = (torch.rand(count, 3, generator=generator) * 2 - 1) * bounds
    exponent = torch.rand(count, generator=generator) * 2 - 1
    factor = (1.0 + options.scale) ** exponent
    matrix = rotation(angles)[:, :num_spatial, :num_spatial] * factor.view(-1, 1, 1)
    if options.shear > 0:
        matrix = _shears(count, num_spatial, options.shear, generator) @ matrix
    if options.drop_axis > 0:
        matrix = matrix * _kept_axes(count, num_spatial, options.drop_axis, generator)
    return matrix


def apply_matrices(matrix: Tensor, positions: Tensor) -> Tensor:
    """Map places: (N, C, C) times (N, C, ...) gives (N, C, ...)."""
    matrix = matrix.to(positions.device, positions.dtype)
    return torch.bmm(matrix, positions.flatten(2)).view_as(positions)


def _shears(count: int, size: int, bound: float, generator: torch.Generator) -> Tensor:
    slopes = (torch.rand(count, size, size, generator=generator) * 2 - 1) * bound
    eye = torch.eye(size)
    return eye + slopes * (1 - eye)


def _kept_axes(count: int, size: int, share: float, generator: torch.Generator) -> Tensor:
    """Choose the clips that lose an axis, and which one; 1 where a row stays, (N, C, 1)."""
    lost = torch.rand(count, 1, generator=generator) < share
    axis = torch.randint(size, (count, 1), generator=generator)
    return 1.0 - (lost & (torch.arange(size) == axis)).float().unsqueeze(-1)
