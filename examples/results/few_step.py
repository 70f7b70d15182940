"""Time the batches of a step with few labels beside the whole step.

A FixMatch step of the small preset: 16 labelled clips, 64 unlabelled ones in a weak and a strong
view, gathered from a store of simulated clips and augmented. One process, one thread, CPU time,
batches and steps in turn; what counts is the ratio of medians:

    python examples/results/few_step.py --output examples/results/few_step.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch

from skelgraph.data.store import write_store
from skelgraph.data.synthetic import simulate
from skelgraph.graphs import load_layout
from skelgraph.training.config import DataOptions, FewOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.devices import Devices, make_fabric
from skelgraph.training.memory import prepare_memory
from skelgraph.training.progress import Reporter
from skelgraph.training.semi.job import FewJob

LAYOUTS = ("mediapipe_hands", "kinect_v2", "openpose_upper8_hands")
COLUMNS = (
    *("layout", "joints", "frames", "batches_ms", "batches_low", "batches_high"),
    *("step_ms", "step_low", "step_high", "share", "load", "torch"),
)


def main() -> None:
    """Time all layouts and write a row each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    prepare_memory()
    rows = [
        time_case(name, frames, repeats=arguments.repeats)
        for name in LAYOUTS
        for frames in arguments.frames
    ]
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def time_case(name: str, frames: int, *, repeats: int) -> dict[str, Any]:
    """Time the batches and the whole of a step on one layout."""
    layout = load_layout(name)
    with TemporaryDirectory() as folder:
        clips, names = simulate(layout, subjects=4, seed=0)
        store = write_store(
            Path(folder) / "store", clips, class_names=names, provenance={"simulated": True}
        )
        config = RunConfig(
            layout=name,
            store=str(store.path),
            data=DataOptions(num_frames=frames),
            model=ModelOptions(preset="small"),
            training=TrainOptions(batch_size=16, link_epochs=0, precision="bf16-mixed"),
            few=FewOptions(label_budget="2", unlabelled_ratio=4, guard=False),
        )
        fabric = make_fabric(Devices(accelerator="cpu", count=1), "bf16-mixed", all_learn=True)
        job = FewJob(config, layout, Path(folder) / "run", fabric, Reporter())
        job.prepared.warm_up(Reporter())
        loop = job.training(job.legs[-1])
        batches, steps = _in_turn(loop.make_batch, loop.try_step, repeats)
    row = {
        "layout": name,
        "joints": layout.num_joints,
        "frames": frames,
        **_spread("batches", batches),
        **_spread("step", steps),
        "share": round(median(batches) / median(steps), 4),
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }
    print(row, flush=True)
    return row


def _in_turn(
    first: Callable[[int], Any], second: Callable[[int], Any], repeats: int
) -> tuple[list[float], list[float]]:
    """CPU milliseconds of both, taken in turn; the first round warms up and does not count."""
    found: tuple[list[float], list[float]] = ([], [])
    for step in range(repeats + 1):
        for work, times in zip((first, second), found, strict=True):
            started = time.process_time()
            work(step)
            times.append(1000 * (time.process_time() - started))
    return found[0][1:], found[1][1:]


def _spread(name: str, times: list[float]) -> dict[str, float]:
    return {
        f"{name}_ms": round(median(times), 1),
        f"{name}_low": round(min(times), 1),
        f"{name}_high": round(max(times), 1),
    }


if __name__ == "__main__":
    main()
