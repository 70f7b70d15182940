"""Compare methods for few labels on recordings of people: screening, then the best two in full.

    SKELGRAPH_DATA=/path/to/data python examples/few_labels/methods.py --output few_labels.csv

needs the npz sets named in `sets.py` under $SKELGRAPH_DATA/sets. Labelled, unlabelled and test
clips come from three disjoint groups of people. Everything is chosen on validation, which comes
out of the label budget: the two methods that go on, and whether the methods of a set start from
the weights that ship or from scratch. Each run's row is written as it ends; a call that was
stopped, even killed, goes on where it was. `--table` prints the tables of what is there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from arms import (
    ALL,
    ALL_LABELS,
    EPOCH_STEPS,
    HEADER,
    KEY,
    SCRATCH,
    SHIPPED,
    SUPERVISED,
    TRANSFERRED,
    Arm,
    Task,
    do,
    make_config,
)
from pilot import Pace, time_steps
from rows import Row, demand_rows, key_of, read_rows
from runner import run_all
from sets import COMPARED, SCREENED, LabelSet
from tables import mean_of, tables

from skelgraph.errors import SkelgraphError

SCREENING, FINAL = "screening", "final"
SCREENING_BUDGET = "0.1"
BUDGETS = ("2", "0.1")
BASE = Arm(SUPERVISED, "supervised")
TRANSFER = Arm(TRANSFERRED, "supervised")
# Ten times as many labels: larger steps, about as long as those of FixMatch, and twice as many.
REFERENCE = Arm(ALL_LABELS, "supervised", batch_size=32, share=2.0)
ARMS = (
    Arm("pseudo_label", "pseudo_label"),
    Arm("fixmatch", "fixmatch"),
    Arm("flexmatch", "flexmatch"),
    # Their averages would need thousands of steps to forget where they begin.
    Arm("freematch", "freematch", {"decay": 0.99}),
    Arm("softmatch", "softmatch", {"decay": 0.99}),
    Arm("mean_teacher", "mean_teacher"),
    Arm("entropy", "entropy"),
    # 75, the published weight, is for a million steps.
    Arm("mixmatch", "mixmatch", {"weight": 5.0}, share=0.8),
    Arm("cmpl", "cmpl", share=0.6),
    Arm("meta_pseudo_labels", "meta_pseudo_labels", share=0.6),
    Arm("curriculum", "curriculum", share=0.6),
    Arm(
        "curriculum, balanced, no restart",
        "curriculum",
        {"ranking": "balanced", "restart": "no", "cycles": 3},
    ),
    Arm("sturm", "sturm", share=0.6),
)
PLACEHOLDERS = ("fixmatch", "pseudo_label")
"""What stands for the two best in the estimate, before they are known."""


def main() -> int:
    """Run what has no row yet, phase by phase, then print the tables."""
    arguments = _arguments()
    try:
        return _run(arguments)
    except SkelgraphError as error:
        print(error, file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.table:
        print(estimate(arguments), flush=True)
        for phase in PHASES:
            rows = read_rows(arguments.output)
            todo = missing(phase(rows, arguments), rows)
            failed = run_all(do, todo, output=arguments.output, header=HEADER, jobs=arguments.jobs)
            if failed:
                print(f"{failed} runs failed: call again to try them again", file=sys.stderr)
                return 1
    print(tables(demand_rows(arguments.output)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("few_labels.csv"))
    parser.add_argument("--work", type=Path, default=Path("runs/few_labels"), help="stores, runs")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, a thread each")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--supervised-epochs", type=int, default=15, help="of 20 steps")
    parser.add_argument("--screening-epochs", type=int, default=4, help="of 20 steps")
    parser.add_argument("--final-epochs", type=int, default=6, help="of 20 steps")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    return parser.parse_args()


def first_screening(rows: Sequence[Row], arguments: argparse.Namespace) -> Iterator[Task]:
    """Yield the supervised runs, from scratch and from the weights that ship."""
    return _starts(SCREENING, SCREENED, (SCREENING_BUDGET,), arguments)


def screening(rows: Sequence[Row], arguments: argparse.Namespace) -> Iterator[Task]:
    """Yield a run of each method on each set that screens."""
    for draw in range(arguments.draws):
        for arm in ARMS:
            for one in SCREENED:
                start = better_start(rows, SCREENING, one.name)
                yield _task(SCREENING, one, arm, start, SCREENING_BUDGET, draw, arguments)


def first_final(rows: Sequence[Row], arguments: argparse.Namespace) -> Iterator[Task]:
    """Yield the supervised runs of the comparison."""
    return _starts(FINAL, COMPARED, BUDGETS, arguments)


def final(rows: Sequence[Row], arguments: argparse.Namespace) -> Iterator[Task]:
    """Yield the runs of the two best methods, and those with all labels."""
    chosen = best_methods(rows)
    for draw in range(arguments.draws):
        for one in COMPARED:
            start = better_start(rows, FINAL, one.name)
            yield _task(FINAL, one, REFERENCE, start, ALL, draw, arguments)
            for budget in BUDGETS:
                for name in chosen:
                    yield _task(FINAL, one, _arm(name), start, budget, draw, arguments)


PHASES = (first_screening, screening, first_final, final)


def better_start(rows: Iterable[Row], phase: str, name: str) -> str:
    """Say whether supervised runs of a set validate better from the weights that ship.

    Mean over budgets and draws; of equal ones, and where nothing has been run yet, those that
    ship.
    """
    mine = [row for row in rows if row["phase"] == phase and row["set"] == name]
    means = {}
    for arm, start in ((TRANSFERRED, SHIPPED), (SUPERVISED, SCRATCH)):
        means[start] = mean_of([row for row in mine if row["arm"] == arm], "val_top1") or 0.0
    return SCRATCH if means[SCRATCH] > means[SHIPPED] else SHIPPED


def best_methods(rows: Iterable[Row]) -> tuple[str, ...]:
    """Name the two methods that validate best in the screening.

    Mean accuracy over sets and draws; of equal ones the one with less cross-entropy.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["phase"] == SCREENING and row["arm"] not in (SUPERVISED, TRANSFERRED):
            found.setdefault(row["arm"], []).append(row)
    if not found:
        return PLACEHOLDERS

    def rank(name: str) -> tuple[float, float]:
        top1, nll = (mean_of(found[name], column) for column in ("val_top1", "val_nll"))
        return -(top1 or 0.0), nll or 0.0

    return tuple(sorted(found, key=rank)[:2])


def missing(tasks: Iterable[Task], rows: Iterable[Row]) -> list[Task]:
    """Keep the tasks that have no row."""
    done = {key_of(row, KEY) for row in rows}
    return [task for task in tasks if task.key not in done]


def estimate(arguments: argparse.Namespace) -> str:
    """Say what is left to do and how long it will take, from a few steps on each set.

    FixMatch stands for all methods: dearer ones take fewer epochs.
    """
    from skelgraph.training.semi.running import train_few

    rows = read_rows(arguments.output)
    todo = [task for phase in PHASES for task in missing(phase(rows, arguments), rows)]
    seconds = 0.0
    for one in {task.one.name: task.one for task in todo}.values():
        pilot = _task(SCREENING, one, _arm("fixmatch"), SHIPPED, SCREENING_BUDGET, 0, arguments)
        pace = time_steps(make_config(pilot), train_few)
        seconds += sum(_seconds(task, pilot, pace) for task in todo if task.one.name == one.name)
    minutes = seconds / 60 / max(1, min(arguments.jobs, len(todo)))
    return f"{len(todo)} runs to do, about {minutes:.0f} minutes with --jobs {arguments.jobs}"


def _seconds(task: Task, pilot: Task, pace: Pace) -> float:
    """Estimate a run from the pilot's pace."""
    if task.arm == REFERENCE:  # trained once; its steps are as long as those of FixMatch
        return pace.begin + task.epochs * EPOCH_STEPS * pace.method
    if task.arm.method == SUPERVISED:
        return pace.seconds(make_config(task))
    return pace.seconds(make_config(replace(pilot, effort=task.effort)), borrowed=True)


def _starts(
    phase: str, sets: Sequence[LabelSet], budgets: Sequence[str], arguments: argparse.Namespace
) -> Iterator[Task]:
    for draw in range(arguments.draws):
        for one in sets:
            for budget in budgets:
                yield _task(phase, one, BASE, SCRATCH, budget, draw, arguments)
                yield _task(phase, one, TRANSFER, SHIPPED, budget, draw, arguments)


def _arm(name: str) -> Arm:
    return next(arm for arm in ARMS if arm.name == name)


def _task(
    phase: str,
    one: LabelSet,
    arm: Arm,
    start: str,
    budget: str,
    draw: int,
    arguments: argparse.Namespace,
) -> Task:
    effort = arguments.screening_epochs if phase == SCREENING else arguments.final_epochs
    return Task(
        phase, one, arm, start, budget, draw, effort, arguments.supervised_epochs, arguments.work
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
