"""Change one option of the default recipe at a time and compare validation accuracy.

Every run is appended to a CSV as it ends, so a run that was stopped goes on where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/ablation.py --output ablation.csv

needs the npz sets named below under $SKELGRAPH_DATA/sets. Nothing here reads a test score: of
each fold the test subject is set aside, and a run's folder is removed once its validation is read.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch

from skelgraph.data import formats
from skelgraph.data.store import Store
from skelgraph.evaluation.intervals import paired_interval
from skelgraph.training.config import (
    DataOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.supervised import train
from skelgraph.transforms.options import AugmentOptions

HEADER = (
    "set",
    "change",
    "fold",
    "seed",
    "val_top1",
    "val_nll",
    "val_clips",
    "parameters",
    "epochs",
    "seconds",
)
DEFAULT = "default"
GUESS = 40.0  # seconds a run, before one has been timed


@dataclass(frozen=True)
class Set:
    """One set: its file, the skeleton the model sees, its folds, and how long it trains."""

    name: str
    file: str
    layout: str
    folds: tuple[ProtocolOptions, ...]
    epochs: int
    slot: str | None = None


def fold(test: int, *val: int) -> ProtocolOptions:
    """Train on all subjects but those that validate and the one that is set aside."""
    return ProtocolOptions(protocol="xsub", test=(test,), val=val)


SETS = (
    Set(
        "reach_to_grasp, right hand",
        "reach_to_grasp_p1to6",
        "mediapipe_hands",
        (fold(3, 1, 2), fold(6, 4, 5), fold(2, 3, 6)),
        epochs=8,
        slot="right",
    ),
    Set(
        "utd_mhad_odd",
        "utd_mhad_odd",
        "kinect_v1",
        (fold(1, 3), fold(5, 7), fold(3, 5)),
        epochs=12,
    ),
)


@dataclass(frozen=True)
class Change:
    """What differs from the default recipe, by part of the configuration."""

    name: str
    model: str = "as_gcn"
    overrides: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)


CHANGES = (
    Change(DEFAULT),
    Change("default, another seed", training={"seed": 100}),  # what chance alone changes
    Change("st_gcn", model="st_gcn"),
    Change("ctr_gcn", model="ctr_gcn"),
    Change("no A-links", overrides={"a_links": False}),
    Change("no free links", overrides={"free_links": 0}),
    Change("pooled head, not gated", overrides={"head": "pooled"}),
    Change("joint stream only", overrides={"streams": ("joint",)}),
    Change("no augmentation", augment={"turn": 0.0, "tilt": 0.0, "roll": 0.0, "scale": 0.0}),
    Change("centred in each frame, not in the clip", data={"centre": "frame"}),
    Change("no averaged weights (EMA)", training={"ema": 0.0}),
    Change("no label smoothing", training={"label_smoothing": 0.0}),
    Change("no warm-up", training={"warmup": 0.0}),
    Change("constant learning rate, not a cosine", training={"schedule": "constant"}),
    Change("whole padded clips, not 48 sampled frames", data={"num_frames": 0}),
)


def main() -> None:
    """Run what is not in the CSV yet, then print the tables."""
    arguments = _arguments()
    todo = list(_missing(arguments))
    minutes = len(todo) * _seconds_a_run(_read(arguments.output)) / 60
    print(f"{len(todo)} runs to do, about {minutes:.0f} minutes", flush=True)
    for one, change, number in todo:
        row = _run(one, change, number, arguments.work)
        _append(arguments.output, row)
        print(row, flush=True)
    print(tables(_read(arguments.output)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("ablation.csv"))
    parser.add_argument("--work", type=Path, default=Path("runs/ablation"), help="stores and runs")
    parser.add_argument("--only", default="", help="part of a change's name")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    return parser.parse_args()


def _missing(arguments: argparse.Namespace) -> Iterator[tuple[Set, Change, int]]:
    """Yield fold by fold, so that what was stopped early has all changes of the first."""
    done = {(row["set"], row["change"], int(row["fold"])) for row in _read(arguments.output)}
    if arguments.table:
        return
    for number in range(max(len(one.folds) for one in SETS)):
        for change in CHANGES:
            for one in SETS:
                wanted = number < len(one.folds) and arguments.only in change.name
                if wanted and (one.name, change.name, number) not in done:
                    yield one, change, number


def _seconds_a_run(rows: list[dict[str, str]]) -> float:
    return fmean(float(row["seconds"]) for row in rows) if rows else GUESS


def _run(one: Set, change: Change, number: int, work: Path) -> dict[str, Any]:
    started = time.perf_counter()
    config = _config(one, change, number, _store(one, work))
    folder = work / "run"
    scores = train(config, folder, force=True)["val"]
    parameters = _parameters(folder)
    shutil.rmtree(folder)
    return {
        "set": one.name,
        "change": change.name,
        "fold": number,
        "seed": config.training.seed,
        "val_top1": f"{scores['top1']:.4f}",
        "val_nll": f"{scores['nll']:.4f}",
        "val_clips": scores["num_clips"],
        "parameters": parameters,
        "epochs": one.epochs,
        "seconds": f"{time.perf_counter() - started:.1f}",
    }


def _config(one: Set, change: Change, number: int, store: Store) -> RunConfig:
    return RunConfig(
        layout=one.layout,
        store=str(store.path),
        protocol=one.folds[number],
        data=replace(DataOptions(slot=one.slot), **change.data),
        model=ModelOptions(name=change.model, preset="small", overrides=change.overrides),
        training=replace(TrainOptions(epochs=one.epochs, seed=number), **change.training),
        augment=replace(AugmentOptions(), **change.augment),
    )


def _parameters(run: Path) -> int:
    from skelgraph.training.weights import load_recogniser

    return sum(parameter.numel() for parameter in load_recogniser(run).model.parameters())


def _store(one: Set, work: Path) -> Store:
    path = work / "stores" / one.file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        formats.convert(Path(os.environ["SKELGRAPH_DATA"]) / "sets" / f"{one.file}.npz", path)
    return Store.open(path)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        if new:
            writer.writeheader()
        writer.writerow(row)


def tables(rows: list[dict[str, str]]) -> str:
    """Lay the results out as Markdown: mean and spread, and paired differences to the default."""
    names = [one.name for one in SETS]
    lines = [
        f"| change | runs | {' | '.join(f'{name}, %' for name in names)} | accuracy, points "
        "| log-loss, nats | parameters | seconds a run |",
        "| --- " * (len(names) + 6) + "|",
    ]
    for change in CHANGES:
        mine = [row for row in rows if row["change"] == change.name]
        if mine:
            lines.append(_line(mine, rows, names))
    return "\n".join(lines)


def _line(mine: list[dict[str, str]], rows: list[dict[str, str]], names: list[str]) -> str:
    default = {(row["set"], row["fold"]): row for row in rows if row["change"] == DEFAULT}
    cells = [mine[0]["change"], str(len(mine))]
    for name in names:
        values = [100 * float(row["val_top1"]) for row in mine if row["set"] == name]
        spread = f" ± {stdev(values):.1f}" if len(values) > 1 else ""
        cells.append(f"{fmean(values):.1f}{spread}" if values else "")
    pairs = [(row, default.get((row["set"], row["fold"]))) for row in mine]
    for column, scale in (("val_top1", 100), ("val_nll", 1)):
        both = [(scale * float(a[column]), scale * float(b[column])) for a, b in pairs if b]
        cells.append("" if mine[0]["change"] == DEFAULT else _difference(both, scale))
    sizes = sorted({f"{int(row['parameters']):,}" for row in mine})
    seconds = fmean(float(row["seconds"]) for row in mine)
    return f"| {' | '.join([*cells, ' / '.join(sizes), f'{seconds:.0f}'])} |"


def _difference(pairs: list[tuple[float, float]], scale: int) -> str:
    mean, low, high = paired_interval([a for a, _ in pairs], [b for _, b in pairs])
    digits = 1 if scale > 1 else 3
    if len(pairs) < 2:
        return f"{mean:+.{digits}f}"
    # More accuracy and less loss are better.
    gains = (low > 0, high < 0) if scale > 1 else (high < 0, low > 0)
    word = "better" if gains[0] else "worse" if gains[1] else "undecided"
    return f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f}): {word}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
