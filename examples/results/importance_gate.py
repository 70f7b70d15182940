"""Which importance can be believed? Every method through every check.

Simulated clips come first, whose truth is known: one joint, one joint in one time span, or a pair
of joints tells two classes apart, and all joints move with equal energy. A small model learns
them, once as it is and once with joints dropped at random, so that it knows what a missing joint
looks like. Then the sets under $SKELGRAPH_DATA/sets, on validation clips of their development
parts: no test score is read.

A row for each model and method is appended to the CSV as soon as the model is done; what was
stopped goes on there, and a new method alone is added to what is there:

    SKELGRAPH_DATA=/path/to/data python examples/results/importance_gate.py --work importance_runs

With --table nothing is trained: the tables of the documentation are printed from the CSV.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gate_tables import LINKS, tables

from skelgraph.data import formats
from skelgraph.data.store import Store, write_store
from skelgraph.data.synthetic import Planted, simulate_planted_joint, simulate_planted_pair
from skelgraph.explain import METHODS, ExplainOptions, Importance
from skelgraph.explain.link_result import LinkImportance
from skelgraph.explain.localising import hits, rank_of_truth
from skelgraph.graphs import load_layout
from skelgraph.training.config import (
    DataOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.explaining import check_clips, explain_clips, questions, usable_methods
from skelgraph.training.links_explained import explain_links
from skelgraph.training.run import METRICS
from skelgraph.training.run_clips import clips_for, rows_of_part
from skelgraph.training.scoring import evaluate
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser
from skelgraph.transforms.options import AugmentOptions

HEADER = (
    *("case", "seed", "top1", "clips", "method", "replacement", "hide", "hit", "auroc"),
    *("span_auroc", "deletion", "deletion_low", "deletion_high"),
    *("insertion", "insertion_low", "insertion_high", "beats_random"),
    *("plus10", "minus10", "plus20", "minus20", "plus30", "minus30"),
    *("noise", "mirror", "head_lost", "all_lost", "ms_a_clip"),
    *("deletion_gain", "deletion_gain_low", "deletion_gain_high"),
    *("insertion_gain", "insertion_gain_low", "insertion_gain_high"),
)
LEARNT = 0.95  # accuracy from which a method is judged on simulated clips

# Few weights, so that a model learns in seconds what is simple.
TINY: Mapping[str, Any] = {
    "a_links": False,
    "streams": ("joint",),
    "channels": (24, 32),
    "strides": (2, 2),
}
LINKED: Mapping[str, Any] = {
    "streams": ("joint",),
    "free_links": 0,
    "channels": (24, 24),
    "strides": (1, 2),
    "head": "pooled",
    "aim": {"max_lag": 4, "movement": True, "memory": True},
}


@dataclass(frozen=True)
class Case:
    """A model: what it learns, and how."""

    name: str
    layout: str
    planted: str = ""
    file: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    protocol: ProtocolOptions = ProtocolOptions()
    training: Mapping[str, Any] = field(default_factory=dict)
    drop_joint: float = 0.0
    slot: str | None = None
    clips_per_class: int = 40


SIMULATED: Mapping[str, Any] = {
    "epochs": 15,
    "link_epochs": 0,
    "label_smoothing": 0.0,
    "batch_size": 16,
}
# What planted_links.py found to learn a pair.
PAIRED: Mapping[str, Any] = {
    "epochs": 25,
    "link_epochs": 25,
    "link_lr": 5e-3,
    "freeze_links": True,
}
PEOPLE = (
    Case(
        "irds_kinect_v2",
        "kinect_v2",
        file="irds_kinect_v2",
        protocol=ProtocolOptions(protocol="random"),  # a person each trains, validates, tests
        training={"epochs": 12},
    ),
    Case(
        "reach_to_grasp",
        "mediapipe_hands",
        file="reach_to_grasp_p1to6",
        protocol=ProtocolOptions(protocol="xsub", test=(3,), val=(1, 2)),
        training={"epochs": 6},
        slot="right",
    ),
    Case(
        "charades_body25",
        "openpose_body25",
        file="charades_body25",
        protocol=ProtocolOptions(protocol="xsub", test=(1, 2, 3, 4, 5), val=(6, 7, 8, 9, 10)),
        training={"epochs": 6},
    ),
)
CASES = (
    Case("joint", "florence3d", "joint", overrides=TINY, training=SIMULATED),
    Case("joint, dropped", "florence3d", "joint", "", TINY, training=SIMULATED, drop_joint=0.1),
    Case("hand, dropped", "mediapipe_hands", "joint", "", TINY, training=SIMULATED, drop_joint=0.1),
    Case("span, dropped", "florence3d", "span", "", TINY, training=SIMULATED, drop_joint=0.1),
    Case("pair", "florence3d", "pair", "", LINKED, training=PAIRED, clips_per_class=60),
    Case(
        "pair, dropped",
        "florence3d",
        "pair",
        overrides=LINKED,
        training=PAIRED,
        drop_joint=0.1,
        clips_per_class=60,
    ),
    *PEOPLE,
    *(replace(case, name=f"{case.name}, dropped", drop_joint=0.1) for case in PEOPLE[1:]),
    replace(
        PEOPLE[1],
        name="reach_to_grasp, longer, dropped",
        training={"epochs": 18},
        drop_joint=0.1,
    ),
    replace(
        PEOPLE[0],
        name="irds_kinect_v2, longer, dropped",
        training={"epochs": 20, "batch_size": 8, "ema": 0.9},  # 140 steps in place of 24
        drop_joint=0.1,
    ),
)
REPLACED = tuple(
    ExplainOptions(replacement=how, hide=hide)
    for how in ("interpolation", "neutral")
    for hide in (True, False)
)


def main() -> None:
    """Work off what is not in the CSV yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("importance_gate.csv"))
    parser.add_argument("--work", type=Path, default=Path("importance_runs"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES])
    parser.add_argument("--clips", type=int, default=32, help="clips that are explained")
    parser.add_argument("--lost-clips", type=int, default=8, help="of 32, asked layer by layer")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--epochs", type=int, help="of every model, for a trial")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    arguments = parser.parse_args()
    if arguments.table:
        print(tables(_read(arguments.output)), end="")
        return
    torch.set_num_threads(1)
    done = {(row["case"], int(row["seed"]), row["method"]) for row in _read(arguments.output)}
    for seed in arguments.seeds:
        for case in CASES:
            wanted = arguments.cases is None or case.name in arguments.cases
            methods = [name for name in arguments.methods if (case.name, seed, name) not in done]
            if wanted and methods:
                started = time.perf_counter()
                rows = run_case(case, seed, methods, arguments)
                _append(arguments.output, rows)
                print(
                    f"{case.name}, seed {seed}: {time.perf_counter() - started:.0f} s", flush=True
                )


def run_case(
    case: Case, seed: int, methods: Sequence[str], arguments: argparse.Namespace
) -> list[dict[str, Any]]:
    """Train one model, unless it is there, and put methods to the test on it."""
    folder = arguments.work / f"{case.name.replace(', ', '_')}_{seed}"
    store, planted = _clips(case, seed, arguments)
    part = "test" if planted else "val"
    if not (folder / METRICS).is_file():
        train(_config(case, seed, store, arguments), folder, force=True)
    top1 = evaluate([folder], part=part)[part]["top1"]
    recogniser = load_recogniser(folder)
    chosen = rows_of_part(folder, store, part)
    draw = np.random.default_rng(seed)
    chosen = np.sort(draw.permutation(chosen)[: arguments.clips])
    same = {"case": case.name, "seed": seed, "top1": f"{top1:.4f}", "clips": len(chosen)}
    clips = clips_for(recogniser, store, chosen)
    first, _ = next(questions(recogniser, clips, places=np.arange(1)))
    report = check_clips(
        recogniser,
        clips,
        methods=[name for name in usable_methods(first) if name in methods],
        limit=len(chosen),
        lost_clips=arguments.lost_clips,
    )
    rows = []
    for name in report["methods"]:
        for options in REPLACED if name == "occlusion" else REPLACED[:1]:
            found = {}
            if planted is not None and top1 > LEARNT:
                importance = explain_clips(
                    recogniser, store, rows=chosen, method=name, options=options
                )
                found = located(importance, planted)
            elif options != REPLACED[0]:
                continue
            checked = _checked(report["methods"][name]) if options == REPLACED[0] else {}
            ways = {"replacement": options.replacement, "hide": options.hide}
            rows.append({**same, "method": name, **ways, **found, **checked})
    if "random" not in methods:  # another call has put the chance rows down
        return rows
    for unit, areas in report["random"].items():
        rows.append({**same, "method": f"random orders of {unit}", **_areas(areas)})
    if planted is not None and planted.lag:
        importance = explain_links(recogniser, store, rows=chosen)
        rows += [{**same, **row} for row in located_links(importance, planted)]
    return rows


def located(importance: Importance, planted: Planted) -> dict[str, str]:
    """Hit rate and AUROC of the planted joints, and of the planted frames."""
    truth = np.zeros(importance.layout.num_joints, dtype=bool)
    truth[list(importance.layout.indices(planted.joints))] = True
    joints = importance.over_bodies()
    found = {
        "hit": f"{hits(joints, truth).mean():.3f}",
        "auroc": f"{rank_of_truth(joints, truth).mean():.3f}",
    }
    first, last = planted.span
    if importance.timed and last - first < importance.values.shape[2]:
        inside = np.zeros(importance.values.shape[2], dtype=bool)
        inside[first:last] = True
        ranks = rank_of_truth(importance.over_joints(), inside)
        found["span_auroc"] = f"{ranks.mean():.3f}"
    return found


def located_links(importance: LinkImportance, planted: Planted) -> list[dict[str, Any]]:
    """Hit rate and AUROC of the planted link among all from a joint to another, by class."""
    count = importance.layout.num_joints
    leader, follower = importance.layout.indices(planted.joints)
    truth = np.zeros((count, count), dtype=bool)
    truth[leader, follower] = True
    others = ~np.eye(count, dtype=bool)
    rows = []
    for name, some in importance.by_target():
        links = some.values.sum(axis=(1, 2))[:, others]  # over bodies and types
        found = {
            "hit": f"{hits(links, truth[others]).mean():.3f}",
            "auroc": f"{rank_of_truth(links, truth[others]).mean():.3f}",
        }
        rows.append({"method": f"{LINKS}, {name}", "clips": len(some), **found})
    return rows


def _checked(report: Mapping[str, Any]) -> dict[str, Any]:
    row = {**_areas(report), "beats_random": report["beats_random"]}
    for one in report["fidelity"]:
        for side in ("plus", "minus"):
            row[f"{side}{round(100 * one['share'])}"] = f"{one[side]:.3f}"
    stages = list(report["randomised"].values()) or [None]
    values = {"noise": report["noise"], "mirror": report["mirror"]}
    values |= {"head_lost": stages[0], "all_lost": stages[-1]}
    row |= {name: "" if value is None else f"{value:.3f}" for name, value in values.items()}
    return {**row, "ms_a_clip": f"{1000 * report['seconds_a_clip']:.2f}"}


def _areas(report: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{name}{end}": f"{report[name][place]:.4f}"
        for name in ("deletion", "insertion", "deletion_gain", "insertion_gain")
        if name in report  # random orders gain nothing
        for place, end in enumerate(("", "_low", "_high"))
    }


def _clips(case: Case, seed: int, arguments: argparse.Namespace) -> tuple[Store, Planted | None]:
    if not case.planted:
        path = arguments.work / "stores" / case.file
        if not path.exists():
            source = Path(os.environ["SKELGRAPH_DATA"]) / "sets" / f"{case.file}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            formats.convert(source, path)
        return Store.open(path), None
    layout, each = load_layout(case.layout), case.clips_per_class
    if case.planted == "pair":
        planted = simulate_planted_pair(layout, clips_per_class=each, frames=50, seed=seed)
    else:
        strokes = [2] if case.planted == "span" else None
        planted = simulate_planted_joint(layout, strokes=strokes, clips_per_class=each, seed=seed)
    path = arguments.work / "stores" / f"{case.planted}_{case.layout}_{seed}"
    if not path.exists():
        write_store(path, planted.clips, class_names=planted.class_names, provenance={})
    return Store.open(path), planted


def _config(case: Case, seed: int, store: Store, arguments: argparse.Namespace) -> RunConfig:
    simulated = bool(case.planted)
    training = TrainOptions(**{"precision": "32-true", "seed": seed, **case.training})
    if arguments.epochs:
        training = replace(training, epochs=arguments.epochs, link_epochs=0)
    augment = AugmentOptions(drop_joint=case.drop_joint)
    if simulated:
        augment = replace(augment, turn=0.0, tilt=0.0, roll=0.0, scale=0.0)
    return RunConfig(
        layout=case.layout,
        store=str(store.path),
        data=DataOptions(slot=case.slot, **({"num_frames": 0, "crop": 1.0} if simulated else {})),
        protocol=case.protocol,
        model=ModelOptions(preset="small", overrides=dict(case.overrides)),
        training=training,
        augment=augment,
    )


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        if new:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
