"""The recipe of Sturm et al. 2023 as options: a transfer, then the iterations of a curriculum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skelgraph.training.transfer.parts import select

ENCODERS = ("step_tower.encoder", "joint_tower.encoder", "channel_tower.encoder")
EMBEDDINGS = (
    "step_tower.embed",
    "joint_tower.embed",
    "joint_tower.identity",
    "channel_tower.embed",
    "channel_tower.identity",
)
# What a graph network has before its towers, in the place of the recipe's convolution.
BEFORE = ("backbone", "blocks", "input_norm", "aim")
L2_WEIGHT = 0.01


@dataclass(frozen=True)
class Stage:
    """Options of one stage that differ from the defaults.

    Args:
        start: Fields of `StartOptions`.
        training: Fields of `TrainOptions`.
    """

    start: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


def transfer_stage(names: Iterable[str]) -> Stage:
    """Options of the transfer: only the encoders' feed-forward layers and the classifier move.

    Args:
        names: Parameters of the model, of which parts are named.

    Source:
        Sturm et al. 2023: Adam, 1e-3 and 1e-4 for the classifier, reduced on a plateau (patience
        7, factor 0.1), 40 epochs, batch 8. No smoothing, warm-up, decay, clipping or average of
        weights is mentioned, so they are off. Their model is ConvGTN; of others with a gated
        head the same parts move.
    """
    return Stage(
        start={"only": _present(names, ("feed", "classifier")), "rates": {"classifier": 1e-4}},
        training={**_plain_training(), "lr": 1e-3, "plateau_patience": 7, "epochs": 40},
    )


def curriculum_stage(names: Iterable[str], *, first: bool) -> Stage:
    """Options of an iteration of the curriculum that follows the transfer.

    Args:
        names: Parameters of the model, of which parts are named.
        first: Whether it is the first iteration.

    Source:
        Sturm et al. 2023. First iteration: one of four encoder layers frozen, L2 towards the
        transferred weights, 1e-3 for the embeddings, 1e-2 for the gate, 1e-3 for the classifier,
        0.5e-3 for the encoders. Then the convolution and both embeddings are frozen, and the
        rest is trained, we assume at the same rates. 150 epochs each, patience 5. Which layer is
        frozen and the weight of the L2 term are not printed: here the lowest, and 0.01. Of a
        graph network, its backbone stands for the convolution.
    """
    names = list(names)
    rates = {
        **dict.fromkeys(_present(names, EMBEDDINGS), 1e-3),
        **dict.fromkeys(_present(names, ENCODERS), 0.5e-3),
        **dict.fromkeys(_present(names, ("gate",)), 1e-2),
        "classifier": 1e-3,
    }
    if first:
        lowest = tuple(f"{encoder}.layers.0" for encoder in ENCODERS)
        start = {"freeze": _present(names, lowest), "l2_start": L2_WEIGHT, "rates": rates}
    else:
        start = {"freeze": _present(names, (*EMBEDDINGS, *BEFORE)), "rates": rates}
    return Stage(
        start=start,
        training={**_plain_training(), "lr": 1e-3, "plateau_patience": 5, "epochs": 150},
    )


def _plain_training() -> dict[str, Any]:
    return {
        "batch_size": 8,
        "schedule": "plateau",
        "plateau_factor": 0.1,
        "optimiser": "adamw",
        "weight_decay": 0.0,  # Adam
        "warmup": 0.0,
        "label_smoothing": 0.0,
        "clip_norm": 0.0,
        "ema": 0.0,
        "link_epochs": 0,
    }


def _present(names: Iterable[str], parts: Iterable[str]) -> tuple[str, ...]:
    names = list(names)
    return tuple(part for part in parts if select(names, part))
