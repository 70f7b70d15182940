"""The S-links and one block of the backbone once more, as loops from the papers' formulas."""

from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.graphs import Layout
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.st_block import StBlock
from skelgraph.nn.temporal_conv import TemporalConv
from tests.nn import reference


def s_links(layout: Layout, order: int) -> list[list[list[float]]]:
    """Root, then centripetal and centrifugal steps of 1 to `order` hops: [k][sender][receiver].

    A step is a walk that leaves each receiver to a neighbour drawn evenly from its group; l hops
    are l such steps one after another.
    """
    joints = layout.num_joints
    depth = _walk(layout, list(layout.centre))
    near = [[int(_walk(layout, [u])[v]) <= 1 for v in range(joints)] for u in range(joints)]
    root, outwards, inwards = (
        _even(
            [
                [near[u][v] and rule(depth[u], depth[v]) for v in range(joints)]
                for u in range(joints)
            ]
        )
        for rule in (lambda u, v: u == v, lambda u, v: u < v, lambda u, v: u > v)
    )
    result, out, into = [root], outwards, inwards
    for hop in range(order):
        if hop:
            out, into = _product(out, outwards), _product(into, inwards)
        result += [out, into]
    return result


def s_links_by_hops(layout: Layout, order: int) -> list[list[list[float]]]:
    """Hop 0, then for each hop senders no farther from the centre, and farther ones.

    Every receiver divides by all its senders within `order` hops.
    """
    joints = range(layout.num_joints)
    depth = _walk(layout, list(layout.centre))
    hops = [_walk(layout, [u]) for u in joints]
    share = [1 / sum(hops[u][v] <= order for u in joints) for v in joints]

    def links(hop: int, farther: bool) -> list[list[float]]:
        return [
            [share[v] * (hops[u][v] == hop and (depth[u] > depth[v]) == farther) for v in joints]
            for u in joints
        ]

    pairs = [(hop, farther) for hop in range(1, order + 1) for farther in (False, True)]
    return [links(0, False), *(links(hop, farther) for hop, farther in pairs)]


def _walk(layout: Layout, starts: list[int]) -> list[int]:
    """Bones from the nearest start to each joint, found by walking."""
    pairs = [(j, p) for j, p in enumerate(layout.bones) if j != p]
    pairs += [tuple(edge) for edge in layout.extra_edges]
    hops = [0 if j in starts else layout.num_joints for j in range(layout.num_joints)]
    for _ in range(layout.num_joints):
        for u, v in pairs:
            hops[u], hops[v] = min(hops[u], hops[v] + 1), min(hops[v], hops[u] + 1)
    return hops


def _even(linked: list[list[bool]]) -> list[list[float]]:
    count = [sum(column) for column in zip(*linked, strict=True)]
    return [[float(x) / max(count[v], 1) for v, x in enumerate(row)] for row in linked]


def _product(one: list[list[float]], other: list[list[float]]) -> list[list[float]]:
    joints = range(len(one))
    return [[sum(one[u][w] * other[w][v] for w in joints) for v in joints] for u in joints]


def batch_norm(norm: MaskedBatchNorm, x: Tensor, frames: Tensor) -> Tensor:
    """Every channel over bodies, valid frames and joints: (P, C, T, V)."""
    bodies, _, size, joints = x.shape
    places = [(p, t, v) for p in range(bodies) for t in range(size) for v in range(joints)]
    counted = [bool(frames[p, t]) for p, t, _ in places]
    rows = reference.standardise(norm, [x[p, :, t, v] for p, t, v in places], counted)
    return torch.stack(rows).view(bodies, size, joints, -1).permute(0, 3, 1, 2)


def temporal_conv(
    module: TemporalConv, x: Tensor, frames: Tensor, *, stride: int, causal: bool
) -> Tensor:
    """Every output frame from the valid input frames around (causal: up to) its own."""
    weight = module.depthwise.weight[..., 0]
    kernel = weight.shape[2]
    front = kernel - 1 if causal else (kernel - 1) // 2
    separable = weight.shape[1] == 1 and module.depthwise.groups > 1
    bodies, size = x.shape[0], x.shape[2]
    out = []
    for p in range(bodies):
        for t in range(0, size, stride):
            total = torch.zeros(len(weight), x.shape[3], dtype=x.dtype)
            for step in range(kernel):
                source = t + step - front
                if 0 <= source < size and frames[p, source]:
                    pose = x[p, :, source]
                    tap = weight[:, :, step]
                    total = total + (tap * pose if separable else tap @ pose)
            out.append(module.mix.weight @ total if separable else total)
    return torch.stack(out).view(bodies, -1, *out[0].shape).transpose(1, 2)


def block(
    module: StBlock,
    x: Tensor,
    *,
    a_links: Tensor | None,
    frames: Tensor,
    senders: Tensor | None,
    causal: bool,
) -> Tensor:
    """Links, norm, ReLU, frames, norm, residual, ReLU."""
    kept = frames[:, :: module.stride]
    hidden = reference.act_struct_conv(module.graph, x, a_links, senders)
    hidden = torch.clamp(batch_norm(module.graph_norm, hidden, frames), min=0)
    hidden = temporal_conv(module.temporal, hidden, frames, stride=module.stride, causal=causal)
    hidden = batch_norm(module.temporal_norm, hidden, kept)
    if module.shortcut is not None:
        cut = torch.einsum("oc,pctv->potv", module.shortcut.weight, x[:, :, :: module.stride])
        hidden = hidden + batch_norm(module.shortcut_norm, cut, kept)
    elif module.residual:
        hidden = hidden + x
    return torch.clamp(hidden, min=0)
