"""From the options of a start to what moves, how fast and how far."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from skelgraph.errors import ConfigError
from skelgraph.training.config import TrainOptions
from skelgraph.training.learner import Tuning
from skelgraph.training.transfer.anatomy import CLASSIFIER
from skelgraph.training.transfer.carrying import NEW, WHOLE, Carried
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.parts import check_parts, layer_groups, select


def make_tuning(
    model: nn.Module, options: StartOptions, carried: Carried, *, training: TrainOptions
) -> Tuning:
    """Say which weights move, when, and how fast.

    Args:
        model: With the weights carried over, which are what `l2_start` pulls towards.
        options: What was asked for.
        carried: What `carry_over` did. What it had to make anew, whole or in part, is never
            frozen; what is new as a whole has the full learning rate from the first step.
        training: Learning rate and length of the run. A-links that are to be trained alone
            first have the full rate, and move from the start.

    Raises:
        ConfigError: If a part is not in the model, nothing is left to move, or the run is too
            short for the groups to thaw.

    Source:
        Rates by layer and gradual unfreezing: Howard and Ruder 2018 (ULMFiT), arXiv:1801.06146,
        sections 3.2 and 3.3, where groups thaw one an epoch. L2 towards the start: Li et al.
        2018, arXiv:1802.01483.
    """
    names = [name for name, _ in model.named_parameters()]
    check_parts(names, options.freeze, what="freeze")
    check_parts(names, options.only, what="only")
    check_parts(names, options.rates, what="lr_group")
    frozen = frozen_names(names, options, carried)
    if len(frozen) == len(names):
        raise ConfigError(
            "freeze: expected a part of the model left to move, got none. Freeze less."
        )
    links = select(names, "aim")
    if links and links <= frozen and training.link_epochs:
        raise ConfigError(
            f"link_epochs: expected 0 beside A-links that are frozen, got {training.link_epochs}. "
            "Give --link-epochs 0, or leave 'aim' free."
        )
    anchor = {}
    if options.l2_start > 0:
        kept = carried.names(WHOLE) - frozen
        anchor = {n: p.detach().cpu().clone() for n, p in model.named_parameters() if n in kept}
    free = carried.names(NEW) | (links if training.link_epochs else frozenset())
    return Tuning(
        rates=layer_rates(names, options, free=free, lr=training.lr),
        frozen=frozen,
        thaw=thaw_times(names, options, frozen=frozen, free=free, epochs=training.epochs),
        anchor=anchor,
        anchor_weight=options.l2_start,
    )


def frozen_names(names: Sequence[str], options: StartOptions, carried: Carried) -> frozenset[str]:
    """Name the parameters that never move."""
    frozen: set[str] = set()
    only = (CLASSIFIER,) if options.mode == "features" else options.only
    if only:
        frozen = set(names).difference(*(select(names, part) for part in only))
    frozen.update(*(select(names, part) for part in options.freeze))
    return frozenset(frozen & carried.names(WHOLE))


def layer_rates(
    names: Sequence[str], options: StartOptions, *, free: frozenset[str], lr: float
) -> dict[str, float]:
    """Give the factor of the learning rate by parameter; those with 1 are left out.

    `free` are the parameters for which the layer does not count.
    """
    rates: dict[str, float] = {}
    for level, group in enumerate(layer_groups(names)):
        rates |= {name: options.lr_decay**-level for name in group if name not in free}
    for part in sorted(options.rates, key=lambda part: part.count(".")):
        rates |= dict.fromkeys(select(names, part), options.rates[part] / lr)
    return {name: rate for name, rate in rates.items() if rate != 1}


def thaw_times(
    names: Sequence[str],
    options: StartOptions,
    *,
    frozen: frozenset[str],
    free: frozenset[str],
    epochs: int,
) -> dict[str, float]:
    """Give the share of the run after which a parameter begins to move; 0 is left out.

    `free` are the parameters that move from the start, whatever their group.

    Raises:
        ConfigError: If a group would not thaw before the end.
    """
    if not options.unfreeze:
        return {}
    waiting = [[name for name in group if name not in frozen] for group in layer_groups(names)]
    groups = [group for group in waiting if group]
    each = options.unfreeze_epochs / epochs if options.unfreeze_epochs else 1 / len(groups)
    if each * (len(groups) - 1) >= 1:
        most = (epochs - 1) // (len(groups) - 1)
        raise ConfigError(
            f"unfreeze_epochs: expected at most {most}, so that {len(groups)} groups thaw within "
            f"{epochs} epochs, got {options.unfreeze_epochs}. Train longer, or leave it out: the "
            "groups then have equal shares of the run."
        )
    times = {name: i * each for i, group in enumerate(groups) for name in group}
    return {name: share for name, share in times.items() if share > 0 and name not in free}
