"""A training step and an evaluation on clips of the usual full size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelgraph.bench.measuring import forget_peak, peak_bytes, resident_bytes, time_calls
from skelgraph.bench.options import YARDSTICK, Case
from skelgraph.bench.yardstick import PlainStGcn
from skelgraph.graphs import load_layout
from skelgraph.models import build_model, resolve_config
from skelgraph.nn.recompute import set_recompute

LAYOUT, FRAMES, BODIES, CLASSES = "kinect_v2", 300, 2, 60
HALF = "bf16-mixed"


def measure_steps(case: Case) -> dict[str, Any]:
    """Time steps and evaluations of clips of 300 frames, 25 joints and 2 bodies, all seen.

    Returns:
        Lists of seconds 'step_wall', 'step_cpu', 'forward_wall', 'forward_cpu', 'memory' (bytes
        a clip: the peak of the first steps less what was held before them) and 'parameters'.
    """
    torch.manual_seed(0)
    model = make_model(case)
    optimiser = make_optimiser(model, case)
    positions = torch.randn(case.batch_size, 3, FRAMES, 25, BODIES) * 0.3
    label = torch.arange(case.batch_size) % CLASSES
    forward = _forward(model, positions, case)
    held = resident_bytes()
    forget_peak()

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        logits, others = forward(True)
        (functional.cross_entropy(logits.float(), label) + others).backward()
        optimiser.step()

    steps = time_calls(step, calls=case.calls)
    peak = peak_bytes()
    model.eval()
    with torch.inference_mode():
        passes = time_calls(lambda: forward(False), calls=case.calls)
    return {
        "step_wall": steps.wall,
        "step_cpu": steps.cpu,
        "forward_wall": passes.wall,
        "forward_cpu": passes.cpu,
        "memory": None if held is None or peak is None else (peak - held) / case.batch_size,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


def make_model(case: Case, *, layout: str = LAYOUT, classes: int = CLASSES) -> nn.Module:
    """Build the model of a case."""
    skeleton = load_layout(layout)
    if case.model == YARDSTICK:
        return PlainStGcn(skeleton, classes)
    overrides = {"forecast": case.forecast} if case.forecast else {}
    config = resolve_config(case.model, case.preset, overrides=overrides)
    model = build_model(case.model, skeleton, num_classes=classes, config=config)
    if case.recompute:
        set_recompute(model)
    return model


def make_optimiser(model: nn.Module, case: Case) -> torch.optim.Optimizer:
    """The optimiser that each is trained with."""
    if case.model == YARDSTICK:
        return torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(model.parameters(), 1e-3)


def autocast(case: Case) -> torch.autocast:
    """The arithmetic of a case."""
    return torch.autocast("cpu", torch.bfloat16, enabled=case.precision == HALF)


def _forward(
    model: nn.Module, positions: Tensor, case: Case
) -> Callable[[bool], tuple[Tensor, Any]]:
    """Give a function that computes logits and, in training, the sum of the other losses."""
    if case.model == YARDSTICK:

        def plain(training: bool) -> tuple[Tensor, Any]:
            with autocast(case):
                return model(positions), 0.0

        return plain
    clips, _, frames, joints, bodies = positions.shape
    visible = torch.ones(clips, frames, joints, bodies, dtype=torch.bool)
    valid = torch.ones(clips, frames, dtype=torch.bool)

    def ours(training: bool) -> tuple[Tensor, Any]:
        with autocast(case):
            out = model(positions, visible, valid, returns=("losses",) if training else ())
        return out.logits, 0.01 * sum(out.losses.values())

    return ours
