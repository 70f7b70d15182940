"""Curriculum labelling: the clips that the model is surest of get labels first, cycle by cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from skelgraph.errors import ConfigError, RunError, list_faults, unknown_name
from skelgraph.training.semi.method import CyclePlan, Method, Selection, Setting

LABELLINGS = ("relabel", "remove")
RANKINGS = ("all", "class", "balanced")
RESTARTS = ("scratch", "start", "no")
KEEPS = ("best", "last")


@dataclass(frozen=True)
class CurriculumOptions:
    """How cycles choose unlabelled clips.

    Args:
        cycles: Cycles with pseudo-labels, after one with the given labels alone. In cycle i of
            them the share i / cycles of the unlabelled clips has a label.
        labelling: `relabel` forgets all pseudo-labels before each cycle. `remove` takes chosen
            clips out of the unlabelled ones: they keep the label that they got.
        ranking: Among which clips the surest are taken: `all`; those predicted as the same
            `class`, so that each predicted class has the same share of its clips taken; or
            `balanced`, where the number taken of a class follows the given labels, whatever is
            predicted: no class can flood the others.
        restart: Weights that a cycle begins with: those of the start with a fresh classifier
            (`start`; without weights from elsewhere that is as good as fresh), fresh ones
            (`scratch`, the paper's), or those of the cycle before (`no`).
        keep: The result is the `best` cycle on validation or the `last`.

    Raises:
        ConfigError: If an option is out of range.
    """

    cycles: int = 5
    labelling: str = "relabel"
    ranking: str = "all"
    restart: str = "start"
    keep: str = "best"

    def __post_init__(self) -> None:
        faults = [
            unknown_name(f"curriculum, {name}", value, choices)
            for name, value, choices in (
                ("labelling", self.labelling, LABELLINGS),
                ("ranking", self.ranking, RANKINGS),
                ("restart", self.restart, RESTARTS),
                ("keep", self.keep, KEEPS),
            )
            if value not in choices
        ]
        if self.cycles < 1 or self.cycles != int(self.cycles):
            faults.append(
                f"curriculum, cycles: expected a whole number of at least 1, got {self.cycles}. "
                "Give another value."
            )
        if faults:
            raise ConfigError(list_faults(faults))


@dataclass(frozen=True)
class SturmOptions(CurriculumOptions):
    """The same with the defaults of Sturm et al. 2023: what is chosen stays, the last counts."""

    labelling: str = "remove"
    restart: str = "start"
    keep: str = "last"


class Curriculum(Method):
    """Train in cycles, each with more pseudo-labels than the one before.

    The number of clips is exact: of equally sure ones the earlier are taken. Labels that were
    given are never replaced, since only unlabelled clips are looked at.

    Source:
        Cascante-Bonilla et al. 2021, arXiv:2001.06001: threshold at the percentile 100 - 20 i of
        the largest probability, linear between clips, clips at it or above taken. Sturm et al.
        2023 for `remove`. The ranking `balanced` is ours.
    """

    options: CurriculumOptions

    def __init__(self, options: CurriculumOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self.cycle = 0
        self.labels = torch.full((setting.num_unlabelled,), -1)

    @property
    def num_cycles(self) -> int:
        return 1 + self.options.cycles

    def plan(self, cycle: int, probabilities: Tensor | None) -> CyclePlan:
        """Choose the clips of a cycle; see `Method.plan`.

        Raises:
            RunError: If a probability is not finite.
        """
        self.cycle = cycle
        if cycle == 0 or probabilities is None:
            return super().plan(cycle, probabilities)
        self.labels = self._label(probabilities)
        return CyclePlan(self.labels.clone(), restart=self.options.restart)

    def select(self, probabilities: Tensor) -> Selection:
        """Choose as the present cycle does, out of the clips given; see `Method.select`."""
        labels = self._label(probabilities)
        taught = labels >= 0
        predicted = probabilities.argmax(1).cpu()
        return Selection(torch.where(taught, labels, predicted), taught.float())

    def state_dict(self) -> dict[str, Any]:
        return {"cycle": self.cycle, "labels": self.labels.clone()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.cycle = int(state["cycle"])
        self.labels = state["labels"].clone()

    def _label(self, probabilities: Tensor) -> Tensor:
        """Label each clip or give it -1, int64 (N,)."""
        check_finite(probabilities)
        scores, predicted = probabilities.cpu().max(1)
        labels = torch.full_like(predicted, -1)
        if self.options.labelling == "remove" and len(labels) == len(self.labels):
            labels = self.labels.clone()
        known = torch.where(labels < 0, predicted, labels)
        free = labels < 0
        for group, size in self._groups(known):
            wanted = count_surest(size, self.cycle, self.options.cycles)
            places = (free & group).nonzero()[:, 0]
            lacking = wanted - int((group & ~free).sum())
            chosen = places[surest(scores[places], lacking)]
            labels[chosen] = predicted[chosen]
        return labels

    def _groups(self, labels: Tensor) -> list[tuple[Tensor, int]]:
        """Clips that are ranked together, bool (N,), and how many there are taken to be."""
        if self.options.ranking == "all":
            return [(torch.ones_like(labels, dtype=torch.bool), len(labels))]
        groups = [labels == label for label in range(self.setting.num_classes)]
        if self.options.ranking == "class":
            return [(group, int(group.sum())) for group in groups]
        # A class without a given label is not shut out.
        given = [max(int(count), 1) for count in self.setting.label_counts]
        sizes = [-(-len(labels) * count // sum(given)) for count in given]  # rounded up
        return list(zip(groups, sizes, strict=True))


def check_finite(probabilities: Tensor) -> None:
    """Raise RunError if a clip has a probability that is not a number."""
    bad = int((~probabilities.isfinite()).any(1).sum())
    if bad:
        raise RunError(
            f"probabilities of unlabelled clips: expected finite numbers, got {bad} clips of "
            f"{len(probabilities)} with others. Train again with a lower --lr."
        )


def count_surest(size: int, cycle: int, cycles: int) -> int:
    """Count the clips at or above the percentile 100 (1 - cycle / cycles), all scores distinct.

    Example:
        >>> [count_surest(10, cycle, 5) for cycle in range(6)]
        [0, 2, 4, 6, 8, 10]
    """
    return 1 + (size - 1) * cycle // cycles if size and cycle else 0


def surest(scores: Tensor, count: int) -> Tensor:
    """Places of the highest scores, of equal ones the first, int64 (at most count,)."""
    return torch.argsort(scores, descending=True, stable=True)[: max(count, 0)]
