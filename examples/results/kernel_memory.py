"""Memory and time of training on many lengths, by how many compiled kernels are kept.

The small preset on Kinect v2, four clips a step of 30 to 140 frames and one or two bodies. Each
number of kernels has processes of its own, in turn:

    OMP_NUM_THREADS=1 python examples/results/kernel_memory.py
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from statistics import median

CLIPS, LONGEST = 4, 140


def main() -> None:
    """Run all numbers in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, nargs="+", default=[1024, 256])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(train_steps(arguments.steps)))
        return
    rows: dict[int, list[list[float]]] = {kernels: [] for kernels in arguments.kernels}
    for _ in range(arguments.repeats):
        for kernels, results in rows.items():
            words = [sys.executable, __file__, "--one", "--steps", str(arguments.steps)]
            setting = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(kernels)}
            done = subprocess.run(
                words, env=os.environ | setting, capture_output=True, text=True, check=True
            )
            results.append(json.loads(done.stdout))
    print(f"{arguments.steps} steps, {arguments.repeats} processes each, median (range)")
    print("| kernels kept | growth, MB | CPU s a step |")
    print("| --- | --- | --- |")
    for kernels, results in rows.items():
        growth, seconds = (sorted(result[column] for result in results) for column in (0, 1))
        print(
            f"| {kernels:,} | {median(growth):.0f} ({growth[0]:.0f} to {growth[-1]:.0f}) "
            f"| {median(seconds):.3f} ({seconds[0]:.3f} to {seconds[-1]:.3f}) |"
        )


def train_steps(steps: int) -> list[float]:
    """Return by how many MB the process grew in the steps after the longest, and seconds a step."""
    import torch

    from skelgraph.bench.measuring import resident_bytes
    from skelgraph.graphs import load_layout
    from skelgraph.models import build_model, resolve_config
    from skelgraph.training.memory import keep_freed_memory

    keep_freed_memory()
    torch.manual_seed(0)
    draw = random.Random(0)
    config = resolve_config("as_gcn", "small", overrides={})
    model = build_model("as_gcn", load_layout("kinect_v2"), num_classes=10, config=config)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)

    def step(frames: int, pairs: int) -> None:
        positions = torch.randn(CLIPS, 3, frames, 25, 2) * 0.3
        visible = torch.ones(CLIPS, frames, 25, 2, dtype=torch.bool)
        visible[pairs:, ..., 1] = False
        valid = torch.ones(CLIPS, frames, dtype=torch.bool)
        valid[::2, -draw.randint(1, 9) :] = False
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            output = model(positions, visible, valid, returns=("losses",))
        loss = torch.nn.functional.cross_entropy(output.logits.float(), torch.arange(CLIPS))
        (loss + 0.01 * sum(output.losses.values())).backward()
        optimiser.step()

    for _ in range(3):
        step(LONGEST, CLIPS)
    before, started = resident_bytes() or 0, time.process_time()
    for _ in range(steps):
        step(draw.randint(30, LONGEST), draw.randint(0, CLIPS))
    seconds = (time.process_time() - started) / steps
    return [((resident_bytes() or 0) - before) / 1e6, seconds]


if __name__ == "__main__":
    main()
