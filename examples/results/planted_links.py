"""Do A-links find two far joints of which one does what the other did shortly before?

Simulated clips of two classes: in 'together' the planted pair moves as one, the follower two
frames behind its leader, in 'apart' nobody follows anybody; all joints move with equal energy. The
links are learned first, without classes; then, frozen, they are part of a small network that tells
the classes apart. For each seed (another pair, other clips, other weights) and each way to learn
links, prints comma-separated

- auroc: among all directed pairs, how the pair from leader to follower ranks by 1 - P(ghost), the
  mean over the 'together' clips of test subjects (1: first, 0.5: chance);
- pair, apart, others: that probability, the same in 'apart' clips, and the mean over all other
  pairs. A pair that ranks high in 'apart' clips too was found by its place on the body, not by its
  movement;
- top1: test accuracy of telling the classes apart.

    python examples/results/planted_links.py --output planted_runs --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import Planted, simulate_planted_pair
from skelgraph.graphs import load_layout
from skelgraph.training.clips import cut_parts, split_store
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.inference import outputs
from skelgraph.training.run import METRICS
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser
from skelgraph.transforms.options import AugmentOptions

TOGETHER, APART = 0, 1
COLUMNS = ("seed", "links", "auroc", "pair", "apart", "others", "top1")


def main() -> None:
    """Train every way and seed, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--layout", default="florence3d")
    parser.add_argument("--lag", type=int, default=2)
    parser.add_argument("--subjects", type=int, default=8)
    parser.add_argument("--clips-per-class", type=int, default=60)
    parser.add_argument("--link-epochs", type=int, default=25)
    parser.add_argument("--link-lr", type=float, default=5e-3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--links", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(*COLUMNS, sep=",")
    for seed in options.seeds:
        planted = simulate_planted_pair(
            load_layout(options.layout),
            lag=options.lag,
            subjects=options.subjects,
            clips_per_class=options.clips_per_class,
            frames=50,
            seed=seed,
        )
        for name in options.links:
            row = run_one(planted, seed, name, WAYS[name], options)
            print(*row, sep=",", flush=True)


def run_one(
    planted: Planted,
    seed: int,
    name: str,
    overrides: Mapping[str, Any],
    options: argparse.Namespace,
) -> list[str]:
    """Train once and return the row's cells."""
    path = options.output / f"clips{seed}"
    if not path.exists():
        write_store(path, planted.clips, class_names=planted.class_names, provenance={})
    config = RunConfig(
        layout=options.layout,
        store=str(path),
        data=DataOptions(num_frames=0, crop=1.0),
        model=ModelOptions(preset="small", overrides={**NETWORK, **overrides}),
        training=TrainOptions(
            epochs=options.epochs,
            link_epochs=options.link_epochs,
            link_lr=options.link_lr,
            freeze_links=overrides.get("a_links", True),
            precision="32-true",
            seed=seed,
        ),
        augment=AugmentOptions(turn=0.0, tilt=0.0, roll=0.0, scale=0.0),
    )
    folder = options.output / f"{name.replace(' ', '_')}_{seed}"
    if (folder / METRICS).is_file():  # of a call that was stopped
        metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    else:
        metrics = train(config, folder, force=True)
    found = ["-"] * 4
    if overrides.get("a_links", True):
        found = [f"{value:.3f}" for value in ranked(folder, config, planted)]
    return [str(seed), name, *found, f"{metrics['test']['top1']:.3f}"]


def ranked(folder: Path, config: RunConfig, planted: Planted) -> tuple[float, ...]:
    """Rank of the planted pair among all directed pairs, its probability and the others'."""
    recogniser = load_recogniser(folder)
    store = Store.open(str(config.store))
    parts = cut_parts(
        store, split_store(store, config.protocol), layout=recogniser.layout, data=config.data
    )
    kept, labels = [], []
    for batch, output in outputs(recogniser.model, parts.test, config.data, returns=("a_links",)):
        present = output.a_links.sum(dim=(2, 3, 4)) > 0  # a hand may stand in either slot
        kept.append(1 - output.a_links[present][:, 0])
        labels.append(batch.label)
    links, label = torch.cat(kept), torch.cat(labels)
    pair = recogniser.layout.indices(planted.joints)
    rank, value, others = auroc(links[label == TOGETHER].mean(0), *pair)
    return rank, value, float(links[label == APART].mean(0)[tuple(pair)]), others


def auroc(links: Tensor, leader: int, follower: int) -> tuple[float, float, float]:
    """Rank one directed pair among all; ties count half.

    Args:
        links: [sender, receiver], shape (V, V).
        leader: Sender of the pair.
        follower: Receiver of the pair.
    """
    value = float(links[leader, follower])
    joints = range(len(links))
    others = [
        float(links[u, v])
        for u in joints
        for v in joints
        if u != v and (u, v) != (leader, follower)
    ]
    rank = fmean((other < value) + 0.5 * (other == value) for other in others)
    return rank, value, fmean(others)


# Few weights, so that it cannot learn the clips by heart, and no other links to any joint.
NETWORK: Mapping[str, Any] = {
    "free_links": 0,
    "streams": ("joint",),
    "channels": (24, 24),
    "strides": (1, 2),
    "head": "pooled",
}
WAYS: dict[str, Mapping[str, Any]] = {
    "as shipped": {},
    "likeness": {"aim": {"max_lag": 4}},
    "all three": {"aim": {"max_lag": 4, "movement": True, "memory": True}},
    "no A-links": {"a_links": False},
}

if __name__ == "__main__":
    main()
