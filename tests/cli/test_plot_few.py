"""Figures of training with few labels: calibration, changes, pseudo-labels, label budgets."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from skelgraph.cli.group import root
from skelgraph.graphs import load_layout
from skelgraph.training.run import METRICS
from skelgraph.training.run_changes import compare_runs
from skelgraph.training.semi.draws import SUMMARY
from skelgraph.training.semi.history import LabelHistory
from skelgraph.training.supervised import train
from tests.training.clips import CLASSES, make_config, make_store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of one split that differ in their length."""
    folder = tmp_path_factory.mktemp("few")
    store = make_store(folder / "store", load_layout("coco17"))
    for epochs in (1, 3):
        train(make_config(store, epochs=epochs), folder / f"run{epochs}")
    return [folder / "run1", folder / "run3"]


def plot(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `skelgraph plot ...`."""
    result = CliRunner().invoke(root, ["plot", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def scores(path: Path, *, budgets: tuple[str, ...] = ("0.1", "0.2", "all")) -> Path:
    rows = [
        ("hands", method, budget, draw, 0.5 + 0.01 * draw, 0.4)
        for method in ("supervised", "fixmatch")
        for budget in budgets
        for draw in range(3)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["data", "method", "budget", "draw", "test_top1", "test_macro_f1"])
        writer.writerows(rows)
    return path


def test_calibration_before_and_after(runs: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    code, output, _ = plot("calibration", runs[1], "--output", path, "--json")
    assert code == 0 and path.is_file()
    found = json.loads(output)
    told = json.loads((runs[1] / METRICS).read_text(encoding="utf-8"))
    assert found["after"]["ece"] == pytest.approx(told["test"]["ece"], abs=1e-4)
    assert found["after"]["nll"] == pytest.approx(told["test"]["nll"], abs=1e-4)
    assert found["temperature"] == told["temperature"]
    assert found["before"]["ece"] != found["after"]["ece"]
    assert [each["name"] for each in found["after"]["classes"]] == list(CLASSES)


def test_changes_are_drawn_and_said(runs: list[Path], tmp_path: Path) -> None:
    words = ["changes", "--before", runs[0], "--after", runs[1], "-o", tmp_path / "a.png"]
    code, output, said = plot(*words)
    assert (code, output) == (0, f"{tmp_path / 'a.png'}\n")
    assert said.startswith("top-1 ") and "persons or recordings" in said
    found = json.loads(plot(*words, "--force", "--json")[1])
    assert (found["interval"], found["draws"]) == ("groups", 1)
    told = [json.loads((run / METRICS).read_text(encoding="utf-8"))["test"] for run in runs]
    assert found["top1"]["before"] == pytest.approx(told[0]["top1"])
    assert found["top1"]["after"] == pytest.approx(told[1]["top1"])
    assert [each["after"] for each in found["classes"]] == pytest.approx(told[1]["f1"])
    back = ["changes", "--before", runs[1], "--after", runs[0], "-o", tmp_path / "b.png"]
    worse = json.loads(plot(*back, "--json")[1])
    assert worse["top1"]["difference"] == -found["top1"]["difference"]


def test_several_pairs_are_draws(runs: list[Path], tmp_path: Path) -> None:
    pairs = ["--before", runs[0], "--after", runs[1], "--before", runs[1], "--after", runs[0]]
    code, output, _ = plot("changes", *pairs, "-o", tmp_path / "a.png", "--json")
    assert code == 0
    found = json.loads(output)
    assert (found["interval"], found["draws"]) == ("draws", 2)
    assert found["top1"]["difference"] == pytest.approx(0)
    code, _, error = plot("changes", *pairs[:6], "-o", tmp_path / "b.png")
    assert code == 1 and "expected as many before as after" in error


def test_a_run_s_own_changes_are_drawn(runs: list[Path], tmp_path: Path) -> None:
    found = compare_runs(runs[:1], runs[1:])
    for name in (METRICS, SUMMARY):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(json.dumps({"changes": found.to_dict()}), encoding="utf-8")
        code, output, said = plot("changes", folder)
        assert (code, output) == (0, f"{folder / 'changes.png'}\n")
        assert said.splitlines() == found.lines()
    code, _, error = plot("changes", runs[0], "-o", tmp_path / "a.png")
    assert code == 1 and "with scores before and after, got none" in error
    assert plot("changes")[0] == plot("changes", runs[0], "--before", runs[1])[0] == 2


def test_runs_of_other_clips_do_not_compare(runs: list[Path], tmp_path: Path) -> None:
    store = make_store(tmp_path / "other", load_layout("coco17"), subjects=5)
    train(make_config(store, epochs=1), tmp_path / "run")
    words = ["changes", "--before", runs[0], "--after", tmp_path / "run", "-o", tmp_path / "a.png"]
    code, _, error = plot(*words)
    assert code == 1 and "expected the test clips and classes of" in error


def test_the_history_of_a_run_is_drawn(runs: list[Path], tmp_path: Path) -> None:
    code, _, error = plot("pseudo-labels", runs[0], "-o", tmp_path / "a.png")
    assert code == 1 and "expected a run with pseudo-labels" in error
    history = LabelHistory(["a", "b"], CLASSES, truth=[0, 1], given=[1, 1, 1])
    history.record(0, 1, [0, 2], [0.9, 0.4], [1, 0])
    (tmp_path / METRICS).write_text(json.dumps({"pseudo_labels": history.to_dict()}))
    code, output, _ = plot("pseudo-labels", tmp_path, "--json")
    assert code == 0 and (tmp_path / "pseudo_labels.png").is_file()
    assert json.loads(output)["records"][0]["taken_accuracy"] == 1.0


def test_budgets_of_a_table(tmp_path: Path) -> None:
    table = scores(tmp_path / "series.csv")
    code, output, _ = plot(
        "budget", table, "--only", "data=hands", "-o", tmp_path / "a.pdf", "--json"
    )
    assert code == 0
    found = json.loads(output)
    assert found["unit"] == "share of the clips that is labelled"
    assert [each["budget"] for each in found["methods"]["fixmatch"]] == [0.1, 0.2]
    point = found["methods"]["supervised"][0]
    # Student's t over 0.50, 0.51 and 0.52: 0.01 * 4.3027 / sqrt(3).
    assert (point["mean"], point["high"]) == pytest.approx((0.51, 0.51 + 0.02484), abs=1e-5)
    assert (found["all"]["mean"], found["all"]["draws"]) == (pytest.approx(0.51), 6)


def test_a_run_without_a_budget_has_all_labels(runs: list[Path], tmp_path: Path) -> None:
    table = scores(tmp_path / "series.csv", budgets=("2", "5"))
    code, output, _ = plot("budget", table, runs[1], "-o", tmp_path / "a.png", "--json")
    assert code == 0
    found = json.loads(output)
    assert (found["unit"], found["all"]["draws"], found["all"]["low"]) == (
        "labels a class",
        1,
        None,
    )


@pytest.mark.parametrize(
    ("budgets", "words", "error"),
    [
        (("0.1", "5"), [], "expected either shares (0.1) or numbers a class (5), got both"),
        (("all",), [], "got only runs with all labels"),
        (("some.csv",), [], "got 'some.csv'"),
        (("0.1",), ["--only", "data=feet"], "expected rows with data=feet, got none"),
        (("0.1",), ["--only", "set=hands"], "with the columns budget, draw, method, set"),
    ],
)
def test_budgets_that_cannot_be_drawn(
    budgets: tuple[str, ...], words: list[str], error: str, tmp_path: Path
) -> None:
    table = scores(tmp_path / "series.csv", budgets=budgets)
    code, _, said = plot("budget", table, *words, "-o", tmp_path / "a.png")
    assert code == 1 and error in said
    assert not (tmp_path / "a.png").exists()
