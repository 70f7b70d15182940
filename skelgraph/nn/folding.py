"""Blocks for prediction alone: batch norms and masks put into the weights before them."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.errors import ConfigError
from skelgraph.nn.backbone import Backbone
from skelgraph.nn.channel_mix import ChannelMix
from skelgraph.nn.clip_graph import ClipGraph
from skelgraph.nn.graph_conv import NARROW, ActStructConv
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.st_block import StBlock
from skelgraph.nn.temporal_conv import TemporalConv


def fold(model: nn.Module, *, dtype: torch.dtype | None = None) -> nn.Module:
    """Copy a model for prediction alone, whose blocks take fewer operations.

    In evaluation a batch norm is a scale and a shift of each channel. Here they are part of the
    convolutions' weights and biases, as are the masks of S-links; results are the same but for
    rounding. The copy cannot be trained, and its weights are not those of a run.

    Args:
        model: With a `Backbone`, as AS-GCN and ST-GCN have.
        dtype: Of the blocks' arithmetic, such as torch.bfloat16, which takes less time where the
            processor computes in it. None: that of the model's weights.

    Raises:
        ConfigError: If the model has no such backbone, or is folded already.
    """
    backbone = getattr(model, "backbone", None)
    if not isinstance(backbone, Backbone):
        known = "folded " if isinstance(backbone, FoldedBackbone) else ""
        raise ConfigError(
            f"fold: expected a model of AS-GCN's blocks, got {known}{type(model).__name__}. "
            "Use that model as it is."
        )
    folded = copy.deepcopy(model).eval().requires_grad_(False)
    assert isinstance(folded.backbone, Backbone)
    folded.backbone = FoldedBackbone(folded.backbone, dtype=dtype)
    return folded


class FoldedBackbone(nn.Module):
    """The blocks of a backbone, folded.

    Args:
        backbone: In evaluation; its temporal convolutions are taken over and changed.
        dtype: Of the arithmetic; None: that of the weights.
    """

    def __init__(self, backbone: Backbone, *, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.strides = backbone.strides
        self.blocks = nn.ModuleList(
            FoldedBlock(block) for block in backbone.blocks if isinstance(block, StBlock)
        )
        self.dtype = dtype or next(backbone.parameters()).dtype
        self.blocks.to(self.dtype)

    def forward(self, x: Tensor, graph: ClipGraph, *, stride: int = 1) -> tuple[Tensor, int]:
        """Run all blocks, as `Backbone.forward`; features come back in the type of x."""
        if graph.a_links is not None:  # as the blocks take them, [v, k, u]
            links = graph.a_links.to(self.dtype).permute(0, 1, 4, 2, 3).contiguous()
            graph = replace(graph, a_links=links)
        hidden = x.to(self.dtype)
        for block, step in zip(self.blocks, self.strides, strict=True):
            hidden = block(hidden, **graph.at(stride, hidden.shape[2]))
            stride *= step
        return hidden.to(x.dtype), stride


class FoldedBlock(nn.Module):
    """What `StBlock` computes in evaluation.

    Args:
        block: In evaluation; its temporal convolution is taken over and changed.
    """

    def __init__(self, block: StBlock) -> None:
        super().__init__()
        self.graph = FoldedConv(block.graph, block.graph_norm)
        self.temporal = _fold_temporal(block.temporal, block.temporal_norm)
        self.residual = block.residual
        self.shortcut: ChannelMix | None = None
        if block.shortcut is not None:
            self.shortcut = block.shortcut
            _fold_mix(self.shortcut, block.shortcut_norm)

    def forward(
        self,
        x: Tensor,
        *,
        a_links: Tensor | None,
        frames: Tensor | None,
        senders: Tensor | None,
    ) -> Tensor:
        """Run the block: as `StBlock.forward`, but A-links [v, k, u], (P, 1 or T, V, K, V)."""
        hidden = self.temporal(functional.relu(self.graph(x, a_links, senders)), frames)
        if self.residual:
            hidden = hidden + (x if self.shortcut is None else self.shortcut(x))
        return functional.relu(hidden)


class FoldedConv(nn.Module):
    """What `ActStructConv` and the norm after it compute in evaluation.

    Args:
        conv: The convolution.
        norm: The norm after it.
    """

    fixed: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, conv: ActStructConv, norm: MaskedBatchNorm) -> None:
        super().__init__()
        parts = [conv.s_mask * conv.s_links] + ([] if conv.free is None else [conv.free])
        scale, shift = norm.scale_and_shift()
        weight = conv.weight * scale
        if conv.num_a_links:
            first = len(weight) - conv.num_a_links
            weight = torch.cat((weight[:first], conv.a_weight * weight[first:]))
        self.missing = max(NARROW - weight.shape[1], 0)
        weight = functional.pad(weight, (0, 0, 0, self.missing))
        self.register_buffer("fixed", torch.cat(parts).permute(2, 0, 1)[None, None].contiguous())
        self.register_buffer("weight", weight.flatten(0, 1))
        self.register_buffer("bias", shift)

    def forward(self, x: Tensor, a_links: Tensor | None, senders: Tensor | None) -> Tensor:
        """Aggregate and mix: (P, C, T, V) to (P, C_out, T, V), channels last in memory."""
        rows = x.permute(0, 2, 3, 1)  # (P, T, V, C)
        if senders is not None:
            rows = rows * senders[..., None]
        if self.missing:
            rows = functional.pad(rows, (0, self.missing))
        receive = self.fixed
        if a_links is not None:
            fixed = receive.expand(*a_links.shape[:2], -1, -1, -1)
            receive = torch.cat((fixed, a_links), dim=3)
        gathered = (receive.flatten(2, 3) @ rows).view(-1, len(self.weight))
        mixed = torch.addmm(self.bias, gathered, self.weight)
        return mixed.view(*rows.shape[:3], mixed.shape[1]).permute(0, 3, 1, 2)


def _fold_temporal(conv: TemporalConv, norm: MaskedBatchNorm) -> TemporalConv:
    if isinstance(conv.mix, ChannelMix):
        _fold_mix(conv.mix, norm)
        return conv
    inner = conv.depthwise
    scale, shift = norm.scale_and_shift()
    if inner.bias is not None:
        shift = shift + scale * inner.bias
    weight = inner.weight * scale.view(-1, 1, 1, 1)
    # Features are channels last; so the kernel need not be laid out anew for each clip.
    inner.weight = _constant(weight.contiguous(memory_format=torch.channels_last))
    inner.bias = _constant(shift)
    return conv


def _fold_mix(mix: ChannelMix, norm: MaskedBatchNorm) -> None:
    scale, shift = norm.scale_and_shift()
    if mix.bias is not None:
        shift = shift + scale * mix.bias
    mix.weight, mix.bias = _constant(mix.weight * scale[:, None]), _constant(shift)


def _constant(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value, requires_grad=False)
