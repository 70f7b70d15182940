"""Scores by label budget: of runs, of tables, averaged over draws."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest

from skelgraph.errors import ConfigError, RunError
from skelgraph.training.config import FewOptions, RunConfig
from skelgraph.training.run import METRICS, write_config
from skelgraph.training.semi.budget_scores import (
    COUNTS,
    SHARES,
    BudgetScore,
    mean_scores,
    read_scores,
)


def write_run(folder: Path, few: FewOptions | None, *, top1: float = 0.5) -> Path:
    folder.mkdir()
    write_config(folder, replace(RunConfig(layout="coco17"), few=few))
    metrics = {"test": {"top1": top1, "macro_f1": top1 / 2}}
    (folder / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    return folder


def test_a_run_tells_its_method_budget_and_draw(tmp_path: Path) -> None:
    few = FewOptions(method="curriculum", label_budget="5", draw_seed=2)
    runs = [write_run(tmp_path / "few", few), write_run(tmp_path / "all", None)]
    assert read_scores(runs) == [
        BudgetScore("curriculum", "5", "2", 0.5, 0.25),
        BudgetScore("supervised", "all", "0", 0.5, 0.25),
    ]


def test_a_run_without_scores_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "few", FewOptions())
    (run / METRICS).write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="expected a finished run with test scores"):
        read_scores([run])


def test_means_by_hand() -> None:
    scores = [
        BudgetScore("fixmatch", "5", str(draw), top1, 0.1)
        for draw, top1 in enumerate((0.4, 0.5, 0.6))
    ]
    scores += [BudgetScore("fixmatch", "2", "0", 0.3, 0.2)]
    curves, whole, unit = mean_scores(scores)
    first, second = curves["fixmatch"]
    assert (first.budget, first.mean, first.draws) == (2.0, 0.3, 1) and isnan(first.low)
    # Student's t with two degrees of freedom: 4.3027 * 0.1 / sqrt(3).
    assert (second.mean, second.low) == pytest.approx((0.5, 0.5 - 0.24841), abs=1e-4)
    assert (whole, unit) == (None, COUNTS)
    assert mean_scores(scores, score="macro_f1")[0]["fixmatch"][0].mean == pytest.approx(0.2)


def test_shares_have_a_point() -> None:
    shares = [BudgetScore("fixmatch", budget, "0", 0.5, 0.5) for budget in ("0.1", "1.0")]
    assert mean_scores(shares)[2] == SHARES


@pytest.mark.parametrize("budget", ["-1", "0", "nan", "inf", "labels.csv"])
def test_what_is_no_budget(budget: str) -> None:
    with pytest.raises(ConfigError, match="expected a share, a number a class or 'all'"):
        mean_scores([BudgetScore("fixmatch", budget, "0", 0.5, 0.5)])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "got no row"),
        ("method,budget\nfixmatch,5\n", "with the columns budget, draw, method, test_macro_f1"),
        ("method,budget,draw,test_top1,test_macro_f1\na,5,0,much,0\n", "expected numbers as"),
    ],
)
def test_faulty_tables(text: str, match: str, tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=match):
        read_scores([path])
