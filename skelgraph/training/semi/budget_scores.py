"""Test scores by method and label budget, from runs or from a table of them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

from skelgraph.errors import ConfigError, RunError, list_faults
from skelgraph.evaluation.intervals import paired_interval
from skelgraph.training.run import read_config
from skelgraph.training.run_tables import read_metrics

COLUMNS = ("method", "budget", "draw", "test_top1", "test_macro_f1")
SCORES = ("top1", "macro_f1")
ALL, SUPERVISED = "all", "supervised"
SHARES, COUNTS = "share of the clips that is labelled", "labels a class"


@dataclass(frozen=True)
class BudgetScore:
    """What one run reached.

    Args:
        method: How it was trained.
        budget: As given: a share with a point, a number a class, or `all`.
        draw: Which draw of the labelled clips, as text.
        top1, macro_f1: On test, fractions.
    """

    method: str
    budget: str
    draw: str
    top1: float
    macro_f1: float


@dataclass(frozen=True)
class MeanScore:
    """Mean over draws with its 95 % interval (Student's t), NaN for one draw."""

    budget: float
    mean: float
    low: float
    high: float
    draws: int


def read_scores(
    paths: Sequence[str | Path], *, only: Mapping[str, str] | None = None
) -> list[BudgetScore]:
    """Read the scores of runs, and of CSV tables with a row a run.

    Args:
        paths: Run folders, and CSV files with the columns method, budget, draw, test_top1 and
            test_macro_f1, and any others. A run without a label budget has all labels.
        only: Column -> value; rows of tables that have another are left out.

    Raises:
        RunError: If a run has no scores, or a table is faulty or has no such rows.
    """
    found: list[BudgetScore] = []
    for path in map(Path, paths):
        found += [_of_run(path)] if path.is_dir() else _of_table(path, only or {})
    return found


def mean_scores(
    scores: Sequence[BudgetScore], *, score: str = "top1"
) -> tuple[dict[str, list[MeanScore]], MeanScore | None, str]:
    """Average over draws.

    Args:
        scores: What runs reached.
        score: `top1` or `macro_f1`.

    Returns:
        Points of each method by rising budget; those of budget `all`, of whatever method, as
        one; and what budgets count.

    Raises:
        ConfigError: If shares and numbers a class are mixed, a budget is neither, or all have
            all labels.
    """
    limited = [each for each in scores if each.budget != ALL]
    unit = _unit(limited)
    groups: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in limited:
        groups[each.method][float(each.budget)].append(getattr(each, score))
    curves = {
        method: [_mean(budget, values) for budget, values in sorted(by_budget.items())]
        for method, by_budget in groups.items()
    }
    whole = [getattr(each, score) for each in scores if each.budget == ALL]
    return curves, _mean(1.0, whole) if whole else None, unit


def _mean(budget: float, values: Sequence[float]) -> MeanScore:
    mean, low, high = paired_interval(values, [0.0] * len(values))
    ends = (low, high) if isfinite(low) else (nan, nan)
    return MeanScore(budget, mean, *ends, len(values))


def _unit(scores: Sequence[BudgetScore]) -> str:
    faults = [
        f"budget of {each.method}: expected a share, a number a class or 'all', got "
        f"'{each.budget}'. Leave it out."
        for each in scores
        if not _is_positive(each.budget)
    ]
    if faults:
        raise ConfigError(list_faults(faults))
    kinds = {"." in each.budget for each in scores}
    if len(kinds) != 1:
        got = "both" if kinds else "only runs with all labels"
        raise ConfigError(
            f"budgets: expected either shares (0.1) or numbers a class (5), got {got}. Draw them "
            "one by one."
        )
    return SHARES if kinds.pop() else COUNTS


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _of_run(folder: Path) -> BudgetScore:
    config, test = read_config(folder), read_metrics(folder).get("test")
    if not isinstance(test, dict) or not set(SCORES) <= set(test):
        raise RunError(
            f"{folder}: expected a finished run with test scores, got none. Finish it with "
            "--resume, or leave it out."
        )
    few = config.few
    method, budget, draw = (
        (SUPERVISED, ALL, config.training.seed)
        if few is None
        else (few.method, few.label_budget, few.draw_seed)
    )
    return BudgetScore(method, budget, str(draw), float(test["top1"]), float(test["macro_f1"]))


def _of_table(path: Path, only: Mapping[str, str]) -> list[BudgetScore]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            f"{path}: expected a run folder or a readable CSV table, got '{reason}'. Check the "
            "path."
        ) from error
    wanted = {*COLUMNS, *only}
    if not rows or not wanted <= set(rows[0]):
        raise RunError(
            f"{path}: expected a row a run with the columns {', '.join(sorted(wanted))}, got "
            f"{', '.join(filter(None, rows[0])) if rows else 'no row'}. Write such a table."
        )
    kept = [row for row in rows if all(row[key] == value for key, value in only.items())]
    if not kept:
        said = ", ".join(f"{key}={value}" for key, value in only.items())
        raise RunError(f"{path}: expected rows with {said}, got none. Choose another value.")
    try:
        return [
            BudgetScore(row["method"], row["budget"], row["draw"], *_numbers(row)) for row in kept
        ]
    except (ValueError, TypeError) as error:
        raise RunError(f"{path}: expected numbers as scores, got {error}. Correct it.") from error


def _numbers(row: Mapping[str, str]) -> tuple[float, float]:
    return float(row["test_top1"]), float(row["test_macro_f1"])
