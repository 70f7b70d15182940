"""Layers written once more as loops, from the papers' formulas: slow, plain, float64."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skelgraph.nn.a_links import ALinks
from skelgraph.nn.aim_decoder import AimDecoder
from skelgraph.nn.aim_encoder import AimEncoder, Mlp
from skelgraph.nn.attention import Encoder, EncoderLayer
from skelgraph.nn.graph_conv import ActStructConv


def affine(layer: nn.Linear, x: Tensor) -> Tensor:
    return layer.weight @ x + layer.bias


def elu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.exp(torch.clamp(x, max=0)) - 1)


def mlp(module: Mlp, rows: list[Tensor]) -> list[Tensor]:
    """Linear, ELU, linear, ELU; then each feature over all rows to mean 0 and variance 1."""
    hidden = [elu(affine(module.second, elu(affine(module.first, row)))) for row in rows]
    mean = sum(hidden) / len(hidden)
    variance = sum((row - mean) ** 2 for row in hidden) / len(hidden)
    scale = module.norm.weight / torch.sqrt(variance + module.norm.eps)
    return [(row - mean) * scale + module.norm.bias for row in hidden]


def aim_encoder(module: AimEncoder, series: Tensor) -> Tensor:
    """Equations of the inference module, an edge at a time: [body, receiver, sender, type]."""
    bodies, joints = series.shape[:2]
    places = [(p, i) for p in range(bodies) for i in range(joints)]
    edges = [(p, i, j) for p, i in places for j in range(joints) if i != j]
    node = dict(zip(places, mlp(module.embed, [series[p, i] for p, i in places]), strict=True))
    rows = [torch.cat((node[p, i], node[p, j])) for p, i, j in edges]
    skip = dict(zip(edges, mlp(module.to_edge, rows), strict=True))
    rows = [sum(skip[p, i, j] for j in range(joints) if j != i) / (joints - 1) for p, i in places]
    node = dict(zip(places, mlp(module.to_node, rows), strict=True))
    rows = [torch.cat((node[p, i], node[p, j], skip[p, i, j])) for p, i, j in edges]
    out = [affine(module.types, row) for row in mlp(module.to_skip_edge, rows)]
    return torch.stack(out).view(bodies, joints, joints - 1, -1)


def aim_decoder(module: AimDecoder, frames: Tensor, links: Tensor) -> Tensor:
    """The recurrent decoder, a body, frame, receiver, sender and link type at a time."""
    rows = [_decode(module, frames[p], links[p]) for p in range(len(frames))]
    return torch.stack(rows)


def _decode(module: AimDecoder, frames: Tensor, links: Tensor) -> Tensor:
    joints, types = frames.shape[1], links.shape[0]
    hidden = [torch.zeros(module.width, dtype=frames.dtype) for _ in range(joints)]
    predicted = []
    for pose in frames[:-1]:
        arrived = []
        for v in range(joints):
            total = torch.zeros(module.width, dtype=frames.dtype)
            for u in range(joints):
                for k in range(1, types):
                    message = _message(module, k - 1, torch.cat((hidden[v], hidden[u])))
                    total = total + links[k, u, v] * message / (types - 1)
            arrived.append(total)
        hidden = [_cell(module, pose[v], arrived[v], hidden[v]) for v in range(joints)]
        change = [module.out(state) for state in hidden]
        predicted.append(torch.stack([pose[v] + change[v] for v in range(joints)]))
    return torch.stack(predicted)


def _message(module: AimDecoder, k: int, pair: Tensor) -> Tensor:
    net = module.messages
    first = torch.tanh(net.first_weight[k].T @ pair + net.first_bias[k])
    return torch.tanh(net.second_weight[k].T @ first + net.second_bias[k])


def _cell(module: AimDecoder, pose: Tensor, arrived: Tensor, hidden: Tensor) -> Tensor:
    reset_in, keep_in, new_in = affine(module.from_input, pose).split(module.width)
    reset_by, keep_by, new_by = (module.from_message.weight @ arrived).split(module.width)
    reset, keep = torch.sigmoid(reset_in + reset_by), torch.sigmoid(keep_in + keep_by)
    return (1 - keep) * torch.tanh(new_in + reset * new_by) + keep * hidden


def aim_losses(module: ALinks, series: Tensor, logits: Tensor, links: Tensor) -> tuple[Tensor, ...]:
    """Likelihood and divergence, a term at a time."""
    bodies, size, joints, coords = series.shape
    predicted = aim_decoder(module.decoder, series, links)
    likelihood = torch.zeros((), dtype=series.dtype)
    for p in range(bodies):
        for t in range(size - 1):
            for v in range(joints):
                for c in range(coords):
                    error = predicted[p, t, v, c] - series[p, t + 1, v, c]
                    likelihood = likelihood + error**2 / (2 * 5e-4)
    types = logits.shape[-1]
    prior = [0.95] + [0.05 / (types - 1)] * (types - 1)
    divergence = torch.zeros((), dtype=series.dtype)
    for edge in logits.reshape(-1, types):
        p = edge.exp() / edge.exp().sum()
        divergence = divergence + sum(p[k] * (p[k] / prior[k]).log() for k in range(types))
    return likelihood / (bodies * joints), divergence / (bodies * joints)


def act_struct_conv(module: ActStructConv, x: Tensor, a_links: Tensor | None) -> Tensor:
    """Every joint receives from every joint over every link: (P, C, T, V)."""
    bodies, _, frames, joints = x.shape
    out = torch.zeros(bodies, module.weight.shape[2], frames, joints, dtype=x.dtype)
    fixed = module.s_mask * module.s_links
    for p in range(bodies):
        for v in range(joints):
            for u in range(joints):
                for k in range(len(fixed)):
                    out[p, :, :, v] += fixed[k, u, v] * (module.weight[k].T @ x[p, :, :, u])
                for k in range(module.num_a_links):
                    link = module.a_weight * a_links[p, 0, k, u, v]
                    weight = module.weight[len(fixed) + k]
                    out[p, :, :, v] += link * (weight.T @ x[p, :, :, u])
    return out


def encoder(module: Encoder, tokens: Tensor, mask: Tensor) -> Tensor:
    """Encoder layers for one row of tokens, a head, a query and a key at a time: (S, width)."""
    for layer in module.layers:
        tokens = _encoder_layer(layer, tokens, mask, causal=module.causal)
    return torch.stack([_layer_norm(module.norm, token) for token in tokens])


def _encoder_layer(layer: EncoderLayer, tokens: Tensor, mask: Tensor, *, causal: bool) -> Tensor:
    normed = [_layer_norm(layer.attention_norm, token) for token in tokens]
    parts = [affine(layer.attention.project, token).chunk(3) for token in normed]
    size = len(tokens[0]) // layer.attention.heads
    out = []
    for s, token in enumerate(tokens):
        seen = [r for r in range(len(tokens)) if mask[r] and not (causal and r > s)]
        heads = []
        for h in range(layer.attention.heads):
            cut = slice(h * size, (h + 1) * size)
            query = parts[s][0][cut]
            score = torch.stack([query @ parts[r][1][cut] / math.sqrt(size) for r in seen])
            weight = score.exp() / score.exp().sum()
            heads.append(sum(w * parts[r][2][cut] for w, r in zip(weight, seen, strict=True)))
        token = token + affine(layer.attention.out, torch.cat(heads))
        hidden = affine(layer.feed[0], _layer_norm(layer.feed_norm, token))
        gelu = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
        out.append(token + affine(layer.feed[3], gelu))
    return torch.stack(out)


def _layer_norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    variance = ((x - x.mean()) ** 2).mean()
    return (x - x.mean()) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias
