"""One hand at a time, as a camera shows it."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import torch

from skelgraph.bench.full_size import HALF, autocast, make_model
from skelgraph.bench.measuring import resident_bytes, time_calls
from skelgraph.bench.options import Case
from skelgraph.nn.folding import fold

LAYOUT, FRAMES, CLASSES = "mediapipe_hands", 64, 10


def measure_streaming(case: Case) -> dict[str, Any]:
    """Time the forward pass of one clip of one hand, and look whether memory grows.

    Returns:
        'wall' and 'cpu', seconds of each call after the first tenth, and 'growth', bytes held
        after the last call beyond those held after that tenth.
    """
    torch.manual_seed(0)
    model = make_model(case, layout=LAYOUT, classes=CLASSES).eval()
    if case.folded:
        model = fold(model, dtype=torch.bfloat16 if case.precision == HALF else None)
        case = replace(case, precision="32-true")  # the blocks alone compute in halves
    positions = torch.randn(1, 3, FRAMES, 21, 1) * 0.1
    visible = torch.ones(1, FRAMES, 21, 1, dtype=torch.bool)
    valid = torch.ones(1, FRAMES, dtype=torch.bool)
    tenth, numbers = case.calls // 10, count(1)
    held: list[int | None] = []

    def call() -> None:
        model(positions, visible, valid)
        if next(numbers) in (tenth, case.calls):
            held.append(resident_bytes())

    with torch.inference_mode(), autocast(case):
        times = time_calls(call, calls=case.calls, warm_up=0)
    before, after = held
    growth = None if before is None or after is None else after - before
    return {"wall": times.wall[tenth:], "cpu": times.cpu[tenth:], "growth": growth}
