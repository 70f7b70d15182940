"""Train GTN, ConvGTN and a plain FCN on the GTN paper's series with their own test parts.

The options of each method are chosen on a quarter of the training part, held out class by class;
then it is trained on all of that part with each seed, and the test part is scored once, after the
last epoch. Every row is appended to a CSV as it ends, so a run that was stopped goes on where it
was:

    SKELGRAPH_DATA=/path/to/data python examples/results/gtn_series.py --output results.csv

needs the npz files named below under $SKELGRAPH_DATA/sets/gtn.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.models import GtnConfig, SeriesGtn
from skelgraph.models.output import Output
from skelgraph.nn.attention import TowerConfig
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.pooling import masked_mean
from skelgraph.nn.series import fill_gaps
from skelgraph.training.average import WeightAverage
from skelgraph.training.config import TrainOptions
from skelgraph.training.learner import make_optimiser
from skelgraph.training.loop import epoch_seed
from skelgraph.training.schedule import warmup_cosine

HEADER = (
    *("set", "method", "seed", "choice", "val_top1", "val_nll", "test_top1", "train_top1"),
    *("train_clips", "scored_clips", "parameters", "epochs", "seconds"),
)
PUBLISHED = {"jap": 98.7, "lib": 88.9, "waf": 99.1, "ecg": 91.0}
FILES = {
    "lib": "lib_full",
    "jap": "jap_full",
    "ecg": "ecg_full",
    "waf": "waf_full",
    "ecg, half missing": "ecg_miss05",
}
# Set before any training by what a set costs, not tuned; the last epoch counts.
EPOCHS = {"lib": 100, "jap": 60, "ecg": 80, "waf": 60, "ecg, half missing": 80}
HELD_OUT = 4  # one of so many series of a class validates
CHOOSING_SEED = 1000  # none of the seeds that are reported
# Half precision costs more than it saves at these widths on a CPU.
TRAINING = TrainOptions(
    batch_size=16, lr=2e-3, weight_decay=0.05, label_smoothing=0.1, ema=0.98, precision="32-true"
)


@dataclass(frozen=True)
class Choice:
    """One candidate; without a tower it is the FCN."""

    tower: TowerConfig | None
    kernel: int = 0
    flatten: bool = False


TOWER = TowerConfig(width=64, heads=4, layers=2, hidden=128, dropout=0.3)
CHOICES: dict[str, dict[str, Choice]] = {
    "fcn": {"one form": Choice(None)},
    "gtn": {"pooled": Choice(TOWER), "flattened": Choice(TOWER, flatten=True)},
    "conv_gtn": {
        "pooled": Choice(TOWER, kernel=5),
        "flattened": Choice(TOWER, kernel=5, flatten=True),
    },
}


@dataclass
class Part:
    """Series (N, C, T), valid frames (N, T), labels (N,)."""

    values: Tensor
    frames: Tensor
    label: Tensor

    def take(self, rows: Tensor) -> Part:
        """Keep some series, cut to the longest of them."""
        size = int(self.frames[rows].sum(1).max())
        return Part(self.values[rows, :, :size], self.frames[rows, :size], self.label[rows])


class Fcn(nn.Module):
    """Three convolutions with batch normalisation, the mean over valid frames, a linear layer.

    Source:
        Wang et al. 2017, arXiv:1611.06455, whose first kernel has 8 frames: 7 here, so that a
        frame lies in its middle. Padding is masked, gaps are filled by lines.
    """

    def __init__(self, num_channels: int, num_classes: int) -> None:
        super().__init__()
        widths = (num_channels, 128, 256, 128)
        self.convs = nn.ModuleList(
            nn.Conv1d(given, made, kernel, padding="same", bias=False)
            for given, made, kernel in zip(widths, widths[1:], (7, 5, 3), strict=False)
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for width in widths[1:])
        self.classifier = nn.Linear(widths[-1], num_classes)

    def forward(self, values: Tensor, frames: Tensor) -> Output:
        """Classify series (N, C, T) with valid frames (N, T)."""
        mask = frames[:, None]
        x = fill_gaps(values, mask & ~values.isnan())
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = functional.relu(norm(conv(x * mask), mask))
        features = masked_mean(x, mask, dim=2)
        return Output(self.classifier(features), features)


def main() -> None:
    """Run what is not in the CSV yet, then print the table."""
    arguments = _arguments()
    torch.set_num_threads(1)
    todo = [
        (name, method)
        for method in CHOICES
        for name in FILES
        if arguments.only in ("", name) and arguments.method in ("", method)
    ]
    runs = sum(arguments.seeds + len(CHOICES[m]) * (len(CHOICES[m]) > 1) for _, m in todo)
    minutes = runs * arguments.guess / 60
    print(f"at most {runs} trainings, about {minutes:.0f} minutes", flush=True)
    for name, method in todo:
        _set_and_method(name, method, arguments)
    print(table(_read(arguments.output)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("results.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=FILES, default="", help="one set")
    parser.add_argument("--method", choices=CHOICES, default="")
    parser.add_argument(
        "--guess", type=float, default=30.0, help="seconds a training, for the estimate"
    )
    return parser.parse_args()


def _set_and_method(name: str, method: str, arguments: argparse.Namespace) -> None:
    """Choose the options within the training part, then train with each seed and test."""
    train, test = load(name)
    chosen = _chosen(name, method, train, arguments.output)
    for seed in range(arguments.seeds):
        if _find(arguments.output, name, method, seed=str(seed), choice=chosen):
            continue
        started = time.perf_counter()
        model = fit(CHOICES[method][chosen], train, epochs=EPOCHS[name], seed=seed)
        scores = {"test_top1": evaluate(model, test)[0], "train_top1": evaluate(model, train)[0]}
        row = {"set": name, "method": method, "seed": seed, "choice": chosen, **scores}
        row |= {"train_clips": len(train.label), "scored_clips": len(test.label)}
        _append(arguments.output, row | _costs(model, name, started))


def _chosen(name: str, method: str, train: Part, output: Path) -> str:
    """Name the choice that validates best; nothing of the test part is used."""
    choices = CHOICES[method]
    if len(choices) == 1:
        return next(iter(choices))
    found = {}
    for word, choice in choices.items():
        if not _find(output, name, method, seed="choose", choice=word):
            started = time.perf_counter()
            kept, held = hold_out(train)
            model = fit(choice, kept, epochs=EPOCHS[name], seed=CHOOSING_SEED)
            top1, nll = evaluate(model, held)
            row = {"set": name, "method": method, "seed": "choose", "choice": word}
            row |= {"val_top1": top1, "val_nll": nll}
            row |= {"train_clips": len(kept.label), "scored_clips": len(held.label)}
            _append(output, row | _costs(model, name, started))
        row = _find(output, name, method, seed="choose", choice=word)[0]
        found[word] = (float(row["val_top1"]), -float(row["val_nll"]))
    return max(found, key=lambda word: found[word])


def hold_out(train: Part) -> tuple[Part, Part]:
    """Split a quarter off, class by class by chance; who recorded a series is not known."""
    generator = torch.Generator().manual_seed(CHOOSING_SEED)
    order = torch.randperm(len(train.label), generator=generator)
    order = order[torch.argsort(train.label[order], stable=True)]
    held = torch.arange(len(order)) % HELD_OUT == 0
    return train.take(order[~held]), train.take(order[held])


def load(name: str) -> tuple[Part, Part]:
    """Read a set's training and test part; labels count from 0."""
    path = Path(os.environ["SKELGRAPH_DATA"]) / "sets" / "gtn" / f"{FILES[name]}.npz"
    with np.load(path) as data:
        return _part(data, ""), _part(data, "te")


def _part(data: Any, suffix: str) -> Part:
    values = torch.from_numpy(data[f"X{suffix}"]).float().transpose(1, 2).contiguous()
    lengths = torch.from_numpy(data[f"X{suffix}_len"].astype(np.int64))
    label = torch.from_numpy(data[f"Y{suffix}"].astype(np.int64)).flatten() - 1
    return Part(values, torch.arange(values.shape[2])[None] < lengths.view(-1, 1), label)


def build(choice: Choice, train: Part) -> nn.Module:
    """Make a model; a channel's token is made of as many frames as a typical series has."""
    num_channels, num_classes = train.values.shape[1], int(train.label.max()) + 1
    if choice.tower is None:
        return Fcn(num_channels, num_classes)
    typical = int(train.frames.sum(1).float().median())
    config = GtnConfig(
        frames=min(typical, 64),
        kernel=choice.kernel,
        flatten=choice.flatten,
        flags=bool(train.values.isnan().any()),
        tower=choice.tower,
        dropout=choice.tower.dropout,
    )
    return SeriesGtn(num_channels, num_classes, config=config)


def fit(choice: Choice, train: Part, *, epochs: int, seed: int) -> nn.Module:
    """Train to the last epoch and give the model its averaged weights."""
    torch.manual_seed(seed)
    model = build(choice, train)
    options = replace(TRAINING, epochs=epochs)
    optimiser = make_optimiser(model, options)
    average = WeightAverage(model, decay=options.ema)
    steps = max(1, round(len(train.label) / options.batch_size))
    for epoch in range(options.epochs):
        torch.manual_seed(epoch_seed(seed, epoch))
        model.train()
        for number, rows in enumerate(torch.randperm(len(train.label)).tensor_split(steps)):
            step = epoch * steps + number
            factor = warmup_cosine(step, options.epochs * steps, warmup=options.warmup)
            for group in optimiser.param_groups:
                group["lr"] = options.lr * factor
            batch = train.take(rows)
            logits = model(batch.values, batch.frames).logits
            loss = functional.cross_entropy(
                logits, batch.label, label_smoothing=options.label_smoothing
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), options.clip_norm)
            optimiser.step()
            average.update(model)
    model.load_state_dict(average.shadow)
    return model.eval()


@torch.no_grad()
def evaluate(model: nn.Module, part: Part) -> tuple[float, float]:
    """Share of series that a model labels right, and its cross-entropy."""
    model.eval()
    batches = [part.take(rows) for rows in torch.arange(len(part.label)).split(64)]
    logits = torch.cat([model(batch.values, batch.frames).logits for batch in batches])
    correct = (logits.argmax(1) == part.label).float().mean()
    return float(correct), float(functional.cross_entropy(logits, part.label))


def _costs(model: nn.Module, name: str, started: float) -> dict[str, Any]:
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": EPOCHS[name],
        "seconds": round(time.perf_counter() - started, 1),
    }


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _find(path: Path, name: str, method: str, **wanted: str) -> list[dict[str, str]]:
    wanted = {"set": name, "method": method, **wanted}
    return [row for row in _read(path) if all(row[k] == v for k, v in wanted.items())]


def _append(path: Path, row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})
    print(row, flush=True)


def table(rows: list[dict[str, str]]) -> str:
    """Lay the test scores out as Markdown: mean and spread over the seeds."""
    lines = [
        "| set | method | chosen | parameters | seeds | test accuracy, % | published, % |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    tested = [row for row in rows if row["test_top1"]]
    for name, method in itertools.product(FILES, CHOICES):
        mine = [row for row in tested if (row["set"], row["method"]) == (name, method)]
        if not mine:
            continue
        values = [100 * float(row["test_top1"]) for row in mine]
        spread = stdev(values) if len(values) > 1 else 0.0
        published = PUBLISHED.get(name, "") if method == "gtn" else ""
        lines.append(
            f"| {name} | {method} | {mine[0]['choice']} | {int(mine[0]['parameters']):,} "
            f"| {len(mine)} | {fmean(values):.1f} ± {spread:.1f} | {published} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
