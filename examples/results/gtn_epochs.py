"""Score GTN on the test part after every epoch: a diagnosis, of which no result is made.

The release of the GTN paper scores the test part while it trains and keeps the best epoch. Here
the trainings of gtn_series.py are run again, the averaged weights of each epoch are scored, and
the best epoch stands beside the last one, so that the published figures meet one that was picked
as they were. No choice is made by it. The rows of a training are appended to a CSV as it ends, so
a run that was stopped goes on where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/gtn_epochs.py --output epochs.csv
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from statistics import fmean, stdev

import torch
from gtn_series import (
    CHOICES,
    EPOCHS,
    PUBLISHED,
    Choice,
    Part,
    append,
    evaluate,
    find,
    fit,
    load,
    read,
)
from torch import nn

HEADER = ("set", "seed", "epoch", "test_top1")


def main() -> None:
    """Run what is not in the CSV yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("epochs.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, seed in itertools.product(PUBLISHED, range(arguments.seeds)):
        if find(arguments.output, set=name, seed=str(seed)):
            continue
        scores = watch(CHOICES["gtn"], *load(name), epochs=EPOCHS[name], seed=seed)
        for epoch, top1 in enumerate(scores, start=1):
            row = {"set": name, "seed": seed, "epoch": epoch, "test_top1": top1}
            append(arguments.output, HEADER, row)
    print(table(read(arguments.output)))


def watch(choice: Choice, train: Part, test: Part, *, epochs: int, seed: int) -> list[float]:
    """Train as ever, and return the test accuracy after each epoch."""
    scores: list[float] = []

    def score(model: nn.Module) -> None:
        scores.append(evaluate(model, test)[0])

    fit(choice, train, epochs=epochs, seed=seed, after_epoch=score)
    return scores


def table(rows: list[dict[str, str]]) -> str:
    """Lay the last and the best epoch out as Markdown: mean and spread over the seeds."""
    lines = [
        "| set | seeds | last epoch, % | best epoch on the test part, "
        "as the published figures were picked (not a result), % | published, % |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, published in PUBLISHED.items():
        courses = _courses(rows, name)
        if courses:
            last, best = ([pick(course) for course in courses] for pick in (_last, max))
            lines.append(
                f"| {name} | {len(courses)} | {_spread(last)} | {_spread(best)} | {published} |"
            )
    return "\n".join(lines)


def _courses(rows: list[dict[str, str]], name: str) -> list[list[float]]:
    """Accuracy of a set in per cent, a list of epochs for each seed."""
    mine = sorted(
        (int(row["seed"]), int(row["epoch"]), 100 * float(row["test_top1"]))
        for row in rows
        if row["set"] == name
    )
    return [[top1 for *_, top1 in seed] for _, seed in itertools.groupby(mine, lambda row: row[0])]


def _last(course: list[float]) -> float:
    return course[-1]


def _spread(values: list[float]) -> str:
    return f"{fmean(values):.1f} ± {stdev(values) if len(values) > 1 else 0.0:.1f}"


if __name__ == "__main__":
    main()
