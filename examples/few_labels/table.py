"""Base classes, then novel classes with few labels: the form of Sturm's table, for any store.

    python examples/few_labels/table.py --data my_store --config options.yaml --output table.csv

Classes are split into base and novel ones, at random or as given with --novel. For each split a
model learns the base classes with all their labels. The novel classes are then learned with few
labels from scratch, with few labels from that model, with pseudo-labels for all other clips
beside them, and, as the reference, with all labels from scratch. Nobody who tests is in any
training. `options.yaml` holds sections of a run's config.yaml (data, model, training, augment,
few, protocol; layout); what it leaves out is as `skelgraph pseudo-label` has it.

Each run's row is written as it ends; a call that was stopped, even killed, goes on where it was.
`--table` prints the tables of what is there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml
from class_split import Half, check_novel, draw_novel, make_half
from class_stages import BASE, HEADER, KEY, PSEUDO, STAGES, Stage, do, stage_config
from class_tables import tables
from pilot import time_base, time_steps
from rows import demand_rows, key_of, read_rows
from runner import run_all

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError, SkelgraphError
from skelgraph.training.config import FewOptions, RunConfig, from_dict

TRAINING = {"batch_size": 16, "label_smoothing": 0.0}
"""What `skelgraph pseudo-label` has by default and `skelgraph train` has not."""

Halves = list[tuple[Half, Half]]


def main() -> int:
    """Run what has no row yet, base classes first, then print the tables."""
    arguments = _arguments()
    try:
        return _run(arguments)
    except SkelgraphError as error:
        print(error, file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.table:
        store = Store.open(arguments.data)
        config = read_config(arguments.config, store)
        halves = make_halves(store, config, arguments)
        print(estimate(halves, config, arguments), flush=True)
        for stages in (base_stages, novel_stages):
            todo = missing(stages(halves, config, arguments), arguments.output)
            failed = run_all(do, todo, output=arguments.output, header=HEADER, jobs=arguments.jobs)
            if failed:
                print(f"{failed} runs failed: call again to try them again", file=sys.stderr)
                return 1
    print(tables(demand_rows(arguments.output)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="store")
    parser.add_argument("--config", type=Path, help="YAML with sections of a run's config.yaml")
    parser.add_argument("--splits", type=int, default=5, help="random splits of the classes")
    parser.add_argument("--novel", action="append", help="a split's novel classes, as a,b,c")
    parser.add_argument("--seeds", type=int, default=3, help="draws of the labels, a split")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once, a thread each")
    parser.add_argument("--output", type=Path, default=Path("table.csv"))
    parser.add_argument("--work", type=Path, default=Path("runs/table"), help="stores and runs")
    parser.add_argument("--table", action="store_true", help="train nothing, print the tables")
    return parser.parse_args()


def read_config(path: Path | None, store: Store) -> RunConfig:
    """Read what all runs share.

    Raises:
        ConfigError: If the file cannot be read, holds no sections, or has a key that a run does
            not have.
    """
    values = {} if path is None else _read_sections(path)
    training = {**TRAINING, **values.get("training", {})}
    whole = {"layout": store.layout.name, **values, "training": training}
    config = from_dict(RunConfig, whole, where=str(path))
    return config if config.few is not None else replace(config, few=FewOptions(method="sturm"))


def _read_sections(path: Path) -> dict[str, Any]:
    """Read the sections of a YAML file; one without text has none."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{path}: expected YAML, got {told}. Correct it.") from error
    wrong = [type(values).__name__]
    if isinstance(values, dict):
        values = {key: value for key, value in values.items() if value is not None}
        wrong = [k for k, v in values.items() if k != "layout" and not isinstance(v, dict)]
    if wrong:
        raise ConfigError(
            f"{path}: expected sections such as 'training: {{epochs: 10}}', got "
            f"{', '.join(map(str, wrong))}. Correct it."
        )
    return dict(values)


def make_halves(store: Store, config: RunConfig, arguments: argparse.Namespace) -> Halves:
    """Make the stores of base and novel classes of each split."""
    names = store.class_names
    given = [tuple(one.strip() for one in text.split(",")) for text in arguments.novel or ()]
    splits = given or [draw_novel(names, number=number) for number in range(arguments.splits)]
    halves = []
    for number, novel in enumerate(splits):
        check_novel(names, novel)
        base = [name for name in names if name not in novel]
        folders = (arguments.work / "classes" / f"{number}_{side}" for side in ("base", "novel"))
        first, second = (
            make_half(store, classes, folder, protocol=config.protocol)
            for classes, folder in zip((base, novel), folders, strict=True)
        )
        halves.append((first, second))
    return halves


def base_stages(
    halves: Halves, config: RunConfig, arguments: argparse.Namespace
) -> Iterator[Stage]:
    """Yield the runs on base classes."""
    for split, (base, _) in enumerate(halves):
        yield Stage(split, BASE, 0, base, config, arguments.work)


def novel_stages(
    halves: Halves, config: RunConfig, arguments: argparse.Namespace
) -> Iterator[Stage]:
    """Yield the runs on novel classes, so that each seed has all stages before the next."""
    for seed in range(arguments.seeds):
        for split, (_, novel) in enumerate(halves):
            for name in STAGES:
                yield Stage(split, name, seed, novel, config, arguments.work)


def missing(stages: Iterator[Stage], output: Path) -> list[Stage]:
    """Keep the runs that have no row."""
    done = {key_of(row, KEY) for row in read_rows(output)}
    return [stage for stage in stages if stage.key not in done]


def estimate(halves: Halves, config: RunConfig, arguments: argparse.Namespace) -> str:
    """Say what is left to do and how long it will take, from a few steps of each kind."""
    base = missing(base_stages(halves, config, arguments), arguments.output)
    novel = missing(novel_stages(halves, config, arguments), arguments.output)
    seconds = time_base(stage_config(base[0])) * len(base) if base else 0.0
    seconds += _novel_seconds(novel) if novel else 0.0
    count = len(base) + len(novel)
    minutes = seconds / 60 / max(1, min(arguments.jobs, count))
    return f"{count} runs to do, about {minutes:.0f} minutes with --jobs {arguments.jobs}"


def _novel_seconds(stages: Sequence[Stage]) -> float:
    from skelgraph.training.semi.running import train_few

    pilot = stage_config(replace(stages[0], name=PSEUDO))
    pace = time_steps(replace(pilot, start=None), train_few)  # the start may not be there yet
    return sum(pace.seconds(stage_config(stage)) for stage in stages)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
