"""The comparison on validation that decides which of two models a run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.evaluation.metrics import TEMPERATURE_PRIOR, fit_temperature

MIN_GROUPS = 6  # 2 to the power of 1 - 6 is below 0.05


@dataclass(frozen=True)
class Candidate:
    """How one model does on validation.

    Args:
        top1: Share of clips with the right class.
        nll: Cross-entropy after its temperature, in nats.
        temperature: Divides its logits.
        cycle: The cycle that it was taken after, from 0.
    """

    top1: float
    nll: float
    temperature: float
    cycle: int = 0

    def better_than(self, other: Candidate) -> bool:
        """Compare accuracy, then cross-entropy."""
        return (self.top1, -self.nll) > (other.top1, -other.nll)


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate, and the logits that it was scored by.

    Args:
        candidate: The scores.
        logits: Of the held-out clips of each training, (N, classes) each.
    """

    candidate: Candidate
    logits: list[Tensor]


def judge(cycles: Sequence[Sequence[Tensor]], labels: Sequence[Tensor], *, best: bool) -> Judged:
    """Score what several trainings say about the clips that each of them held out.

    Args:
        cycles: For each training its logits after each cycle, (N, classes) each.
        labels: For each training the classes of its clips, (N,).
        best: Take the cycle that validation prefers, not the last. Each training's clips are
            scored at the cycle that the other trainings prefer; of one training alone, at its
            own best cycle, which is too favourable.
    """
    if not best:
        last = len(cycles[0]) - 1
        chosen = [one[last] for one in cycles]
        return Judged(candidate(torch.cat(chosen), torch.cat(list(labels)), cycle=last), chosen)
    everything = list(range(len(cycles)))
    kept = _best_cycle(cycles, labels, everything)
    chosen = []
    for number in everything:
        others = [other for other in everything if other != number] or everything
        chosen.append(cycles[number][_best_cycle(cycles, labels, others)])
    return Judged(candidate(torch.cat(chosen), torch.cat(list(labels)), cycle=kept), chosen)


def _best_cycle(
    cycles: Sequence[Sequence[Tensor]], labels: Sequence[Tensor], among: Sequence[int]
) -> int:
    """The cycle that does best on the clips of some trainings; of equal ones the earliest."""
    truth = torch.cat([labels[number] for number in among])
    found = [
        candidate(torch.cat([cycles[number][cycle] for number in among]), truth, cycle=cycle)
        for cycle in range(len(cycles[0]))
    ]
    best = found[0]
    for one in found[1:]:
        if one.better_than(best):
            best = one
    return best.cycle


def candidate(logits: Tensor, labels: Tensor, *, cycle: int = 0) -> Candidate:
    """Score logits of clips that training did not see.

    The temperature is held near 1 as far as few clips leave it open.

    Args:
        logits: Shape (N, classes).
        labels: Shape (N,).
        cycle: Where they come from.
    """
    temperature = fit_temperature(logits, labels, prior=TEMPERATURE_PRIOR)
    chosen = (logits.double() / temperature).log_softmax(1).gather(1, labels[:, None])
    return Candidate(
        top1=float((logits.argmax(1) == labels).double().mean()),
        nll=float(-chosen.mean()),
        temperature=temperature,
        cycle=cycle,
    )


def compare(
    supervised: Candidate,
    method: Candidate,
    *,
    right: tuple[Tensor, Tensor],
    groups: np.ndarray,
) -> dict[str, Any]:
    """Say which model validation prefers, and how sure that is.

    Args:
        supervised: The start.
        method: The method's model.
        right: Whether each of them is right, bool, (N,) each, in this order.
        groups: Group of each clip that was kept together, (N,).

    Returns:
        `prefers`, both candidates, `difference` of their accuracy with its 95 % bootstrap
        interval over groups, how many these are (`num_groups`), and whether the interval
        excludes 0 (`decided`). One group alone says nothing of others: its interval is all that
        there can be. Few groups that agree give a narrow interval whatever they say, so nothing
        is decided by fewer than as many fair coins as rarely all fall alike (`MIN_GROUPS`).
    """
    difference = (right[1].double() - right[0].double()).numpy()
    lower, upper = _bootstrap(difference, groups)
    num_groups = len(np.unique(groups))
    return {
        "prefers": "method" if method.better_than(supervised) else "supervised",
        "supervised": asdict(supervised),
        "method": asdict(method),
        "num_clips": len(difference),
        "difference": float(difference.mean()),
        "interval": [lower, upper],
        "num_groups": num_groups,
        "decided": bool(lower > 0 or upper < 0) and num_groups >= MIN_GROUPS,
    }


def _bootstrap(values: np.ndarray, groups: np.ndarray, *, draws: int = 2000) -> tuple[float, float]:
    """95 % interval of the mean, drawing whole groups with a fixed seed."""
    _, group = np.unique(groups, return_inverse=True)
    if group.max(initial=0) == 0:
        return -1.0, 1.0
    sums = np.bincount(group, weights=values)
    sizes = np.bincount(group)
    chosen = np.random.default_rng(0).integers(len(sums), size=(draws, len(sums)))
    means = sums[chosen].sum(1) / sizes[chosen].sum(1)
    lower, upper = np.quantile(means, [0.025, 0.975])
    return float(lower), float(upper)
