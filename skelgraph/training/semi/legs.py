"""The trainings that a run with few labels is made of: in folds to compare, then the last two."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from skelgraph.errors import RunError
from skelgraph.files import written_whole
from skelgraph.training.checkpoint import LAST
from skelgraph.training.config import RunConfig

SUPERVISED = "supervised"
RESULT = "result.npz"


@dataclass(frozen=True, eq=False)
class Leg:
    """One training.

    Args:
        name: Its folder.
        method: `supervised`, or the run's method.
        rows: Clips with their labels, rows of the store.
        held: Clips that are scored after each cycle, rows of the store; of none, nothing is.
        fold: Number of the fold that is held out; None for a training on all given labels.
    """

    name: str
    method: str
    rows: np.ndarray
    held: np.ndarray
    fold: int | None = None


def plan_legs(
    method: str, labelled: np.ndarray, *, folds: list[np.ndarray], val: np.ndarray
) -> list[Leg]:
    """List the trainings of a run, in their order: supervised before the method.

    Args:
        method: The run's method.
        labelled: Clips with given labels.
        folds: Clips held out in each fold; none: nothing is compared in folds.
        val: Clips that validate beside the budget; of none, the last trainings hold nothing out.
    """
    names = dict.fromkeys((SUPERVISED, method))
    legs = [
        Leg(f"fold{number}_{name}", name, np.setdiff1d(labelled, held), held, number)
        for name in names
        for number, held in enumerate(folds)
    ]
    return legs + [Leg(name, name, labelled, val) for name in names]


def write_result(folder: Path, held: list[Tensor], seconds: float) -> None:
    """Write the held-out logits of each cycle; what a training in a fold leaves behind."""
    with written_whole(folder / RESULT) as path, path.open("wb") as file:
        np.savez(file, held=np.stack([one.numpy() for one in held]), seconds=np.array(seconds))


def read_result(folder: Path) -> tuple[list[Tensor], float] | None:
    """Read it; None where the training is not finished.

    Raises:
        RunError: If the file is damaged.
    """
    path = folder / RESULT
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = [torch.from_numpy(one) for one in arrays["held"]]
            return held, float(arrays["seconds"])
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"{path}: expected the result of a training, got a damaged file. Remove it: that "
            "training is then done again."
        ) from error


def epochs_of(config: RunConfig, method: str) -> int:
    """Epochs of a cycle of a training with a method."""
    assert config.few is not None
    own = config.few.supervised_epochs if method == SUPERVISED else 0
    return own or config.training.epochs


def origin_of(leg: Leg) -> str:
    """Name of the supervised training on the same clips as a training with a method."""
    return SUPERVISED if leg.fold is None else f"fold{leg.fold}_{SUPERVISED}"


def drop_checkpoints(folder: Path, *, weights: bool) -> None:
    """Remove what a finished training in a fold needs no more.

    Args:
        folder: Its folder.
        weights: Those after each cycle too. The method begins with the supervised ones.
    """
    (folder / LAST).unlink(missing_ok=True)
    if weights:
        for path in folder.glob("cycle*"):
            shutil.rmtree(path)
