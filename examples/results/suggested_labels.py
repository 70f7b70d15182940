"""Are clips that `suggest` names worth more labels than clips drawn at random?

For each draw: a network is trained on a few labels of each class of simulated people; each
strategy then names further clips among the others of the same people, their labels are looked up,
and the same training starts anew with both. Prints comma-separated, a row a training: the draw,
the strategy (`start` for the first labels alone), labels, classes among the labels that were
added, how uneven they are (standard deviation of their numbers by class), and on people who never
train accuracy (top1) and macro F1. What stands in the output folder is not done again.

    python examples/results/suggested_labels.py --output suggested_runs --draws 5
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import simulate
from skelgraph.evaluation.acquisition import STRATEGIES
from skelgraph.graphs import load_layout
from skelgraph.training.config import (
    DataOptions,
    FewOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.run import METRICS
from skelgraph.training.semi.running import train_few
from skelgraph.training.suggest import HEADER, SuggestOptions, suggest

COLUMNS = ("draw", "strategy", "labels", "classes", "uneven", "top1", "macro_f1", "seconds")


def main() -> None:
    """Train every draw with every strategy, and print a row for each; finished ones are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="a store; simulated clips by default")
    parser.add_argument("--layout", default="coco17")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first", default="2", help="label budget of the start")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--subjects", type=int, default=12)
    parser.add_argument("--clips-per-class", type=int, default=5)
    parser.add_argument("--data-seed", type=int, default=0, help="of the simulated clips")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--strategies", nargs="*", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--calibrate", action="store_true", help="by folds of the first labels")
    parser.add_argument("--balanced", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    store = Store.open(options.data) if options.data else simulated(options)
    print(*COLUMNS, sep=",")
    for draw in range(options.draws):
        start = options.output / f"draw{draw}" / "start"
        show(draw, "start", run(store, start, options.first, draw, options), [], store)
        for name in options.strategies:
            chosen = SuggestOptions(
                options.count, name, balanced=options.balanced, same_recording=True, seed=draw
            )
            folder = start.parent / (f"{name}_balanced" if options.balanced else name)
            found = suggest(start, options=chosen)
            budget = write_budget(folder.with_suffix(".csv"), found.rows(with_labelled=True))
            added = [item.clip for item in found.items]
            show(draw, folder.name, run(store, folder, str(budget), draw, options), added, store)


def simulated(options: argparse.Namespace) -> Store:
    """Write the simulated clips once."""
    path = options.output / "store"
    if path.is_dir():
        return Store.open(path)
    clips, names = simulate(
        load_layout(options.layout),
        subjects=options.subjects,
        clips_per_class=options.clips_per_class,
        seed=options.data_seed,
    )
    return write_store(path, clips, class_names=names, provenance={"simulated": True})


def write_budget(path: Path, rows: list[list[Any]]) -> Path:
    """Write labelled and named clips as a label budget; empty labels are taken from the store."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def run(
    store: Store, folder: Path, budget: str, draw: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Train on given labels alone, unless that was done before."""
    if (folder / METRICS).is_file():
        found: dict[str, Any] = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        return found
    config = RunConfig(
        layout=store.layout.name,
        store=str(store.path),
        data=DataOptions(num_frames=options.frames),
        protocol=ProtocolOptions(protocol="xsub"),
        model=ModelOptions(
            name="st_gcn",
            preset="small",
            overrides={"channels": (24, 48, 64), "strides": (1, 2, 2)},
        ),
        training=TrainOptions(epochs=options.epochs, batch_size=16, seed=draw),
        few=FewOptions(
            method="supervised",
            label_budget=budget,
            draw_seed=draw,
            epoch_steps=10,
            # Without it nothing is held out and nothing calibrated: one training each.
            guard=options.calibrate and folder.name == "start",
            guard_folds=2,
        ),
    )
    started = time.perf_counter()
    metrics = train_few(config, folder, force=True)
    return metrics | {"seconds": time.perf_counter() - started}


def show(draw: int, name: str, metrics: dict[str, Any], added: list[str], store: Store) -> None:
    """Print a row."""
    row_of = {str(clip): row for row, clip in enumerate(store.clips.name)}
    labels = store.clips.label[[row_of[clip] for clip in added]] if added else np.zeros(0, int)
    counts = np.bincount(labels, minlength=len(store.class_names))
    given = sum(metrics["labels"]["labels_by_class"].values())
    test = metrics["test"]
    print(
        draw, name, given, int((counts > 0).sum()), f"{counts.std():.2f}", f"{test['top1']:.4f}",
        f"{test['macro_f1']:.4f}", f"{metrics['seconds']:.0f}", sep=",", flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
