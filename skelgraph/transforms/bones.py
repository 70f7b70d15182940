"""Poses as bones: longer, turned in their joints, taken from others; and put together again.

Arrays here are rows of joints, (N, C, T, M, V), so that a step along the tree is one product
with a (V, V) matrix.
"""

from __future__ import annotations

from math import log1p, radians
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skelgraph.transforms.knots import KNOTS, knot_weights, relative_times
from skelgraph.transforms.parts import ancestors, paired_parts

if TYPE_CHECKING:
    from skelgraph.graphs import Layout
    from skelgraph.transforms.options import AugmentOptions


def to_bones(rows: Tensor, layout: Layout) -> Tensor:
    """Give each joint the vector from its parent; the root, its own place.

    Args:
        rows: Places, shape (N, C, T, M, V).
        layout: Gives the tree.
    """
    parents = torch.tensor(layout.bones, device=rows.device)
    bones = rows - rows[..., parents]
    bones[..., layout.root] = rows[..., layout.root]
    return bones


def from_bones(bones: Tensor, layout: Layout) -> Tensor:
    """Add up the bones from the root; the inverse of `to_bones`, to rounding."""
    way = ancestors(layout).to(bones)
    way = way.index_fill(1, torch.tensor([layout.root], device=bones.device), 1.0)
    return bones @ way.T


def stretch(
    bones: Tensor, layout: Layout, *, options: AugmentOptions, generator: torch.Generator
) -> Tensor:
    """Make the parts of each body longer or shorter, the same in all frames.

    Left and right change alike, and both hands of a person do. The root stays where it is.
    """
    group = paired_parts(layout)
    count, bodies = bones.shape[0], 1 if layout.instances == "hands" else bones.shape[3]
    exponent = torch.rand(count, bodies, int(group.max()) + 1, generator=generator) * 2 - 1
    factor = (exponent * log1p(options.limbs)).exp()[..., group]  # (N, M, V)
    factor[..., layout.root] = 1.0
    return bones * factor[:, None, None].to(bones)


def bend(
    bones: Tensor,
    frames: Tensor,
    layout: Layout,
    *,
    options: AugmentOptions,
    generator: torch.Generator,
) -> Tensor:
    """Turn every bone in its joint, and with it all that hangs on it.

    Args:
        bones: Shape (N, C, T, M, V), C is 2 or 3.
        frames: Valid frames, bool, shape (N, T).
        layout: Gives the tree.
        options: `bend` is the bound of what stays, `sway` of what changes over the clip.
        generator: Source of chance, on the CPU.

    Returns:
        Bones as long as they were, to rounding.
    """
    count, channels, _, bodies, joints = bones.shape
    axes = 1 if channels == 2 else 3
    still = _draw_vectors((count, axes, 1, bodies, joints), options.bend, generator)
    turned = down_the_tree(still.to(bones), layout)
    if options.sway > 0:
        knots = _draw_vectors((count, axes, KNOTS, bodies, joints), options.sway, generator)
        weights = knot_weights(relative_times(frames)).to(bones)  # (N, T, K)
        course = weights[:, None] @ down_the_tree(knots.to(bones), layout).flatten(3)
        turned = turned + course.unflatten(-1, (bodies, joints))
    return rotate_plane(bones, turned) if axes == 1 else rotate_space(bones, turned)


def down_the_tree(vectors: Tensor, layout: Layout) -> Tensor:
    """Hand each joint's rotation vector on to all joints below it, where they add up.

    Relative to its parent a bone then turns by no more than its own vector is long, because the
    rotations of two vectors are never farther apart than the vectors are.

    Args:
        vectors: Turn of each bone in its joint, in radians, shape (..., V). The root has none.
        layout: Gives the tree.

    Returns:
        Turn of each bone in space, the same shape; 0 at the root.

    Source:
        Ours. The product of the rotations along the tree differs from the rotation of the sum in
        the second order of the angles, and takes a step a level.
    """
    return vectors @ ancestors(layout).to(vectors).T


def rotate_plane(vectors: Tensor, angle: Tensor) -> Tensor:
    """Rotate vectors (N, 2, ...) by angles in radians, (N, 1, ...) or what broadcasts to it."""
    sine, cosine = angle[:, 0].sin(), angle[:, 0].cos()
    x, y = vectors.unbind(1)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], dim=1)


def rotate_space(vectors: Tensor, rotation: Tensor) -> Tensor:
    """Rotate vectors by rotation vectors, whose length is the angle in radians.

    Args:
        vectors: Shape (N, 3, ...).
        rotation: The same, or what broadcasts to it.

    Source:
        Rodrigues: v + sin(a)/a (w x v) + (1 - cos(a))/a^2 w x (w x v), a = |w|.
    """
    angle = rotation.square().sum(1, keepdim=True).sqrt()
    first = torch.sinc(angle / torch.pi)
    second = torch.sinc(angle / (2 * torch.pi)).square() / 2
    once = torch.linalg.cross(*torch.broadcast_tensors(rotation, vectors), dim=1)
    twice = torch.linalg.cross(*torch.broadcast_tensors(rotation, once), dim=1)
    return vectors + first * once + second * twice


def _draw_vectors(shape: tuple[int, ...], degrees: float, generator: torch.Generator) -> Tensor:
    """Draw rotation vectors: any axis, angles even over [-bound, bound] in radians."""
    angle = (torch.rand(shape[0], 1, *shape[2:], generator=generator) * 2 - 1) * radians(degrees)
    if shape[1] == 1:
        return angle
    axis = torch.randn(shape, generator=generator)
    return torch.nn.functional.normalize(axis, dim=1) * angle
