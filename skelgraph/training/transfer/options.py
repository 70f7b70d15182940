"""Options of a start from weights learned elsewhere, without the packages that apply them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MODES = ("features", "finetune", "architecture")


@dataclass(frozen=True)
class StartOptions:
    """Where a run's first weights come from, and how they are trained on.

    A part of a model is named by one or more words that follow one another in the names of its
    parameters: `backbone`, `backbone.blocks.0`, `classifier`, `feed`. Weights that had to be made
    anew are trained whatever is frozen.

    Args:
        source: Run folder, weights file, or `simulated` / `simulated:NAME` for weights that are
            shipped.
        mode: `features`: all is frozen but the classifier. `finetune`: all moves but what
            `freeze` names. `architecture`: the same model from scratch, no weights are taken.
        keep_classifier: Carry the classifier's rows over for classes of the same name. If not,
            the classifier is made anew.
        freeze: Parts that never move.
        only: Parts that move, all others are frozen. None named: no such limit.
        unfreeze: Let the topmost group of layers move first, then one more at a time.
        unfreeze_epochs: Epochs from one group to the next; 0: equal shares of the run.
        lr_decay: What the learning rate of a group of layers is divided by for the next one
            below; 1: all the same.
        rates: Learning rate of parts; goes before `lr_decay`. Of two names that both fit, the
            one of more words counts.
        l2_start: Weight of half the squared distance to the weights carried over.
        checksum: SHA-256 of the weights file, in hexadecimal. A run that goes on demands the
            same. None: any.
    """

    source: str
    mode: str = "finetune"
    keep_classifier: bool = False
    freeze: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    unfreeze: bool = False
    unfreeze_epochs: int = 0
    lr_decay: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)
    l2_start: float = 0.0
    checksum: str | None = None
