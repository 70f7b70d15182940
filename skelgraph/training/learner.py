"""A model while it learns: its optimiser, its averaged weights, and what of it may move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from skelgraph.nn.processes import num_processes, sum_processes
from skelgraph.training.average import WeightAverage
from skelgraph.training.config import TrainOptions

if TYPE_CHECKING:
    from lightning_fabric import Fabric

UNDECAYED = ("s_mask", "links", "carry")


@dataclass(frozen=True)
class Tuning:
    """How weights that were learned before are trained on; keys are names of parameters.

    Args:
        rates: Factor of the learning rate. A parameter that is not named has 1.
        frozen: Parameters that never move. A module of which no parameter moves stays in
            evaluation: its statistics stay too, and its dropout is off.
        thaw: Share of the steps after which a parameter begins to move. Not named: 0. A module of
            which none moves yet is in evaluation as well, unless it has statistics to find that
            were not learned before.
        anchor: Weights towards which the L2 term pulls, on the CPU.
        anchor_weight: Factor of that term, half the squared distance; 0: no term.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()
    thaw: Mapping[str, float] = field(default_factory=dict)
    anchor: Mapping[str, Tensor] = field(default_factory=dict)
    anchor_weight: float = 0.0


class Learner:
    """Train the weights of one model, a step at a time.

    Args:
        model: Takes (positions, visible, frames) and returns an `Output`. Parameters that are
            frozen take no gradient from here on.
        options: Optimiser, rates, clipping, averaging.
        fabric: Lightning's devices, precision and processes.
        tuning: What moves, and how fast. None: everything alike.

    Attributes:
        model: The model as Lightning wraps it.
        average: Moving average of the weights; validation and test use it.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        options: TrainOptions,
        fabric: Fabric,
        tuning: Tuning | None = None,
    ) -> None:
        self.fabric, self.tuning = fabric, tuning or Tuning()
        self.options = options
        for name, parameter in model.named_parameters():
            # Before Lightning wraps the model, which else waits for gradients that never come.
            if name in self.tuning.frozen:
                parameter.requires_grad_(False)
        optimiser = make_optimiser(model, options, rates=self.tuning.rates)
        # Kept here: a checkpoint's groups need not have it.
        self._rates = [group.pop("rate") for group in optimiser.param_groups]
        self.model, self.optimiser = fabric.setup(model, optimiser)
        self.dtype = next(model.parameters()).dtype
        named = list(model.named_parameters())
        self.links = [p for name, p in named if "aim" in name.split(".")]
        others = [p for name, p in named if "aim" not in name.split(".")]
        # Apart, because the A-links' own loss has gradients hundreds of times larger.
        self.clipped = [part for part in (self.links, others) if part]
        self.average = WeightAverage(model, decay=options.ema)
        self._anchor = [
            (parameter, self.tuning.anchor[name].to(parameter))
            for name, parameter in named
            if self.tuning.anchor_weight > 0
            and name in self.tuning.anchor
            and name not in self.tuning.frozen
        ]
        self._resting = _resting_modules(model, self.tuning)
        self._share = 0.0

    @property
    def bare(self) -> Any:
        """The model without Fabric's wrapper."""
        return self.model.module

    def set_training(self) -> None:
        """Put the model into training, but for modules of which nothing moves."""
        self.model.train()
        self._rest()

    def set_lr(self, lr: float, *, share: float = 0.0) -> None:
        """Set the learning rate of what moves.

        Args:
            lr: The rate that a factor of 1 has.
            share: Share of the steps that are done; what thaws later does not move.
        """
        woken = [module for module, until in self._resting if self._share < until <= share]
        self._share = share
        if woken:
            for module in woken:
                module.train()
            self._rest()
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = lr * rate

    def step(self, loss: Tensor, *, alone: Sequence[nn.Parameter] = ()) -> None:
        """Step once.

        Args:
            loss: Scalar; the pull towards the anchor is added here.
            alone: Parameters whose gradients Lightning's wrapper does not average over the
                processes.
        """
        self.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(loss + self.pull() if self._anchor else loss)
        if alone and num_processes() > 1:
            average_gradients(alone)
        self.apply()

    def apply(self) -> None:
        """Step with the gradients as they are."""
        self._hold_back()
        norm = self.options.clip_norm
        if norm > 0:
            for parameters in self.clipped:
                torch.nn.utils.clip_grad_norm_(parameters, norm)
        self.optimiser.step()

    def pull(self) -> Tensor:
        """Half the squared distance to the anchor, times its weight; scalar.

        Source:
            Li et al. 2018 (L2-SP), arXiv:1802.01483, equation 3, without the second term:
            parameters that were made anew have the optimiser's own decay.
        """
        parts = [(parameter - start).square().sum() for parameter, start in self._anchor]
        return self.tuning.anchor_weight / 2 * torch.stack(parts).sum()

    def auxiliary_weight(self, name: str) -> float:
        """Weight of a loss of the model's own: 'forecast', or a term of the A-links."""
        return self.options.forecast_weight if name == "forecast" else self.options.link_weight

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` restores."""
        return {
            "model": self.bare.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore weights, average and optimiser."""
        self.bare.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.optimizer.load_state_dict(state["optimiser"])

    def _rest(self) -> None:
        """Put the modules of which nothing moves into evaluation."""
        for module, until in self._resting:
            if until > self._share:
                module.eval()

    def _hold_back(self) -> None:
        """Take the gradients of what has not thawed: it neither moves nor decays."""
        if not self.tuning.thaw:
            return
        for name, parameter in self.bare.named_parameters():
            if self.tuning.thaw.get(name, 0.0) > self._share:
                parameter.grad = None


def make_optimiser(
    model: nn.Module, options: TrainOptions, *, rates: Mapping[str, float] | None = None
) -> torch.optim.Optimizer:
    """Build the optimiser; only weight matrices and kernels decay.

    Masks and learned graphs start at what they should stay near, which is not zero.

    Args:
        model: Its parameters are optimised.
        options: Optimiser, learning rate, decay.
        rates: Factor of the learning rate by parameter name; 1 where not named. Each group of
            the optimiser keeps its own as `rate`.
    """
    members: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        decays = parameter.ndim >= 2 and name.rpartition(".")[2] not in UNDECAYED
        rate = (rates or {}).get(name, 1.0)
        members.setdefault((decays, rate), []).append(parameter)
    groups: list[dict[str, Any]] = [
        {
            "params": members[key],
            "rate": key[1],
            "lr": options.lr * key[1],
            "weight_decay": options.weight_decay if key[0] else 0.0,
        }
        for key in sorted(members, reverse=True)
    ]
    if options.optimiser == "sgd":
        return torch.optim.SGD(groups, options.lr, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, options.lr)


@torch.no_grad()
def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Replace gradients by their mean over the processes, in one exchange."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    whole = sum_processes(nn.utils.parameters_to_vector(gradients)) / num_processes()
    nn.utils.vector_to_parameters(whole, gradients)


def _resting_modules(model: nn.Module, tuning: Tuning) -> list[tuple[nn.Module, float]]:
    """The modules of which no parameter moves at first, and the share at which one does."""
    found = []
    for prefix, module in model.named_modules():
        names = [f"{prefix}.{name}" if prefix else name for name, _ in module.named_parameters()]
        until = min((_moves_from(name, tuning) for name in names), default=0.0)
        if until == inf or (until > 0 and not _lacks_statistics(module)):
            found.append((module, until))
    return found


def _moves_from(name: str, tuning: Tuning) -> float:
    """Share of the steps after which a parameter moves; inf: never."""
    return inf if name in tuning.frozen else tuning.thaw.get(name, 0.0)


def _lacks_statistics(module: nn.Module) -> bool:
    """Whether a norm has a channel, that of a new joint perhaps, that no batch was seen of."""
    return any(
        name.rpartition(".")[2] == "num_batches" and bool((count == 0).any())
        for name, count in module.named_buffers()
    )
