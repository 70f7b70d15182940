"""The rows of `methods.py` as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from arms import ALL_LABELS, SUPERVISED, TRANSFERRED
from rows import Row

from skelgraph.evaluation.intervals import paired_interval

TARGET = 0.95
START = ("phase", "set", "budget", "draw", "start")
SCREENED = ("validation, %", "test, %", "own less start, points", "kept less start, points")
Group = list[Row]


def tables(rows: Sequence[Row]) -> str:
    """Lay out the screening, the comparison and what became of the targets, as Markdown."""
    final = [row for row in rows if row["phase"] == "final"]
    screened = [row for row in rows if row["phase"] == "screening"]
    return "\n\n".join(part for part in (_screening(screened), _final(final)) if part)


def mean_interval(values: Sequence[float]) -> str:
    """Word a mean with half its 95 % interval over draws, fractions as per cent.

    Example:
        >>> mean_interval([0.5, 0.6, 0.7])
        '60.0 ± 24.8'
    """
    mean, low, _ = paired_interval(values, [0.0] * len(values))
    middle = f"{100 * mean:z.1f}"
    return f"{middle} ± {100 * (mean - low):.1f}" if len(values) > 1 else middle


def _screening(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    sets = list(dict.fromkeys(row["set"] for row in rows))
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    order = sorted(arms, key=lambda arm: -(mean_of(_of(rows, arm=arm), "val_top1") or 0.0))
    heads = [f"{name}: {what}" for name in sets for what in SCREENED]
    lines = [
        f"| method | runs | {' | '.join(heads)} | seconds a run |",
        "| --- " * (len(heads) + 3) + "|",
    ]
    for arm in order:
        mine = _of(rows, arm=arm)
        cells = [arm, str(len(mine))]
        for name in sets:
            group = _of(mine, set=name)
            cells += [_cell(group, "val_top1"), _cell(group, "test_top1")]
            cells += [_gain(group, rows, column) for column in ("method_test_top1", "test_top1")]
        cells.append(f"{mean_of(mine, 'seconds') or 0.0:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_averages(rows)])


def _final(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = [
        "| set | labels | method | start | draws | validation, % | test accuracy, % | macro F1, % "
        "| share of all labels, % | own less start, points |",
        "| --- " * 10 + "|",
    ]
    for name in dict.fromkeys(row["set"] for row in rows):
        mine = _of(rows, set=name)
        for budget in dict.fromkeys(row["budget"] for row in mine):
            for arm in dict.fromkeys(row["arm"] for row in _of(mine, budget=budget)):
                lines.append(_line(mine, _of(mine, budget=budget, arm=arm)))
    return "\n".join([*lines, "", *_verdicts(rows), *_averages(rows)])


def _line(mine: Sequence[Row], group: Group) -> str:
    first = group[0]
    shares = [share for row in group if (share := share_of_all(row, mine)) is not None]
    cells = [first["set"], first["budget"], first["arm"], first["start"], str(len(group))]
    cells += [_cell(group, column) for column in ("val_top1", "test_top1", "test_macro_f1")]
    cells += [mean_interval(shares) if shares else "", _gain(group, mine, "method_test_top1")]
    return f"| {' | '.join(cells)} |"


def share_of_all(row: Row, rows: Iterable[Row]) -> float | None:
    """Divide a run's test accuracy by that with all labels, of the same set and draw."""
    for other in rows:
        if other["arm"] == ALL_LABELS and _same(row, other, "set", "draw"):
            return float(row["test_top1"]) / float(other["test_top1"])
    return None


def _verdicts(rows: Sequence[Row]) -> list[str]:
    """Hold the method that validates best against the two targets, at each budget."""
    lines = []
    for budget in dict.fromkeys(row["budget"] for row in rows if row["arm"] != ALL_LABELS):
        mine = _of(rows, budget=budget)
        methods = {row["arm"] for row in mine} - {SUPERVISED, TRANSFERRED, ALL_LABELS}
        if methods:
            best = max(
                sorted(methods), key=lambda arm: mean_of(_of(mine, arm=arm), "val_top1") or 0.0
            )
            lines.append(_verdict(budget, best, mine, rows))
    return lines


def _verdict(budget: str, best: str, mine: Sequence[Row], rows: Sequence[Row]) -> str:
    by_set: dict[str, list[float]] = {}
    gains: dict[str, list[float]] = {}
    for row in _of(mine, arm=best):
        share = share_of_all(row, rows)
        if share is not None:
            by_set.setdefault(row["set"], []).append(share)
        gains.setdefault(row["set"], []).extend(gains_of([row], mine, "test_top1"))
    share = fmean(fmean(values) for values in by_set.values()) if by_set else float("nan")
    # As printed: what adds up to nothing but for rounding is not below.
    points = {name: round(100 * fmean(v), 1) for name, v in gains.items() if v}
    told = ", ".join(f"{name} {value:+z.1f} points" for name, value in points.items())
    below = [name for name, value in points.items() if value < 0]
    return (
        f"- {budget} labels, {best} (chosen on validation): {100 * share:.1f} % of the accuracy "
        f"with all labels, mean over {len(by_set)} sets (target {100 * TARGET:.0f}: "
        f"{'reached' if share >= TARGET else 'missed'}); to its supervised start: {told} "
        f"({'below: ' + ', '.join(below) if below else 'no set below'})"
    )


def _averages(rows: Sequence[Row]) -> list[str]:
    """Word what the weights that ship and the guard were worth, over all runs."""
    lines = []
    gains = [
        100 * (float(row["test_top1"]) - float(other["test_top1"]))
        for row in _of(rows, arm=TRANSFERRED)
        for other in _of(rows, arm=SUPERVISED)
        if _same(row, other, "set", "budget", "draw")
    ]
    if gains:
        better = sum(gain > 0 for gain in gains)
        lines.append(
            f"- supervised from the weights that ship: better than from scratch in {better} of "
            f"{len(gains)} pairs, {fmean(gains):+z.1f} points"
        )
    methods = [row for row in rows if row["arm"] not in (SUPERVISED, TRANSFERRED, ALL_LABELS)]
    down = _of(methods, kept=SUPERVISED)
    kept = [row for row in methods if row["kept"] != SUPERVISED]
    told = [
        f"{name} {100 * fmean(found):+z.1f}"
        for name, some, column in (
            ("own models", methods, "method_test_top1"),
            ("after the guard", methods, "test_top1"),
            ("those kept", kept, "method_test_top1"),
            ("those turned down", down, "method_test_top1"),
        )
        if (found := gains_of(some, rows, column))
    ]
    if told:
        lines.append(
            f"- the guard kept {len(kept)} of {len(methods)} models; less the start, points: "
            f"{', '.join(told)}"
        )
    return lines


def gains_of(group: Iterable[Row], rows: Iterable[Row], column: str) -> list[float]:
    """Take from a column of a method's runs the test accuracy of the supervised start of each."""
    starts = [row for row in rows if row["arm"] in (SUPERVISED, TRANSFERRED)]
    return [
        float(row[column]) - float(other["test_top1"])
        for row in group
        if row["arm"] not in (SUPERVISED, TRANSFERRED, ALL_LABELS)
        for other in starts
        if _same(row, other, *START)
    ]


def _gain(group: Iterable[Row], rows: Iterable[Row], column: str) -> str:
    values = gains_of(group, rows, column)
    return mean_interval(values) if values else ""


def mean_of(rows: Iterable[Row], column: str) -> float | None:
    """Average a column over the rows that have it; None where none has."""
    values = _values(rows, column)
    return fmean(values) if values else None


def _values(rows: Iterable[Row], column: str) -> list[float]:
    return [float(row[column]) for row in rows if row[column]]


def _of(rows: Iterable[Row], **wanted: str) -> Group:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def _same(row: Row, other: Row, *columns: str) -> bool:
    return all(row[name] == other[name] for name in columns)


def _cell(rows: Iterable[Row], column: str) -> str:
    values = _values(rows, column)
    return mean_interval(values) if values else ""
