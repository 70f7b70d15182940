"""Train on three real sets and compare with an SVM and a random forest on the same folds.

Every row is appended to a CSV as it ends, so a run that was stopped goes on where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/real_sets.py --output results.csv

needs the extra `test` (scikit-learn) and the npz sets named below under $SKELGRAPH_DATA/sets.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch

from skelgraph.data import formats
from skelgraph.data.store import Store
from skelgraph.evaluation.intervals import paired_interval
from skelgraph.graphs import load_layout
from skelgraph.training.clips import PARTS, Parts, cut_parts, split_store
from skelgraph.training.config import (
    CENTRES,
    DataOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.supervised import train
from skelgraph.transforms.options import AugmentOptions

HEADER = (
    "experiment",
    "method",
    "fold",
    "seed",
    "val_top1",
    "test_top1",
    "test_macro_f1",
    "train_clips",
    "val_clips",
    "test_clips",
    "seconds",
    "by_subject",
)
FLOORS = ("svm", "forest")
OURS = "as_gcn + gated head"


@dataclass(frozen=True)
class Experiment:
    """One set under one layout, with its protocol and options."""

    name: str
    file: str
    layout: str
    folds: tuple[ProtocolOptions, ...]
    data: DataOptions = DataOptions()
    options: dict[str, Any] = field(default_factory=dict)


GROUPED = tuple(
    ProtocolOptions(protocol="random", fold=fold, folds=3, val_fraction=0.2) for fold in range(3)
)
# Three subjects: one tests, one validates, one trains, in all six ways.
ROTATIONS = tuple(
    ProtocolOptions(protocol="xsub", test=(test,), val=(val,))
    for test, val in itertools.permutations((215, 216, 217), 2)
)
# Three people train: strong regularisation. Size and direction in the picture tell the objects
# apart here, so that they vary little; where the hand is in the picture does not.
REACHING = {
    "training": TrainOptions(epochs=20, weight_decay=0.3, label_smoothing=0.2),
    "augment": AugmentOptions(roll=5, scale=0.05, drop_joint=0.1),
    "model": ModelOptions(preset="small", overrides={"dropout": 0.3, "tower": {"dropout": 0.3}}),
}
EXPERIMENTS = (
    Experiment(
        "reach_to_grasp, right hand",
        "reach_to_grasp_p1to6",
        "mediapipe_hands",
        GROUPED,
        data=DataOptions(slot="right", crop=1.0, centre="frame"),
        options=REACHING,
    ),
    Experiment(
        "reach_to_grasp, 50 joints",
        "reach_to_grasp_p1to6",
        "openpose_upper8_hands",
        GROUPED,
        data=DataOptions(crop=1.0, centre="frame"),
        options=REACHING,
    ),
    Experiment(
        "charades, BODY_25",
        "charades_body25",
        "openpose_body25",
        GROUPED,
        options={"training": TrainOptions(epochs=20)},
    ),
    Experiment(
        "irds, Kinect v2",
        "irds_kinect_v2",
        "kinect_v2",
        ROTATIONS,
        data=DataOptions(crop=0.8),
        options={"training": TrainOptions(epochs=120, batch_size=16)},
    ),
)


def main() -> None:
    """Run what is not in the CSV yet, then print the tables."""
    arguments = _arguments()
    chosen = [e for e in EXPERIMENTS if arguments.only in e.name]
    todo = list(_missing(chosen, arguments))
    print(
        f"{len(todo)} runs to do, about {len(todo) * arguments.guess / 60:.0f} minutes", flush=True
    )
    for experiment, method, fold, seed in todo:
        started = time.perf_counter()
        row = _one(experiment, method, fold, seed, arguments)
        row["seconds"] = round(time.perf_counter() - started, 1)
        _append(arguments.output, row)
        print({k: row[k] for k in HEADER if k != "train_clips"}, flush=True)
    print(tables(_read(arguments.output)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("results.csv"))
    parser.add_argument("--work", type=Path, default=Path("runs/real_sets"), help="stores and runs")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", default="", help="part of an experiment's name")
    parser.add_argument("--method", default="", help="part of a method's name")
    parser.add_argument(
        "--guess", type=float, default=120.0, help="seconds a run, for the estimate"
    )
    return parser.parse_args()


def _missing(chosen: list[Experiment], arguments: argparse.Namespace) -> Iterator[tuple]:
    done = {
        (r["experiment"], r["method"], int(r["fold"]), int(r["seed"]))
        for r in _read(arguments.output)
    }
    for experiment in chosen:
        for fold in range(len(experiment.folds)):
            for method, seeds in (*((f, 1) for f in FLOORS), (OURS, arguments.seeds)):
                for seed in range(seeds):
                    if arguments.method not in method:
                        continue
                    if (experiment.name, method, fold, seed) not in done:
                        yield experiment, method, fold, seed


def _one(
    experiment: Experiment, method: str, fold: int, seed: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    store = _store(experiment, arguments.work)
    protocol = experiment.folds[fold]
    row: dict[str, Any] = {
        "experiment": experiment.name,
        "method": method,
        "fold": fold,
        "seed": seed,
    }
    if method == OURS:
        config = RunConfig(
            layout=experiment.layout,
            store=str(store.path),
            protocol=protocol,
            data=experiment.data,
            model=ModelOptions(preset="small"),
        )
        config = replace(config, **experiment.options)
        config = replace(config, training=replace(config.training, seed=seed))
        name = f"{experiment.name}_{fold}_{seed}".replace(" ", "_").replace(",", "")
        metrics = train(config, arguments.work / name, force=True)
        return row | {
            "val_top1": metrics["val"]["top1"],
            "test_top1": metrics["test"]["top1"],
            "test_macro_f1": metrics["test"]["macro_f1"],
            **{f"{part}_clips": metrics[part]["num_clips"] for part in PARTS},
            "by_subject": _by_subject(store, *_own_test(arguments.work / name)),
        }
    split = split_store(store, protocol)
    layout = load_layout(experiment.layout)
    parts = cut_parts(store, split, layout=layout, data=experiment.data)
    scores, correct = floor(method, parts, experiment.data)
    return row | scores | {"by_subject": _by_subject(store, store.clips.name[split.test], correct)}


def _own_test(run: Path) -> tuple[list[str], np.ndarray]:
    with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    correct = np.array([row["label"] == row["predicted"] for row in rows])
    return [row["clip"] for row in rows], correct


def _by_subject(store: Store, names: Sequence[str], correct: np.ndarray) -> str:
    """Write each test subject's accuracy, as `3:0.8123 4:0.5000`."""
    subject_of = dict(zip(store.clips.name, store.clips.subject, strict=True))
    subjects = np.array([subject_of[name] for name in names])
    return " ".join(f"{s}:{correct[subjects == s].mean():.4f}" for s in np.unique(subjects))


def floor(method: str, parts: Parts, data: DataOptions) -> tuple[dict[str, Any], np.ndarray]:
    """Fit a floor on resampled frames; hyperparameters and centring are chosen on validation.

    Returns:
        Its scores, and which test clips it labels right.
    """
    from sklearn.metrics import f1_score

    found = []
    for centre in CENTRES:
        tables = [
            _table(clips, replace(data, centre=centre))
            for clips in (parts.train, parts.val, parts.test)
        ]
        (x, y), (xv, yv), test = tables
        for model in _candidates(method):
            found.append((model.fit(x, y).score(xv, yv), model, test))
    val_top1, best, (xt, yt) = max(found, key=lambda one: one[0])
    predicted = best.predict(xt)
    correct = predicted == yt
    return {
        "val_top1": val_top1,
        "test_top1": float(correct.mean()),
        "test_macro_f1": f1_score(yt, predicted, average="macro"),
        "train_clips": len(y),
        "val_clips": len(yv),
        "test_clips": len(yt),
    }, correct


def _candidates(method: str) -> list[Any]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    if method == "forest":
        return [
            RandomForestClassifier(500, max_features=share, random_state=0, n_jobs=1)
            for share in ("sqrt", 0.1)
        ]
    return [
        make_pipeline(StandardScaler(), SVC(C=c, kernel=kernel))
        for kernel in ("rbf", "linear")
        for c in (0.01, 0.1, 1.0, 10.0, 100.0)
    ]


def _table(clips: Any, data: DataOptions) -> tuple[np.ndarray, np.ndarray]:
    batch = clips.batch(torch.arange(len(clips)), num_frames=data.num_frames, centre=data.centre)
    # Slots that nobody fills hold the neutral pose everywhere: constant columns, harmless.
    return batch.positions.flatten(1).numpy(), batch.label.numpy()


def _store(experiment: Experiment, work: Path) -> Store:
    path = work / "stores" / experiment.file
    if not path.exists():
        source = Path(os.environ["SKELGRAPH_DATA"]) / "sets" / f"{experiment.file}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        formats.convert(source, path)
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
        writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})


def tables(rows: list[dict[str, str]]) -> str:
    """Lay the results out as Markdown: mean and spread, and the paired difference."""
    lines = [
        "| experiment | method | runs | test accuracy, % | macro F1, % | seconds a run |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    verdicts = []
    for name in dict.fromkeys(row["experiment"] for row in rows):
        mine = [row for row in rows if row["experiment"] == name]
        for method in (*FLOORS, OURS):
            got = [row for row in mine if row["method"] == method]
            if got:
                lines.append(_line(name, method, got))
        verdicts += _verdicts(name, mine)
    return "\n".join([*lines, "", *verdicts])


def _line(name: str, method: str, rows: list[dict[str, str]]) -> str:
    cells = []
    for column in ("test_top1", "test_macro_f1"):
        values = [100 * float(row[column]) for row in rows]
        cells.append(f"{fmean(values):.1f} ± {stdev(values) if len(values) > 1 else 0:.1f}")
    seconds = fmean(float(row["seconds"]) for row in rows)
    return f"| {name} | {method} | {len(rows)} | {cells[0]} | {cells[1]} | {seconds:.0f} |"


def _verdicts(name: str, rows: list[dict[str, str]]) -> list[str]:
    """Word the mean difference to each floor, paired by run and by test subject."""
    ours = [row for row in rows if row["method"] == OURS]
    lines = []
    for method in FLOORS:
        floors = [row for row in rows if row["method"] == method]
        by_fold = {row["fold"]: float(row["test_top1"]) for row in floors}
        if not ours or any(row["fold"] not in by_fold for row in ours):
            continue
        runs = [(float(row["test_top1"]), by_fold[row["fold"]]) for row in ours]
        mine, theirs = _subjects(ours), _subjects(floors)
        subjects = [(mine[key], theirs[key]) for key in mine]
        text = f"- {name}, ours minus {method}: {_difference(runs, 'runs')}; "
        lines.append(text + _difference(subjects, "subjects"))
    return lines


def _subjects(rows: list[dict[str, str]]) -> dict[str, float]:
    """Average each test subject's accuracy over the runs that test them."""
    scores: dict[str, list[float]] = {}
    for row in rows:
        for item in row["by_subject"].split():
            subject, score = item.split(":")
            scores.setdefault(subject, []).append(float(score))
    return {subject: fmean(values) for subject, values in scores.items()}


def _difference(pairs: list[tuple[float, float]], what: str) -> str:
    mean, low, high = paired_interval([a for a, _ in pairs], [b for _, b in pairs])
    word = "better" if low > 0 else "worse" if high < 0 else "undecided"
    return (
        f"over {len(pairs)} {what} {100 * mean:+.1f} points "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f}): {word}"
    )


if __name__ == "__main__":
    main()
