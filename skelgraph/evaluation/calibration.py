"""Whether a model is as often right as it says: reliability, calibration errors, Brier score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import nan
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelgraph.evaluation.intervals import wilson_interval

BINS = 15


@dataclass(frozen=True)
class Bin:
    """Clips whose confidence lies in [low, high); the last bin holds 1, too.

    Args:
        low, high: Ends of the bin.
        count: Clips in it.
        confidence: Their mean confidence, NaN without clips.
        accuracy: Share of them that is right, NaN without clips.
        accuracy_low, accuracy_high: Its 95 % Wilson interval, NaN without clips.
    """

    low: float
    high: float
    count: int
    confidence: float = nan
    accuracy: float = nan
    accuracy_low: float = nan
    accuracy_high: float = nan


@dataclass(frozen=True)
class ClassCalibration:
    """Calibration of one class.

    Args:
        name: The class.
        clips: Clips of it.
        share: Share of all clips.
        probability: Mean probability that it is given; equal to `share` where calibrated.
        ece: Calibration error of its probability over all clips, in 15 bins.
        predicted: Clips that were taken for it.
        confidence: Their mean confidence, NaN without any.
        precision: Share of them that is right, NaN without any.
    """

    name: str
    clips: int
    share: float
    probability: float
    ece: float
    predicted: int
    confidence: float
    precision: float


@dataclass(frozen=True)
class Calibration:
    """How well probabilities say how often they are right.

    Args:
        num_clips: Clips.
        ece: Expected calibration error of the predicted class.
        class_ece: Mean over classes of the calibration error of a class's probability.
        brier: Mean squared distance to the truth over all classes, 0 to 2.
        nll: Mean cross-entropy, nats.
        confidence: Mean confidence; above `accuracy` where a model is over-confident.
        accuracy: Share of clips that is right.
        bins: Table of reliability.
        classes: A class each.
    """

    num_clips: int
    ece: float
    class_ece: float
    brier: float
    nll: float
    confidence: float
    accuracy: float
    bins: tuple[Bin, ...]
    classes: tuple[ClassCalibration, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give all as plain values for JSON; None where there is no clip to say."""
        found: dict[str, Any] = _without_nan(asdict(self))
        return found


def calibrate(probabilities: Tensor, labels: Tensor, class_names: tuple[str, ...]) -> Calibration:
    """Measure calibration.

    Args:
        probabilities: Rows sum to 1, shape (N, classes).
        labels: Truth in 0..classes-1, shape (N,).
        class_names: Names of the classes.

    Returns:
        All in fractions. Errors of bins with few clips are mostly chance: the error of a
        perfectly calibrated model is above 0 on any finite number of clips.

    Source:
        Guo et al. 2017, arXiv:1706.04599, equation 3, for `ece`; Kull et al. 2019,
        arXiv:1910.12656, section 2, for `class_ece`; Brier 1950, Monthly Weather Review 78.

    Example:
        >>> sure = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> calibrate(sure, torch.tensor([0, 1]), ("nod", "wave")).ece
        0.5
    """
    precise = probabilities.double().cpu()
    truth = labels.cpu()
    confidence, predicted = precise.max(1)
    right = (predicted == truth).numpy()
    bins = reliability(confidence.numpy(), right)
    per_class = tuple(
        _of_class(precise, truth, predicted, k, name) for k, name in enumerate(class_names)
    )
    target = torch.nn.functional.one_hot(truth, len(class_names))
    chosen = precise.gather(1, truth[:, None]).clamp_min(1e-12)
    return Calibration(
        num_clips=len(truth),
        ece=calibration_error(bins),
        class_ece=float(np.mean([each.ece for each in per_class])),
        brier=float((precise - target).square().sum(1).mean()),
        nll=float(-chosen.log().mean()),
        confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
        bins=bins,
        classes=per_class,
    )


def reliability(confidence: np.ndarray, right: np.ndarray, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Sort clips into bins of equal width by confidence.

    Args:
        confidence: In [0, 1], shape (N,).
        right: Whether that came true, bool (N,).
        bins: How many.

    Example:
        >>> [found.count for found in reliability(np.array([0.1, 0.9]), np.ones(2), bins=2)]
        [1, 1]
    """
    edges = np.linspace(0, 1, bins + 1)
    # In single precision, as the probabilities are: 0.2 is then no less than the edge 0.2.
    above = np.searchsorted(edges.astype(np.float32), confidence.astype(np.float32), side="right")
    place = (above - 1).clip(0, bins - 1)
    found = []
    for i in range(bins):
        inside = place == i
        low, high, count = float(edges[i]), float(edges[i + 1]), int(inside.sum())
        if not count:
            found.append(Bin(low, high, 0))
            continue
        hits = int(right[inside].sum())
        interval = wilson_interval(hits, count)
        found.append(
            Bin(low, high, count, float(confidence[inside].mean()), hits / count, *interval)
        )
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their clips."""
    total = sum(each.count for each in bins)
    gaps = (each.count * abs(each.confidence - each.accuracy) for each in bins if each.count)
    return sum(gaps) / total


def untempered(probabilities: Tensor, temperature: float) -> Tensor:
    """Give the probabilities before a temperature was applied.

    Args:
        probabilities: softmax(logits / temperature), shape (N, classes). Those that are 0
            count as a quarter of the sixth decimal, or as the smallest of the others if that is
            less.
        temperature: What the logits were divided by.

    Example:
        >>> cool = torch.tensor([[2.0, 0.0]]).div(4).softmax(1)
        >>> round(float(untempered(cool, 4)[0, 0]), 4)  # softmax of 2 and 0
        0.8808
    """
    precise = probabilities.double()
    smallest = torch.cat([precise[precise > 0], precise.new_tensor([2.5e-7])]).min()
    return (precise.clamp_min(smallest).log() * temperature).softmax(1)


def _of_class(
    probabilities: Tensor, truth: Tensor, predicted: Tensor, k: int, name: str
) -> ClassCalibration:
    own, of_class = probabilities[:, k].numpy(), (truth == k).numpy()
    taken = (predicted == k).numpy()
    return ClassCalibration(
        name=name,
        clips=int(of_class.sum()),
        share=float(of_class.mean()),
        probability=float(own.mean()),
        ece=calibration_error(reliability(own, of_class)),
        predicted=int(taken.sum()),
        confidence=float(own[taken].mean()) if taken.any() else nan,
        precision=float(of_class[taken].mean()) if taken.any() else nan,
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value
