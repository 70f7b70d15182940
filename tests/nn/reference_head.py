"""The gated head once more, as loops: towers, gate, bodies."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skelgraph.nn.bodies import BodyCombination
from skelgraph.nn.gated_head import GatedHead, HeadInput, StepTower
from tests.nn import reference


def positions(size: int, width: int) -> Tensor:
    """Sine and cosine of each frame's number over 10000^(2 i / width)."""
    rows = []
    for t in range(size):
        angles = [t / 10000 ** (i / width) for i in range(0, width, 2)]
        waves = [wave(angle) for angle in angles for wave in (math.sin, math.cos)]
        rows.append(waves[:width])
    return torch.tensor(rows, dtype=torch.float64)


def tower(module: nn.Module, rows: list[Tensor], extra: Tensor, mask: list[bool]) -> Tensor:
    """Embed, add, encode, and average by the softmax of the scores."""
    tokens = torch.stack([reference.affine(module.embed, row) for row in rows]) + extra
    tokens = reference.encoder(module.encoder, tokens, torch.tensor(mask))
    kept = [s for s, here in enumerate(mask) if here]
    scores = torch.stack([(module.pool.score.weight @ tokens[s])[0] for s in kept])
    weights = scores.exp() / scores.exp().sum()
    return sum(w * tokens[s] for w, s in zip(weights, kept, strict=True))


def step_tower(
    module: StepTower, x: Tensor, visible: Tensor, frames: Tensor, slot: Tensor
) -> Tensor:
    """Tokens are frames, each the mean over the joints visible in it; others are left out."""
    rows, shown = [], []
    for t in range(x.shape[1]):
        seen = [x[:, t, v] for v in range(x.shape[2]) if visible[t, v]]
        rows.append(sum(seen) / len(seen) if seen else torch.zeros_like(x[:, t, 0]))
        shown.append(bool(seen) and bool(frames[t]))
    mask = shown if any(shown) else frames.tolist()
    return tower(module, rows, positions(len(rows), len(slot)) + slot, mask)


def joint_tower(
    module: nn.Module, x: Tensor, visible: Tensor, frames: Tensor, slot: Tensor
) -> Tensor:
    """Tokens are joints, each the mean over valid frames; those never seen are left out."""
    valid = [t for t in range(x.shape[1]) if frames[t]]
    rows = [sum(x[:, t, v] for t in valid) / len(valid) for v in range(x.shape[2])]
    seen = [bool(visible[:, v].any()) for v in range(x.shape[2])]
    return tower(module, rows, module.identity + slot, seen)


def combine(module: BodyCombination, values: dict[int, Tensor], width: int) -> Tensor:
    """People: their mean. Hands: side by side in their slots, zero where one is absent."""
    if module.num_slots is None:
        return sum(values.values()) / len(values)
    empty = torch.zeros(width, dtype=torch.float64)
    slots = [values.get(slot, empty) for slot in range(module.num_slots)]
    return reference.affine(module.mix, torch.cat(slots))


def gated_head(module: GatedHead, data: HeadInput) -> tuple[Tensor, Tensor]:
    """Logits and gate of every clip."""
    width = module.num_features // 2
    frames = data.frames
    if frames is None:
        frames = torch.ones(data.visible.shape[:2], dtype=torch.bool)
    logits, gates = [], []
    for clip in range(data.bodies.shape[0]):
        step, joint = {}, {}
        for row in (p for p, owner in enumerate(data.bodies.clip) if owner == clip):
            slot = int(data.bodies.slot[row])
            given = (data.features[row], data.visible[row], frames[row])
            none = torch.zeros(width, dtype=torch.float64)
            step[slot] = step_tower(
                module.step_tower, *given, _slot(module.step_bodies, slot, none)
            )
            joint[slot] = joint_tower(
                module.joint_tower, *given, _slot(module.joint_bodies, slot, none)
            )
        s = combine(module.step_bodies, step, width)
        j = combine(module.joint_bodies, joint, width)
        h = reference.affine(module.gate.score, torch.cat((s, j)))
        g = h.exp() / h.exp().sum()
        logits.append(reference.affine(module.classifier, torch.cat((s * g[0], j * g[1]))))
        gates.append(g)
    return torch.stack(logits), torch.stack(gates)


def _slot(bodies: BodyCombination, slot: int, none: Tensor) -> Tensor:
    return none if bodies.num_slots is None else bodies.embedding[slot]
