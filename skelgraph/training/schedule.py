"""Learning rates by step."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, inf, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skelgraph.training.config import TrainOptions


def warmup_cosine(step: int, total: int, *, warmup: float, floor: float = 0.01) -> float:
    """Return the factor of the learning rate at a step: linear rise, then a half cosine.

    Args:
        step: From 0 to total - 1.
        total: Steps of the run.
        warmup: Share of the steps that rise.
        floor: Factor at the last step.

    Source:
        Loshchilov and Hutter 2017, arXiv:1608.03983, one cycle without restarts.

    Example:
        >>> [round(warmup_cosine(s, 5, warmup=0.4), 2) for s in range(5)]
        [0.5, 1.0, 1.0, 0.51, 0.01]
    """
    rising = round(total * warmup)
    if step < rising:
        return (step + 1) / rising
    share = (step - rising) / max(1, total - 1 - rising)
    return floor + (1 - floor) * 0.5 * (1 + cos(pi * share))


def lr_factor(
    options: TrainOptions, step: int, total: int, *, val_losses: Sequence[float] = ()
) -> float:
    """Return the factor of the learning rate at a step.

    Args:
        options: `schedule` and what belongs to it.
        step: From 0 to total - 1.
        total: Steps of the run.
        val_losses: Validation's cross-entropy after each epoch so far; a plateau is found in
            it, so that nothing else needs to be remembered.
    """
    if options.schedule == "cosine":
        return warmup_cosine(step, total, warmup=options.warmup)
    rising = round(total * options.warmup)
    factor = min(1.0, (step + 1) / rising) if rising else 1.0
    if options.schedule == "plateau":
        patience = options.plateau_patience
        factor *= plateau_factor(val_losses, patience=patience, factor=options.plateau_factor)
    return factor


def plateau_factor(
    losses: Sequence[float], *, patience: int, factor: float, threshold: float = 1e-4
) -> float:
    """Return what the learning rate is multiplied by after some epochs.

    It falls whenever more than `patience` epochs in a row brought no loss below the best so far
    by at least a share of `threshold`.

    Args:
        losses: After each epoch.
        patience: Epochs without gain that are waited for.
        factor: Multiplies the rate each time.
        threshold: Smallest relative gain that counts.

    Source:
        The rule, with its threshold, of `torch.optim.lr_scheduler.ReduceLROnPlateau`, without
        its state: the past losses say all.

    Example:
        >>> plateau_factor([1.0, 0.5, 0.6, 0.7], patience=1, factor=0.1)
        0.1
    """
    best, waited, result = inf, 0, 1.0
    for loss in losses:
        if loss < best * (1 - threshold):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > patience:
            result, waited = result * factor, 0
    return result
