"""What a change of the model did to each class: F1 before and after, and the classes that fell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan, nan, sqrt
from typing import Any

import numpy as np

from skelgraph.errors import ConfigError, list_faults

RESAMPLES = 2000
AT_ONCE = 50  # resamples that are counted together
FEW_GROUPS = 10
LEVEL = 0.95
ALPHA = 0.05  # share of false alarms over all classes together

Bounds = tuple[float, float, float]  # lower and upper end, p-value


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


@dataclass(frozen=True)
class Change:
    """A score before and after; NaN where it cannot be told.

    Args:
        name: The class, or `macro F1` or `top-1`.
        clips: Test clips of the class, the mean over draws.
        before, after: Mean score over draws, fractions.
        difference: After less before.
        low, high: Ends of the interval of the difference.
        p: Two-sided p-value of no difference.
        p_holm: The same, corrected for the number of classes that were looked at.
    """

    name: str
    clips: float
    before: float
    after: float
    difference: float
    low: float = nan
    high: float = nan
    p: float = nan
    p_holm: float = nan

    @property
    def fell(self) -> bool:
        """Whether the score is lower than before, by chance or not."""
        return self.difference < 0

    @property
    def surely_fell(self) -> bool:
        """Whether it is lower than chance explains, all classes considered."""
        return self.fell and self.p_holm < ALPHA

    @property
    def told(self) -> str:
        """Word it for people.

        Example:
            >>> Change("nod", 9, 0.81, 0.6, -0.21, -0.3, -0.12).told
            'nod 0.81 -> 0.60 (-0.21, 95 % interval -0.30 to -0.12)'
        """
        if isnan(self.difference):
            return f"{self.name}: no test clips, nothing can be said"
        interval = "no interval"
        if not isnan(self.low):
            interval = f"{100 * LEVEL:.0f} % interval {self.low:+.2f} to {self.high:+.2f}"
        numbers = f"{self.before:.2f} -> {self.after:.2f} ({self.difference:+.2f}, {interval})"
        return f"{self.name} {numbers}"


@dataclass(frozen=True)
class Comparison:
    """Scores before and after.

    Args:
        classes: F1 of each class.
        macro_f1: Mean F1 of the classes that have test clips.
        top1: Accuracy.
        draws: Pairs of models that were compared.
        interval: What the intervals are over: `draws`, `groups`, `clips`, or `nothing`.
        groups: How many groups of clips there are, the least over draws.
    """

    classes: tuple[Change, ...]
    macro_f1: Change
    top1: Change
    draws: int
    interval: str
    groups: int

    @property
    def fell(self) -> tuple[Change, ...]:
        """Classes with a lower F1 than before, the worst first."""
        return tuple(sorted((c for c in self.classes if c.fell), key=lambda c: c.difference))

    @property
    def untested(self) -> tuple[str, ...]:
        """Classes without a test clip."""
        return tuple(change.name for change in self.classes if isnan(change.difference))

    def lines(self) -> list[str]:
        """Say for people what changed: the whole, then each class that fell."""
        lines = [self.top1.told, self.macro_f1.told]
        for change in self.fell:
            sure = "" if change.surely_fell else "; chance may explain it"
            lines.append(f"fell: {change.told}{sure}")
        if self.untested:
            lines.append(f"no test clips: {', '.join(self.untested)}")
        return [*lines, self.basis]

    @property
    def basis(self) -> str:
        """Say what the intervals are and how many classes were looked at."""
        tested = len(self.classes) - len(self.untested)
        few = ", so few that they are too narrow" if self.groups < FEW_GROUPS else ""
        over = {
            "draws": f"Student's t over {self.draws} paired draws",
            "groups": f"bootstrap over {self.groups} persons or recordings{few}",
            "clips": f"bootstrap over {self.groups} clips, persons unknown: too narrow",
            "nothing": "none, one group of clips",
        }[self.interval]
        return (
            f"{100 * LEVEL:.0f} % intervals: {over}, each class for itself; chance is judged by "
            f"Holm's correction for {tested} classes"
        )

    def header(self) -> tuple[str, ...]:
        """Name the columns of `rows`."""
        return ("class", "clips", "before", "after", "difference", "low", "high", "p_holm")

    def rows(self) -> list[list[Any]]:
        """Lay the classes out, then macro F1 and top-1; None where nothing can be said."""
        every = [*self.classes, self.macro_f1, self.top1]
        values = [
            (c.name, c.clips, c.before, c.after, c.difference, c.low, c.high, c.p_holm)
            for c in every
        ]
        return [[None if _is_nan(value) else value for value in row] for row in values]

    def to_dict(self) -> dict[str, Any]:
        """Give all as plain values for JSON; None where nothing can be said."""
        return {
            "draws": self.draws,
            "interval": self.interval,
            "groups": self.groups,
            "level": LEVEL,
            "correction": "Holm",
            "top1": _plain(self.top1),
            "macro_f1": _plain(self.macro_f1),
            "classes": [_plain(change) for change in self.classes],
            "fell": [change.name for change in self.fell],
            "surely_fell": [change.name for change in self.fell if change.surely_fell],
            "untested": list(self.untested),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Comparison:
        """Read what `to_dict` gave.

        Raises:
            KeyError, TypeError: If it is something else.
        """
        return cls(
            classes=tuple(_change_of(each) for each in document["classes"]),
            macro_f1=_change_of(document["macro_f1"]),
            top1=_change_of(document["top1"]),
            draws=int(document["draws"]),
            interval=str(document["interval"]),
            groups=int(document["groups"]),
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
    scores = np.array([[_scores(_counts(a, size).sum(1)) for a in pair] for pair in pairs])
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


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that any false alarm is as rare as one alone.

    NaN stays NaN and does not count.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6, 65-70.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    known = sorted((p, i) for i, p in enumerate(values) if not isnan(p))
    corrected, largest = [nan] * len(values), 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected


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


def _groups(answers: Answers) -> np.ndarray:
    """Number the groups from 0; a clip of an unknown group is one of its own."""
    alone = np.arange(len(answers.label))
    if answers.group is None:
        return alone
    own = np.where(answers.group < 0, answers.group.max(initial=0) + 1 + alone, answers.group)
    return np.asarray(np.unique(own, return_inverse=True)[1])


def _counts(answers: Answers, size: int) -> np.ndarray:
    """True positives, predicted and true clips of each class in each group, (3, G, K)."""
    groups = _groups(answers)
    counts = np.zeros((3, groups.max() + 1, size))
    right = answers.label == answers.predicted
    np.add.at(counts[0], (groups[right], answers.label[right]), 1)
    np.add.at(counts[1], (groups, answers.predicted), 1)
    np.add.at(counts[2], (groups, answers.label), 1)
    return counts


def _scores(counts: np.ndarray) -> np.ndarray:
    """F1 a class, macro F1 over the classes with clips, and accuracy: (3, ..., K) to (..., K + 2).

    NaN for a class that neither occurs nor is predicted.
    """
    right, predicted, true = counts
    total = predicted + true
    f1 = np.divide(2 * right, total, out=np.full(total.shape, nan), where=total > 0)
    present = true > 0
    macro = np.where(present, f1, 0).sum(-1) / np.maximum(present.sum(-1), 1)
    top1 = right.sum(-1) / np.maximum(true.sum(-1), 1)
    return np.concatenate([f1, macro[..., None], top1[..., None]], -1)


def _intervals(
    pairs: Sequence[tuple[Answers, Answers]],
    columns: Sequence[np.ndarray],
    size: int,
    seed: int,
) -> tuple[str, int, list[Bounds]]:
    """Choose what the intervals are over, count the groups of clips, and compute them."""
    groups = min(len(np.unique(_groups(answers))) for answers, _ in pairs)
    if len(pairs) > 1:
        return "draws", groups, [_t_interval(column[:, 1] - column[:, 0]) for column in columns]
    if groups < 2:
        return "nothing", groups, [(nan, nan, nan)] * len(columns)
    group = pairs[0][0].group
    over = "clips" if group is None or (group < 0).all() else "groups"
    return over, groups, _bootstrap(*pairs[0], size, seed=seed)


def _change(name: str, clips: float, scores: np.ndarray, bounds: Bounds) -> Change:
    """Average the draws that have clips; `scores` is (D, 2), before and after."""
    known = scores[~np.isnan(scores).any(1)]
    if not len(known):
        return Change(name, clips, nan, nan, nan)
    before, after = map(float, known.mean(0))
    return Change(name, clips, before, after, after - before, *bounds)


def _t_interval(differences: np.ndarray) -> Bounds:
    """Bound the mean of some draws' differences, and give the p-value of none."""
    from scipy.stats import t

    known = differences[~np.isnan(differences)]
    error = float(known.std(ddof=1)) / sqrt(len(known)) if len(known) > 1 else 0.0
    if error < 1e-12:
        return nan, nan, nan
    mean, law = float(known.mean()), t(len(known) - 1)
    half = float(law.ppf(0.5 + LEVEL / 2)) * error
    return mean - half, mean + half, 2 * float(law.sf(abs(mean) / error))


def _bootstrap(before: Answers, after: Answers, size: int, *, seed: int) -> list[Bounds]:
    """Bound each difference by drawing whole groups of clips again."""
    draw = np.random.default_rng(seed)
    counts = np.stack([_counts(before, size), _counts(after, size)])  # (2, 3, G, K)
    number = counts.shape[2]
    found = []
    for _ in range(RESAMPLES // AT_ONCE):
        times = draw.multinomial(number, np.full(number, 1 / number), size=AT_ONCE)
        # (2, 3, B, K): how often each is counted in the resample.
        first, second = (_scores(times @ side) for side in counts)
        found.append(second - first)
    return [_bounds(column, groups=number) for column in np.concatenate(found).T]


def _bounds(differences: np.ndarray, *, groups: int) -> Bounds:
    """Quantiles, and twice the smaller share of resamples on one side of zero.

    Few groups that agree give a share near 0 whatever their number, so the p-value is no smaller
    than that of as many fair coins that all fall alike.
    """
    known = differences[~np.isnan(differences)]
    if not len(known):
        return nan, nan, nan
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # One is added so that no p-value is 0 for want of resamples.
    least = 1 + min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = max(2 * least / (1 + len(known)), 2.0 ** (1 - groups))
    return float(low), float(high), min(1.0, p)


def _plain(change: Change) -> dict[str, Any]:
    return {key: None if _is_nan(value) else value for key, value in asdict(change).items()}


def _change_of(values: Mapping[str, Any]) -> Change:
    known: dict[str, Any] = {key: nan if value is None else value for key, value in values.items()}
    return Change(**known)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)
