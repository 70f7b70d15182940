"""How far a step is from what the machine's arithmetic allows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from skelgraph.bench.full_size import BODIES, FRAMES, autocast, make_model
from skelgraph.bench.measuring import time_calls
from skelgraph.bench.options import YARDSTICK, Case

SIZE = 2048


def measure_arithmetic(case: Case) -> dict[str, Any]:
    """Count the floating-point operations of a step and time large matrix products.

    Returns:
        'speed_float32' and 'speed_bfloat16', operations a second; 'step' and 'forward',
        operations a clip of full size, of the case's model.
    """
    found: dict[str, Any] = {}
    for dtype in (torch.float32, torch.bfloat16):
        left = torch.randn(SIZE, SIZE).to(dtype)
        times = time_calls(partial(torch.matmul, left, left), calls=5, warm_up=2)
        found[f"speed_{str(dtype).rpartition('.')[2]}"] = 2 * SIZE**3 / min(times.wall)
    return {**found, **count_operations(replace(case, batch_size=1))}


def count_operations(case: Case) -> dict[str, int]:
    """Count multiplications and additions of matrix products and convolutions, a clip."""
    model = make_model(case)
    positions = torch.randn(1, 3, FRAMES, 25, BODIES)
    visible = torch.ones(1, FRAMES, 25, BODIES, dtype=torch.bool)
    valid = torch.ones(1, FRAMES, dtype=torch.bool)
    given = (positions,) if case.model == YARDSTICK else (positions, visible, valid)
    with FlopCounterMode(display=False) as step, autocast(case):
        if case.model == YARDSTICK:
            logits, others = model(*given), 0.0
        else:
            out = model(*given, returns=("losses",))
            logits, others = out.logits, sum(out.losses.values())
        loss = functional.cross_entropy(logits.float(), torch.zeros(1, dtype=torch.int64))
        (loss + others).backward()
    model.eval()
    with FlopCounterMode(display=False) as forward, torch.no_grad(), autocast(case):
        model(*given)
    return {"step": step.get_total_flops(), "forward": forward.get_total_flops()}
