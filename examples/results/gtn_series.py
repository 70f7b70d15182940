"""Train GTN, ConvGTN and a plain FCN on the GTN paper's series with their own test parts.

GTN has one recipe for all sets, which `gtn_search.py` found within training parts alone. Each
network is trained on all of the training part with each seed, and the test part is scored once,
after the last epoch. Every row is appended to a CSV as it ends, so a run that was stopped goes on
where it was:

    SKELGRAPH_DATA=/path/to/data python examples/results/gtn_series.py --output results.csv

needs the npz files named below under $SKELGRAPH_DATA/sets/gtn.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import torch
from series_augment import SeriesAugment, augment, draw_mix, mix
from series_inputs import WithInputs, count_inputs
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
    *("set", "method", "seed", "test_top1", "train_top1"),
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
# Set by what a set costs, not tuned; the last epoch counts.
EPOCHS = {"lib": 100, "jap": 60, "ecg": 80, "waf": 60, "ecg, half missing": 80}
FOLDS = 4
FOLD_SEED = 1000  # none of the seeds that are reported
# Half precision costs more than it saves at these widths on a CPU.
TRAINING = TrainOptions(
    batch_size=16, lr=2e-3, weight_decay=0.05, label_smoothing=0.1, ema=0.98, precision="32-true"
)


@dataclass(frozen=True)
class Choice:
    """How a network is made and trained; without a tower it is the FCN.

    `alone` standardises each series by itself; `passes` multiplies the set's `EPOCHS`.
    """

    tower: TowerConfig | None
    kernel: int = 0
    flatten: bool = False
    inputs: tuple[str, ...] = ()
    alone: bool = False
    augment: SeriesAugment = SeriesAugment()
    training: TrainOptions = TRAINING
    passes: int = 1


TOWER = TowerConfig(width=64, heads=4, layers=2, hidden=128, dropout=0.3)
AUGMENTED = SeriesAugment(cut=0.2, warp=0.5, scale=0.2, shift=0.2, jitter=0.05)
# What the first search found; the second one gave GTN its own weight decay.
FIRST_RECIPE = Choice(TOWER, augment=AUGMENTED)
RECIPE = replace(FIRST_RECIPE, training=replace(TRAINING, weight_decay=1.0))
CHOICES = {
    "fcn": replace(FIRST_RECIPE, tower=None),
    "fcn, series unchanged": Choice(None),
    "gtn": RECIPE,
    "conv_gtn": replace(FIRST_RECIPE, kernel=5),
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
    for method, name, seed in itertools.product(CHOICES, FILES, range(arguments.seeds)):
        if arguments.only not in ("", name) or arguments.method not in ("", method):
            continue
        if not find(arguments.output, set=name, method=method, seed=str(seed)):
            append(arguments.output, HEADER, _run(name, method, seed))
    print(table(read(arguments.output)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("results.csv"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=FILES, default="", help="one set")
    parser.add_argument("--method", choices=CHOICES, default="")
    return parser.parse_args()


def _run(name: str, method: str, seed: int) -> dict[str, Any]:
    """Train on all of the training part and score the test part."""
    started = time.perf_counter()
    train, test = load(name)
    model = fit(CHOICES[method], train, epochs=EPOCHS[name], seed=seed)
    return {
        "set": name,
        "method": method,
        "seed": seed,
        "test_top1": evaluate(model, test)[0],
        "train_top1": evaluate(model, train)[0],
        "train_clips": len(train.label),
        "scored_clips": len(test.label),
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": EPOCHS[name] * CHOICES[method].passes,
        "seconds": round(time.perf_counter() - started, 1),
    }


def split(train: Part, fold: int) -> tuple[Part, Part]:
    """Hold one of the folds out, dealt class by class by chance; who recorded what is not known."""
    generator = torch.Generator().manual_seed(FOLD_SEED)
    order = torch.randperm(len(train.label), generator=generator)
    order = order[torch.argsort(train.label[order], stable=True)]
    held = torch.arange(len(order)) % FOLDS == fold
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
    num_classes = int(train.label.max()) + 1
    num_channels = count_inputs(train.values.shape[1], choice.inputs)
    typical = int(train.frames.sum(1).float().median())
    model: nn.Module = Fcn(num_channels, num_classes)
    if choice.tower is not None:
        config = GtnConfig(
            frames=min(typical, 64),
            kernel=choice.kernel,
            flatten=choice.flatten,
            flags=bool(train.values.isnan().any()),
            tower=choice.tower,
            dropout=choice.tower.dropout,
        )
        model = SeriesGtn(num_channels, num_classes, config=config)
    longest = train.frames.shape[1]
    return WithInputs(model, choice.inputs, longest=longest, alone=choice.alone)


def fit(
    choice: Choice,
    train: Part,
    *,
    epochs: int,
    seed: int,
    after_epoch: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Train to the last epoch and give the model its averaged weights.

    `epochs` is the set's number, of which a choice may take several `passes`. `after_epoch` is
    shown the model with the averaged weights so far; training goes on unchanged.
    """
    torch.manual_seed(seed)
    model = build(choice, train)
    options = replace(choice.training, epochs=epochs * choice.passes)
    optimiser = make_optimiser(model, options)
    average = WeightAverage(model, decay=options.ema)
    steps = max(1, round(len(train.label) / options.batch_size))
    for epoch in range(options.epochs):
        torch.manual_seed(epoch_seed(seed, epoch))
        generator = torch.Generator().manual_seed(epoch_seed(seed, epoch))
        model.train()
        for number, rows in enumerate(torch.randperm(len(train.label)).tensor_split(steps)):
            step = epoch * steps + number
            factor = warmup_cosine(step, options.epochs * steps, warmup=options.warmup)
            for group in optimiser.param_groups:
                group["lr"] = options.lr * factor
            with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16-mixed"):
                loss = _loss(model, train.take(rows), choice, generator)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), options.clip_norm)
            optimiser.step()
            average.update(model)
        if after_epoch is not None:
            with average.lent_to(model):
                after_epoch(model)
    model.load_state_dict(average.shadow)
    return model.eval()


def _loss(model: nn.Module, batch: Part, choice: Choice, generator: torch.Generator) -> Tensor:
    """Cross-entropy of a changed batch; a mixed series has both labels by their shares."""
    options = choice.augment
    values = augment(batch.values, batch.frames, options=options, generator=generator)
    partner, share = draw_mix(len(values), options=options, generator=generator)
    if options.mix:
        values = mix(values, batch.frames, partner, share)
    logits = model(values, batch.frames).logits
    own, other = (
        functional.cross_entropy(
            logits, label, label_smoothing=choice.training.label_smoothing, reduction="none"
        )
        for label in (batch.label, batch.label[partner])
    )
    return torch.lerp(own, other, share).mean()


@torch.no_grad()
def evaluate(model: nn.Module, part: Part) -> tuple[float, float]:
    """Share of series that a model labels right, and its cross-entropy."""
    model.eval()
    batches = [part.take(rows) for rows in torch.arange(len(part.label)).split(64)]
    logits = torch.cat([model(batch.values, batch.frames).logits for batch in batches])
    correct = (logits.argmax(1) == part.label).float().mean()
    return float(correct), float(functional.cross_entropy(logits, part.label))


def read(path: Path) -> list[dict[str, str]]:
    """Read the rows there are."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def find(path: Path, **wanted: str) -> list[dict[str, str]]:
    """Read the rows whose columns have these values."""
    return [row for row in read(path) if all(row[k] == v for k, v in wanted.items())]


def append(path: Path, header: tuple[str, ...], row: dict[str, Any]) -> None:
    """Write one row at the end, and the header in a new file."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})
    print(row, flush=True)


def table(rows: list[dict[str, str]]) -> str:
    """Lay the test scores out as Markdown: mean and spread over the seeds."""
    lines = [
        "| set | method | parameters | seeds | test accuracy, % | published, % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, method in itertools.product(FILES, CHOICES):
        mine = [row for row in rows if (row["set"], row["method"]) == (name, method)]
        if not mine:
            continue
        values = [100 * float(row["test_top1"]) for row in mine]
        spread = stdev(values) if len(values) > 1 else 0.0
        published = PUBLISHED.get(name, "") if method == "gtn" else ""
        lines.append(
            f"| {name} | {method} | {int(mine[0]['parameters']):,} "
            f"| {len(mine)} | {fmean(values):.1f} ± {spread:.1f} | {published} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
