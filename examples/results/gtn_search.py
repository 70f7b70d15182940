"""Search the recipe of gtn_series.py within the training parts of Libras and ECG.

Every candidate is trained without one fold and validated on it, the two best of them on the
other folds too. Mean accuracy over both sets decides, then cross-entropy. No test part is scored.
Every row is appended to a CSV as it ends, so a search that was stopped goes on where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/gtn_search.py --output search.csv
"""

from __future__ import annotations

import argparse
import itertools
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from gtn_series import (
    AUGMENTED,
    EPOCHS,
    FOLD_SEED,
    FOLDS,
    TOWER,
    Choice,
    append,
    evaluate,
    find,
    fit,
    load,
    read,
    split,
)
from series_augment import SeriesAugment
from series_inputs import INPUTS

HEADER = (
    *("set", "fold", "candidate", "val_top1", "val_nll"),
    *("train_clips", "scored_clips", "epochs", "seconds"),
)
SETS = ("lib", "ecg")
KEPT = 2

STRONG = SeriesAugment(cut=0.3, warp=1.0, scale=0.5, shift=0.5, jitter=0.1)
LESS_DROPOUT = replace(TOWER, dropout=0.1)
PLAIN = Choice(TOWER, flatten=True)
CHANGED = replace(PLAIN, augment=AUGMENTED)
CANDIDATES = {
    "flattened": PLAIN,
    "flattened, inputs": replace(PLAIN, inputs=INPUTS),
    "flattened, augmented": CHANGED,
    "flattened, inputs, augmented": replace(CHANGED, inputs=INPUTS),
    "flattened, strongly augmented": replace(PLAIN, augment=STRONG),
    "flattened, motion, strongly augmented": replace(PLAIN, inputs=("motion",), augment=STRONG),
    "flattened, augmented, mixed": replace(PLAIN, augment=replace(AUGMENTED, mix=0.5)),
    "pooled, augmented": replace(CHANGED, flatten=False),
    "flattened, augmented, dropout 0.1": replace(CHANGED, tower=LESS_DROPOUT),
    "flattened, augmented, dropout 0": replace(CHANGED, tower=replace(TOWER, dropout=0.0)),
    "pooled, augmented, dropout 0.1": replace(CHANGED, flatten=False, tower=LESS_DROPOUT),
    "flattened, strongly augmented, dropout 0.1": Choice(
        LESS_DROPOUT, flatten=True, augment=STRONG
    ),
}


def main() -> None:
    """Validate what is not in the CSV yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("search.csv"))
    output = parser.parse_args().output
    torch.set_num_threads(1)
    for word in CANDIDATES:
        _validate(word, output, folds=range(1))
    for word in ranked(read(output), folds=1)[:KEPT]:
        _validate(word, output, folds=range(1, FOLDS))
    print(table(read(output)))


def _validate(word: str, output: Path, *, folds: range) -> None:
    """Train a candidate on both sets without each of the folds and score that fold."""
    for fold, name in itertools.product(folds, SETS):
        if find(output, set=name, fold=str(fold), candidate=word):
            continue
        started = time.perf_counter()
        kept, held = split(load(name)[0], fold)
        model = fit(CANDIDATES[word], kept, epochs=EPOCHS[name], seed=FOLD_SEED)
        top1, nll = evaluate(model, held)
        row = {"set": name, "fold": fold, "candidate": word, "val_top1": top1, "val_nll": nll}
        row |= {"train_clips": len(kept.label), "scored_clips": len(held.label)}
        row |= {"epochs": EPOCHS[name], "seconds": round(time.perf_counter() - started, 1)}
        append(output, HEADER, row)


def ranked(rows: list[dict[str, str]], *, folds: int) -> list[str]:
    """Order the candidates that were validated on so many folds of both sets, the best first."""
    found = {}
    for word in dict.fromkeys(row["candidate"] for row in rows):
        mine = [row for row in rows if row["candidate"] == word and int(row["fold"]) < folds]
        if len(mine) == folds * len(SETS):
            found[word] = (_mean(mine, "val_top1"), -_mean(mine, "val_nll"))
    return sorted(found, key=lambda word: found[word], reverse=True)


def _mean(rows: list[dict[str, str]], column: str) -> float:
    """Mean over sets of a column's mean over folds."""
    return fmean(
        fmean(float(row[column]) for row in rows if row["set"] == name)
        for name in SETS
        if any(row["set"] == name for row in rows)
    )


def table(rows: list[dict[str, str]]) -> str:
    """Lay accuracy and cross-entropy out as Markdown: the first fold, and all of them."""
    lines = [
        "| candidate | fold 0: Libras | ECG | all folds: Libras | ECG |",
        "| --- | --- | --- | --- | --- |",
    ]
    whole = ranked(rows, folds=FOLDS)
    for word in dict.fromkeys((*whole, *ranked(rows, folds=1))):
        cells = [_cell(rows, word, name, 1) for name in SETS]
        cells += [_cell(rows, word, name, FOLDS) if word in whole else "" for name in SETS]
        lines.append(f"| {word} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(rows: list[dict[str, str]], word: str, name: str, folds: int) -> str:
    mine = [
        row
        for row in rows
        if (row["set"], row["candidate"]) == (name, word) and int(row["fold"]) < folds
    ]
    return f"{100 * _mean(mine, 'val_top1'):.1f}, {_mean(mine, 'val_nll'):.2f}"


if __name__ == "__main__":
    main()
