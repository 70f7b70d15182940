"""The methods of training without labels, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from skelgraph.graphs import Layout
from skelgraph.training.config import RunConfig
from skelgraph.training.pretrain.contrastive import ViewMatching
from skelgraph.training.pretrain.masked import MaskedMotion
from skelgraph.training.pretrain.objective import Objective
from skelgraph.transforms.presets import STRONG, preset


def make_objective(
    model: nn.Module, config: RunConfig, *, layout: Layout, num_spatial: int
) -> Objective:
    """Make the objective that a configuration asks for.

    Args:
        model: Fresh; its head is taken off.
        config: Its `pretrain` is set, and names one of `METHODS`.
        layout: Skeleton.
        num_spatial: Channels that are places.

    Raises:
        ConfigError: If the model gives no features of joints and frames.
    """
    assert config.pretrain is not None
    return METHODS[config.pretrain.method](model, config, layout, num_spatial)


def _masked(model: nn.Module, config: RunConfig, layout: Layout, num_spatial: int) -> Objective:
    assert config.pretrain is not None
    return MaskedMotion(
        model,
        name=config.model.name,
        layout=layout,
        num_spatial=num_spatial,
        options=config.pretrain,
        augmentation=config.augment,
    )


def _contrastive(
    model: nn.Module, config: RunConfig, layout: Layout, num_spatial: int
) -> Objective:
    assert config.pretrain is not None
    return ViewMatching(
        model,
        name=config.model.name,
        options=config.pretrain,
        augmentation=config.augment,
        extreme=preset(STRONG, layout),
    )


METHODS: dict[str, Callable[[nn.Module, RunConfig, Layout, int], Objective]] = {
    "masked": _masked,
    "contrastive": _contrastive,
}
