"""Two models' answers to the same clips, compared class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from skelgraph.errors import ConfigError, list_faults
from skelgraph.evaluation.class_counts import count_classes, scores_of_counts
from skelgraph.evaluation.comparison import Change, Comparison
from skelgraph.evaluation.difference_bounds import Bounds, bootstrap_bounds, t_bounds
from skelgraph.evaluation.holm import holm


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model says about some clips.

    Args:
        label: True classes, -1 where unknown (left out), int (N,).
        predicted: Predicted classes, int (N,).
        group: Who performs each clip, or whatever else makes clips alike, int (N,); negative
            where unknown: such a clip is a group of its own. None: unknown for all.
    """

    label: np.ndarray
    predicted: np.ndarray
    group: np.ndarray | None = None

    def known(self) -> Answers:
        """Keep the clips whose class is known."""
        kept = np.asarray(self.label) >= 0
        group = None if self.group is None else np.asarray(self.group)[kept]
        return Answers(np.asarray(self.label)[kept], np.asarray(self.predicted)[kept], group)

    def groups(self) -> np.ndarray:
        """Number the groups from 0; a clip of an unknown group is one of its own."""
        alone = np.arange(len(self.label))
        if self.group is None:
            return alone
        own = np.where(self.group < 0, self.group.max(initial=0) + 1 + alone, self.group)
        return np.asarray(np.unique(own, return_inverse=True)[1])

    def counts(self, num_classes: int) -> np.ndarray:
        """Count right, predicted and true clips by group and class, shape (3, G, K)."""
        return count_classes(
            self.label, self.predicted, groups=self.groups(), num_classes=num_classes
        )


def compare_f1(
    before: Sequence[Answers],
    after: Sequence[Answers],
    class_names: Sequence[str],
    *,
    seed: int = 0,
) -> Comparison:
    """Compare the F1 of each class before and after, pair by pair of models.

    With several draws (of labels, of seeds) the interval of a class's mean difference is
    Student's t over the draws' paired differences. With one it is a bootstrap: whole groups of
    clips are drawn again, the same for both models, and the 2.5 and 97.5 per cent quantiles of
    the difference are taken. Where all draws agree to the last digit, t has nothing to go on
    and no interval is given.

    Args:
        before: Answers of the models before, one a draw.
        after: Those after, of the same clips, in the same order of draws and clips.
        class_names: Names of the K classes.
        seed: Of the bootstrap.

    Returns:
        F1 is 2 TP / (2 TP + FP + FN). A class without test clips has NaN in all numbers and
        counts neither in macro F1 nor in the correction.

    Raises:
        ConfigError: If draws do not pair, or their clips differ.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6, for the correction; Efron and
        Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 15, for percentile
        intervals and the shares from which the p-value of the bootstrap is taken.

    Example:
        >>> truth = np.array([0, 0, 1, 1])
        >>> before, after = Answers(truth, truth), Answers(truth, np.array([0, 1, 1, 1]))
        >>> [change.name for change in compare_f1([before], [after], ["nod", "wave"]).fell]
        ['nod', 'wave']
    """
    pairs, size = _paired(before, after), len(class_names)
    clips = np.array([np.bincount(a.label, minlength=size) for a, _ in pairs])  # (D, K)
    scores = np.array([[scores_of_counts(a.counts(size).sum(1)) for a in pair] for pair in pairs])
    blank = np.concatenate([clips, clips.sum(1, keepdims=True).repeat(2, 1)], 1) == 0
    scores = np.where(blank[:, None], nan, scores)  # (D, 2, K + 2)
    columns = list(np.moveaxis(scores, 2, 0))
    interval, groups, bounds = _intervals(pairs, columns, size, seed)
    every = clips.sum(1).mean()
    *classes, macro, top1 = (
        _change(name, float(number), column, bound)
        for name, number, column, bound in zip(
            (*class_names, "macro F1", "top-1"),
            (*clips.mean(0), every, every),
            columns,
            bounds,
            strict=True,
        )
    )
    corrected = holm([change.p for change in classes])
    return Comparison(
        classes=tuple(replace(c, p_holm=p) for c, p in zip(classes, corrected, strict=True)),
        macro_f1=replace(macro, p_holm=macro.p),
        top1=replace(top1, p_holm=top1.p),
        draws=len(pairs),
        interval=interval,
        groups=groups,
    )


def _paired(before: Sequence[Answers], after: Sequence[Answers]) -> list[tuple[Answers, Answers]]:
    if len(before) != len(after) or not before:
        raise ConfigError(
            f"draws: expected as many models before as after, at least one, got {len(before)} and "
            f"{len(after)}. Give them in pairs."
        )
    faults = [
        f"draw {i}: expected the same clips before and after, got {len(a.label)} and "
        f"{len(b.label)} clips, or other classes. Score both models on one test part."
        for i, (a, b) in enumerate(zip(before, after, strict=True))
        if not np.array_equal(a.label, b.label)
    ]
    faults += [
        f"draw {i}: expected clips whose class is known, got none. Give a labelled test part."
        for i, a in enumerate(before)
        if not (np.asarray(a.label) >= 0).any()
    ]
    if faults:
        raise ConfigError(list_faults(faults))
    return [(a.known(), b.known()) for a, b in zip(before, after, strict=True)]


def _intervals(
    pairs: Sequence[tuple[Answers, Answers]],
    columns: Sequence[np.ndarray],
    size: int,
    seed: int,
) -> tuple[str, int, list[Bounds]]:
    """Choose what the intervals are over, count the groups of clips, and compute them."""
    groups = min(len(np.unique(answers.groups())) for answers, _ in pairs)
    if len(pairs) > 1:
        return "draws", groups, [t_bounds(column[:, 1] - column[:, 0]) for column in columns]
    if groups < 2:
        return "nothing", groups, [(nan, nan, nan)] * len(columns)
    group = pairs[0][0].group
    over = "clips" if group is None or (group < 0).all() else "groups"
    return over, groups, bootstrap_bounds(np.stack([a.counts(size) for a in pairs[0]]), seed=seed)


def _change(name: str, clips: float, scores: np.ndarray, bounds: Bounds) -> Change:
    """Average the draws that have clips; `scores` is (D, 2), before and after."""
    known = scores[~np.isnan(scores).any(1)]
    if not len(known):
        return Change(name, clips, nan, nan, nan)
    before, after = map(float, known.mean(0))
    return Change(name, clips, before, after, after - before, *bounds)
