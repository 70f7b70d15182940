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
from skelgraph.nn.masked_norm import MaskedBatchNorm


def affine(layer: nn.Linear, x: Tensor) -> Tensor:
    return layer.weight @ x + layer.bias


def elu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.exp(torch.clamp(x, max=0)) - 1)


def standardise(norm: MaskedBatchNorm, rows: list[Tensor], counted: list[bool]) -> list[Tensor]:
    """Each feature to mean 0 and variance 1: of the counted rows, in evaluation of the past."""
    mean, variance = norm.running_mean, norm.running_var
    if norm.training:
        kept = [row for row, here in zip(rows, counted, strict=True) if here]
        mean = sum(kept) / len(kept)
        variance = sum((row - mean) ** 2 for row in kept) / len(kept)
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return [(row - mean) * scale + norm.bias for row in rows]


def mlp(module: Mlp, rows: list[Tensor], counted: list[bool]) -> list[Tensor]:
    """Linear, ELU, linear, ELU, batch norm."""
    hidden = [elu(affine(module.second, elu(affine(module.first, row)))) for row in rows]
    return standardise(module.norm, hidden, counted)


def aim_encoder(module: AimEncoder, series: Tensor, seen: Tensor | None = None) -> Tensor:
    """Equations of the inference module, an edge at a time: [body, receiver, sender, type]."""
    bodies, joints = series.shape[:2]
    here = torch.ones(bodies, joints, dtype=torch.bool) if seen is None else seen
    places = [(p, i) for p in range(bodies) for i in range(joints)]
    edges = [(p, i, j) for p, i in places for j in range(joints) if i != j]
    counted = [bool(here[p, i]) for p, i in places]
    both = [bool(here[p, i] and here[p, j]) for p, i, j in edges]
    rows = mlp(module.embed, [series[p, i] for p, i in places], counted)
    node = dict(zip(places, rows, strict=True))
    rows = [torch.cat((node[p, i], node[p, j])) for p, i, j in edges]
    skip = dict(zip(edges, mlp(module.to_edge, rows, both), strict=True))
    rows = []
    for p, i in places:
        senders = [j for j in range(joints) if j != i and here[p, j]]
        rows.append(sum(skip[p, i, j] for j in senders) / len(senders))
    node = dict(zip(places, mlp(module.to_node, rows, counted), strict=True))
    rows = [torch.cat((node[p, i], node[p, j], skip[p, i, j])) for p, i, j in edges]
    out = [affine(module.types, row) for row in mlp(module.to_skip_edge, rows, both)]
    return torch.stack(out).view(bodies, joints, joints - 1, -1)


def resample(positions: Tensor, frames: Tensor, size: int) -> Tensor:
    """Straight lines between the valid frames of one body: (C, T, V) to (size, V, C)."""
    valid = [t for t in range(len(frames)) if frames[t]]
    rows = []
    for s in range(size):
        place = s * (len(valid) - 1) / (size - 1)
        before = min(int(place), len(valid) - 1)
        after, share = min(before + 1, len(valid) - 1), place - int(place)
        pose = positions[:, valid[before]] * (1 - share) + positions[:, valid[after]] * share
        rows.append(pose.T)
    return torch.stack(rows)


def links_of(weights: Tensor) -> Tensor:
    """One body's [receiver, other sender, type] as [type, sender, receiver], ghosts within."""
    joints, types = len(weights), weights.shape[-1]
    links = torch.zeros(types, joints, joints, dtype=weights.dtype)
    for v in range(joints):
        links[0, v, v] = 1
        others = [u for u in range(joints) if u != v]
        for place, u in enumerate(others):
            for k in range(types):
                links[k, u, v] = weights[v, place, k]
    return links


def a_link_adjacency(links: Tensor, seen: Tensor) -> Tensor:
    """Links of the types but the ghost, with loops, divided by what a joint receives."""
    types, joints = links.shape[:2]
    rows = []
    for k in range(1, types):
        for v in range(joints):
            sent = [links[k, u, v] * float(seen[u]) + float(u == v) for u in range(joints)]
            rows.append(torch.stack([value / sum(sent) for value in sent]))
    return torch.stack(rows).view(types - 1, joints, joints).transpose(1, 2)


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
        predicted.append(torch.stack([pose[v] + _change(module, hidden[v]) for v in range(joints)]))
    return torch.stack(predicted)


def _change(module: AimDecoder, hidden: Tensor) -> Tensor:
    first, second, last = (module.out.get_submodule(name) for name in "036")
    hidden = torch.clamp(affine(first, hidden), min=0)
    return affine(last, torch.clamp(affine(second, hidden), min=0))


def _message(module: AimDecoder, k: int, pair: Tensor) -> Tensor:
    net = module.messages
    first = torch.tanh(net.first_weight[k].T @ pair + net.first_bias[k])
    return torch.tanh(net.second_weight[k].T @ first + net.second_bias[k])


def _cell(module: AimDecoder, pose: Tensor, arrived: Tensor, hidden: Tensor) -> Tensor:
    reset_in, keep_in, new_in = affine(module.from_input, pose).split(module.width)
    gates = module.from_message.weight @ arrived
    if module.from_state is not None:
        gates = gates + module.from_state.weight @ hidden
    reset_by, keep_by, new_by = gates.split(module.width)
    reset, keep = torch.sigmoid(reset_in + reset_by), torch.sigmoid(keep_in + keep_by)
    return (1 - keep) * torch.tanh(new_in + reset * new_by) + keep * hidden


def aim_losses(
    module: ALinks, series: Tensor, logits: Tensor, links: Tensor, mask: Tensor, seen: Tensor
) -> tuple[Tensor, Tensor]:
    """Likelihood and divergence, a term at a time.

    Args:
        module: With the decoder and the prior.
        series: Shape (P, F, V, C).
        logits: Shape (P, V, V - 1, K).
        links: [type, sender, receiver], shape (P, K, V, V).
        mask: Joints seen in the resampled frames, shape (P, F, V).
        seen: Joints seen in the clip, shape (P, V); the others send nothing.
    """
    bodies, size, joints, coords = series.shape
    predicted = aim_decoder(module.decoder, series, links * seen[:, None, :, None])
    likelihood = torch.zeros((), dtype=series.dtype)
    for p in range(bodies):
        for t in range(size - 1):
            for v in range(joints):
                for c in range(coords):
                    error = predicted[p, t, v, c] - series[p, t + 1, v, c]
                    likelihood = likelihood + float(mask[p, t + 1, v]) * error**2 / (2 * 5e-4)
    ghost, types = module.config.ghost_prior, logits.shape[-1]
    prior = [ghost] + [(1 - ghost) / (types - 1)] * (types - 1)
    divergence = torch.zeros((), dtype=series.dtype)
    for body in range(bodies):
        for v in range(joints):
            for place, u in enumerate(u for u in range(joints) if u != v):
                if seen[body, u] and seen[body, v]:
                    edge = logits[body, v, place]
                    p = edge.exp() / edge.exp().sum()
                    terms = [p[k] * (p[k] / prior[k]).log() for k in range(types)]
                    divergence = divergence + sum(terms)
    scored = sum(bool(mask[p, 1:, v].any()) for p in range(bodies) for v in range(joints))
    return likelihood / scored, divergence / int(seen.sum())


def act_struct_conv(
    module: ActStructConv, x: Tensor, a_links: Tensor | None, senders: Tensor | None = None
) -> Tensor:
    """Every joint receives from every joint over every link: (P, C, T, V).

    Args:
        module: With the weight of each link: S-links, free links, A-links, in this order.
        x: Shape (P, C, T, V).
        a_links: Shape (P, 1 or T, K, V, V), or None.
        senders: Joints that may send, shape (P, 1 or T, V), or None.
    """
    bodies, _, frames, joints = x.shape
    fixed = [*(module.s_mask * module.s_links), *([] if module.free is None else module.free)]
    out = []
    for p in range(bodies):
        for t in range(frames):
            links = list(fixed)
            if a_links is not None:
                set_number = t if a_links.shape[1] > 1 else 0
                links += [module.a_weight * link for link in a_links[p, set_number]]
            may_send = [True] * joints
            if senders is not None:
                may_send = senders[p, t if senders.shape[1] > 1 else 0].tolist()
            for v in range(joints):
                total = torch.zeros(module.weight.shape[2], dtype=x.dtype)
                for u in range(joints):
                    for k, link in enumerate(links):
                        sent = module.weight[k].T @ x[p, :, t, u]
                        total = total + float(may_send[u]) * link[u, v] * sent
                out.append(total)
    return torch.stack(out).view(bodies, frames, joints, -1).permute(0, 3, 1, 2)


def encoder(module: Encoder, tokens: Tensor, mask: Tensor) -> Tensor:
    """Encoder layers for one row of tokens, a head, a query and a key at a time: (S, width)."""
    for layer in module.layers:
        tokens = _encoder_layer(layer, tokens, mask, causal=module.causal)
    if isinstance(module.norm, nn.LayerNorm):
        tokens = torch.stack([_layer_norm(module.norm, token) for token in tokens])
    return tokens


def _encoder_layer(layer: EncoderLayer, tokens: Tensor, mask: Tensor, *, causal: bool) -> Tensor:
    """LN(x + A(x)), LN(x + F(x)) as published, or x + A(LN(x)), x + F(LN(x))."""
    first = [_layer_norm(layer.attention_norm, x) if layer.norm_first else x for x in tokens]
    out = []
    for token, mixed in zip(tokens, _attention(layer, first, mask, causal=causal), strict=True):
        if layer.norm_first:
            token = token + mixed
            out.append(token + _feed(layer, _layer_norm(layer.feed_norm, token)))
        else:
            token = _layer_norm(layer.attention_norm, token + mixed)
            out.append(_layer_norm(layer.feed_norm, token + _feed(layer, token)))
    return torch.stack(out)


def _attention(
    layer: EncoderLayer, tokens: list[Tensor], mask: Tensor, *, causal: bool
) -> list[Tensor]:
    heads = layer.attention.heads
    q = layer.attention.sizes[0] // heads
    v = layer.attention.sizes[2] // heads
    rows = [affine(layer.attention.project, token) for token in tokens]
    query = [row[: heads * q].view(heads, q) for row in rows]
    key = [row[heads * q : 2 * heads * q].view(heads, q) for row in rows]
    value = [row[2 * heads * q :].view(heads, v) for row in rows]
    out = []
    for s in range(len(tokens)):
        seen = [r for r in range(len(tokens)) if mask[r] and not (causal and r > s)]
        mixed = []
        for h in range(heads):
            score = torch.stack([query[s][h] @ key[r][h] / math.sqrt(q) for r in seen])
            weight = score.exp() / score.exp().sum()
            mixed.append(sum(w * value[r][h] for w, r in zip(weight, seen, strict=True)))
        out.append(affine(layer.attention.out, torch.cat(mixed)))
    return out


def _feed(layer: EncoderLayer, x: Tensor) -> Tensor:
    hidden = affine(layer.feed[0], x)
    if isinstance(layer.feed[1], nn.ReLU):
        hidden = torch.where(hidden > 0, hidden, 0 * hidden)
    else:
        hidden = hidden * (1 + torch.erf(hidden / math.sqrt(2))) / 2
    return affine(layer.feed[3], hidden)


def _layer_norm(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    variance = ((x - x.mean()) ** 2).mean()
    return (x - x.mean()) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias
