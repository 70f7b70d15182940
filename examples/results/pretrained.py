"""What learning without labels is worth: few labels, from fresh weights and from pretrained ones.

A fold's people test and validate; the others are pretrained on without labels, then a few of their
clips get one. All starts have the same steps. Every row is appended to a CSV as it ends, so a run
that was stopped goes on where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/pretrained.py --output pretrained.csv

Starts are compared on validation; test is for the report.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from skelgraph.data import formats
from skelgraph.data.store import Store
from skelgraph.training.config import (
    DataOptions,
    FewOptions,
    ModelOptions,
    PretrainOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.pretrain.job import pretrain
from skelgraph.training.run import METRICS, WEIGHTS
from skelgraph.training.semi.running import train_few
from skelgraph.training.transfer.options import StartOptions
from skelgraph.transforms.presets import WEAK, preset

SCRATCH = "scratch"
STARTS: dict[str, PretrainOptions | None] = {
    SCRATCH: None,
    "masked 0.4": PretrainOptions(mask_share=0.4),
    "masked 0.6": PretrainOptions(mask_share=0.6),
    "masked 0.8": PretrainOptions(mask_share=0.8),
    "contrastive": PretrainOptions(method="contrastive"),
}
HEADER = ("set", "labels", "start", "draw", "val_top1", "test_top1", "test_macro_f1", "seconds")


def main() -> None:
    """Run what is not in the CSV yet, then print the means."""
    arguments = _arguments()
    store = _store(arguments)
    for draw in range(arguments.draws):
        for name in arguments.starts:
            row = {"set": arguments.set, "labels": arguments.labels, "start": name, "draw": draw}
            if _key(row) in {_key(done) for done in _read(arguments.output)}:
                continue
            row |= _one(store, name, draw, arguments)
            _append(arguments.output, row)
            print(row, flush=True)
    print(table(_read(arguments.output)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("pretrained.csv"))
    parser.add_argument("--work", type=Path, default=Path("runs/pretrained"))
    parser.add_argument("--set", default="charades_body25", help="npz set under $SKELGRAPH_DATA")
    parser.add_argument("--labels", type=int, default=5, help="a class")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=list(STARTS))
    parser.add_argument("--epochs", type=int, default=10, help="of pretraining")
    parser.add_argument("--steps", type=int, default=160, help="with labels")
    return parser.parse_args()


def _config(store: Store, *, seed: int) -> RunConfig:
    return RunConfig(
        layout=store.layout.name,
        store=str(store.path),
        data=DataOptions(num_frames=32),
        protocol=ProtocolOptions(protocol="random", fold=0, folds=3, val_fraction=0.2),
        model=ModelOptions(preset="small"),
        augment=preset(WEAK, store.layout),
        training=TrainOptions(link_epochs=1, seed=seed),
    )


def _one(store: Store, start: str, draw: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train with few labels, from what was learned before; pretrained once for all draws."""
    config = _config(store, seed=draw)
    few = FewOptions(
        method="supervised",
        label_budget=str(arguments.labels),
        draw_seed=draw,
        epoch_steps=20,
        guard=False,
        full_validation=True,
    )
    training = replace(config.training, epochs=-(-arguments.steps // 20), batch_size=16)
    config = replace(config, training=training, few=few)
    if STARTS[start] is not None:
        source = _pretrained(store, start, arguments)
        config = replace(
            config,
            start=StartOptions(source=str(source)),
            training=replace(training, link_epochs=0),
        )
    folder = arguments.work / f"{arguments.set}_{arguments.labels}_{start}_{draw}".replace(" ", "_")
    metrics = train_few(config, folder, force=folder.exists())
    return {
        "val_top1": metrics["val"]["top1"],
        "test_top1": metrics["test"]["top1"],
        "test_macro_f1": metrics["test"]["macro_f1"],
        "seconds": metrics["seconds"],
    }


def _pretrained(store: Store, start: str, arguments: argparse.Namespace) -> Path:
    folder = arguments.work / f"{arguments.set}_{start}".replace(" ", "_")
    if not (folder / WEIGHTS).is_file():
        config = _config(store, seed=0)
        training = replace(config.training, epochs=arguments.epochs)
        config = replace(config, training=training, pretrain=STARTS[start])
        pretrain(config, folder, force=folder.exists())
        print(start, json.loads((folder / METRICS).read_text()), flush=True)
    return folder


def _store(arguments: argparse.Namespace) -> Store:
    path = arguments.work / "stores" / arguments.set
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        formats.convert(Path(os.environ["SKELGRAPH_DATA"]) / "sets" / f"{arguments.set}.npz", path)
    return Store.open(path)


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in HEADER[:4])


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


def table(rows: list[dict[str, str]]) -> str:
    """Lay the results out as Markdown: mean and spread over the draws."""
    lines = [
        "| set | labels a class | start | draws | val, % | test, % | gain on test, points |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, labels, start in dict.fromkeys((r["set"], r["labels"], r["start"]) for r in rows):
        mine = [r for r in rows if (r["set"], r["labels"]) == (name, labels)]
        by_draw = {r["draw"]: float(r["test_top1"]) for r in mine if r["start"] == SCRATCH}
        got = [r for r in mine if r["start"] == start]
        gains = [float(r["test_top1"]) - by_draw[r["draw"]] for r in got if r["draw"] in by_draw]
        cells = [_spread([float(r[part]) for r in got]) for part in ("val_top1", "test_top1")]
        cells.append(_spread(gains) if start != SCRATCH else "")
        lines.append(f"| {name} | {labels} | {start} | {len(got)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(shares: list[float]) -> str:
    spread = stdev(shares) if len(shares) > 1 else 0.0
    return f"{100 * fmean(shares):.1f} ± {100 * spread:.1f}"


if __name__ == "__main__":
    main()
