"""Time a training step under both precisions and both ways of allocating memory.

Each combination runs in a process of its own, in turn, several times; what counts is the ratio of
medians. The small preset on Kinect v2, 32 clips of 48 frames, one body:

    python examples/results/step_time.py
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median

COMBINATIONS = [(p, m) for p in ("32-true", "bf16-mixed") for m in ("default", "kept")]


def main() -> None:
    """Run all combinations in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(time_steps(*arguments.one, arguments)))
        return
    rows: dict[tuple[str, str], list[list[float]]] = {key: [] for key in COMBINATIONS}
    for _ in range(arguments.repeats):
        for key in COMBINATIONS:
            words = [
                sys.executable,
                __file__,
                "--one",
                *key,
                "--preset",
                arguments.preset,
                "--batch-size",
                str(arguments.batch_size),
                "--frames",
                str(arguments.frames),
            ]
            output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            rows[key].append(json.loads(output))
    print_table(rows, arguments)


def time_steps(precision: str, memory: str, arguments: argparse.Namespace) -> list[float]:
    """Return the median wall and CPU seconds of a step, after three to warm up."""
    import torch

    from skelgraph.graphs import load_layout
    from skelgraph.models import build_model, resolve_config
    from skelgraph.training.memory import keep_freed_memory

    if memory == "kept":
        keep_freed_memory()
    torch.manual_seed(0)
    layout = load_layout("kinect_v2")
    config = resolve_config("as_gcn", arguments.preset, overrides={})
    model = build_model("as_gcn", layout, num_classes=10, config=config)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    count, frames = arguments.batch_size, arguments.frames
    positions = torch.randn(count, 3, frames, layout.num_joints, 1) * 0.3
    visible = torch.ones(count, frames, layout.num_joints, 1, dtype=torch.bool)
    valid = torch.ones(count, frames, dtype=torch.bool)
    labels = torch.arange(count) % 10
    wall, cpu = [], []
    for _ in range(9):
        started = time.perf_counter(), time.process_time()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            output = model(positions, visible, valid, returns=("losses",))
        loss = torch.nn.functional.cross_entropy(output.logits.float(), labels)
        (loss + 0.01 * sum(output.losses.values())).backward()
        optimiser.step()
        wall.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    return [median(wall[3:]), median(cpu[3:])]


def print_table(rows: dict, arguments: argparse.Namespace) -> None:
    """Print medians with their range, and the ratio to the plain form."""
    import torch

    print(
        f"preset {arguments.preset}, {arguments.batch_size} clips x {arguments.frames} frames, "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
        f"load {os.getloadavg()[0]:.1f}, {arguments.repeats} processes each"
    )
    print("| precision | freed memory | wall s a step | CPU s a step | wall, of the first |")
    print("| --- | --- | --- | --- | --- |")
    first = median(value[0] for value in rows[COMBINATIONS[0]])
    for (precision, memory), values in rows.items():
        cells = []
        for column in (0, 1):
            times = sorted(value[column] for value in values)
            cells.append(f"{median(times):.3f} ({times[0]:.3f} to {times[-1]:.3f})")
        ratio = median(value[0] for value in values) / first
        print(f"| {precision} | {memory} | {cells[0]} | {cells[1]} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
