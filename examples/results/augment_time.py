"""Time a weak and a strong view of a batch beside a training step on the same clips.

In one process on one thread, views and steps in turn; what counts is the ratio of medians. The
small preset as `skelgraph train` runs it here (its precision, freed memory kept), 64 clips of
joints drawn at random, one in twenty not seen:

    python examples/results/augment_time.py --output examples/results/augment_time.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from skelgraph.data.dataset import Batch
from skelgraph.graphs import Layout, load_layout
from skelgraph.models import build_model, resolve_config
from skelgraph.training.devices import choose_precision
from skelgraph.training.memory import prepare_memory
from skelgraph.transforms.augment import augment
from skelgraph.transforms.presets import preset

# Layout, bodies, coordinates that are places, further channels.
CASES = (
    ("mediapipe_hands", 2, 3, 0),
    ("kinect_v2", 1, 3, 0),
    ("kinect_v2", 2, 3, 0),
    ("openpose_upper8_hands", 1, 2, 1),
)
COLUMNS = (
    *("layout", "joints", "bodies", "channels", "frames", "views_ms", "views_low", "views_high"),
    *("step_ms", "step_low", "step_high", "share", "precision", "load", "torch"),
)


def main() -> None:
    """Time all cases and write a row each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--frames", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    prepare_memory()
    rows = [
        time_case(case, frames, clips=arguments.clips, repeats=arguments.repeats)
        for case in CASES
        for frames in arguments.frames
    ]
    with arguments.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def time_case(
    case: tuple[str, int, int, int], frames: int, *, clips: int, repeats: int
) -> dict[str, object]:
    """Return one row: processor milliseconds of both views and of a step, medians and range."""
    name, bodies, places, further = case
    layout = load_layout(name)
    batch = make_batch(layout, (clips, places + further, frames, layout.num_joints, bodies))
    generator = torch.Generator().manual_seed(0)
    views = [preset(word, layout) for word in ("weak", "strong")]

    def both_views() -> None:
        for options in views:
            augment(batch, layout, options=options, generator=generator, num_spatial=places)

    precision = choose_precision("auto", "cpu")
    step = make_step(layout, batch, precision)
    spent: dict[str, list[float]] = {"views": [], "step": []}
    for _ in range(repeats + 1):
        spent["views"].append(clocked(both_views))
        spent["step"].append(clocked(step))
    row: dict[str, object] = {
        "layout": name,
        "joints": layout.num_joints,
        "bodies": bodies,
        "channels": places + further,
        "frames": frames,
        "precision": precision,
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }
    for what, seconds in spent.items():
        times = sorted(1000 * second for second in seconds[1:])
        row |= {
            f"{what}_ms": round(median(times), 1),
            f"{what}_low": round(times[0], 1),
            f"{what}_high": round(times[-1], 1),
        }
    row["share"] = round(median(spent["views"][1:]) / median(spent["step"][1:]), 4)
    print(name, bodies, frames, row["views_ms"], row["step_ms"], row["share"], flush=True)
    return row


def clocked(call: Callable[[], None]) -> float:
    """Processor seconds of a call: other work on the machine counts less than by the clock."""
    started = time.process_time()
    call()
    return time.process_time() - started


def make_batch(layout: Layout, shape: tuple[int, ...]) -> Batch:
    """Clips about the neutral pose, (N, C, T, V, M)."""
    torch.manual_seed(0)
    clips, channels, frames, joints, bodies = shape
    pose = torch.tensor(layout.neutral[:, :channels]).T.reshape(1, -1, 1, joints, 1)
    positions = 0.1 * torch.randn(shape)
    positions[:, : pose.shape[1]] += pose
    return Batch(
        positions=positions,
        visible=torch.rand(clips, frames, joints, bodies) < 0.95,
        frames=torch.ones(clips, frames, dtype=torch.bool),
        label=torch.arange(clips) % 10,
        index=torch.arange(clips),
    )


def make_step(layout: Layout, batch: Batch, precision: str) -> Callable[[], None]:
    """Build a model and give one step of its training."""
    overrides = {"num_coords": batch.positions.shape[1]}
    config = resolve_config("as_gcn", "small", overrides=overrides)
    model = build_model("as_gcn", layout, num_classes=10, config=config)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            output = model(batch.positions, batch.visible, batch.frames, returns=("losses",))
        loss = torch.nn.functional.cross_entropy(output.logits.float(), batch.label)
        (loss + 0.01 * sum(output.losses.values())).backward()
        optimiser.step()

    return step


if __name__ == "__main__":
    main()
