"""Training on clips as they are, and how fast clips are loaded."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from skelgraph.bench.full_size import autocast, make_model, make_optimiser
from skelgraph.bench.options import Case
from skelgraph.data.batching import group_lengths
from skelgraph.data.clip import Clip
from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.data.memory import ClipList
from skelgraph.data.windows import cut_windows, parse_window
from skelgraph.graphs import load_layout, map_joints
from skelgraph.training.config import RunConfig
from skelgraph.transforms.augment import augment

LAYOUT = "kinect_v2"
# Lengths as in NTU RGB+D: some 80 frames on average, 300 at most; 11 of its 60 classes show two.
MEAN_FRAMES, SPREAD, SHORTEST, LONGEST, TWO_BODIES = 80.0, 0.4, 20, 300, 11 / 60
POOL = 256


def measure_recordings(case: Case) -> dict[str, Any]:
    """Time training on made-up clips of NTU's lengths, absent bodies and padding included.

    Returns:
        Lists of seconds a clip 'clip_wall' and 'clip_cpu', one a step, and 'mean_frames',
        'mean_bodies' and 'padding' (share of the frames) of what was trained on.
    """
    clips = made_up_clips(POOL)
    model = make_model(case).train()
    optimiser = make_optimiser(model, case)
    batches = _batches(clips, case, num_frames=None)
    frames = padded = bodies = seen = 0
    walls, processors = [], []
    for number in range(case.calls + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        batch = next(batches)
        _step(model, optimiser, batch, case)
        if number == 0:
            continue
        walls.append((time.perf_counter() - wall) / len(batch))
        processors.append((time.process_time() - cpu) / len(batch))
        frames += int(batch.frames.sum())
        padded += int((~batch.frames).sum())
        bodies += int(batch.bodies.sum())
        seen += len(batch)
    return {
        "clip_wall": walls,
        "clip_cpu": processors,
        "mean_frames": frames / seen,
        "mean_bodies": bodies / seen,
        "padding": padded / (frames + padded),
    }


def measure_loading(case: Case) -> dict[str, Any]:
    """Time sampling, augmenting and batching alone, and the training that it feeds.

    Returns:
        'load_rate' and 'train_rate', clips a second by the clock, with the defaults of
        `skelgraph train`.
    """
    clips = made_up_clips(POOL)
    model = make_model(case).train()
    optimiser = make_optimiser(model, case)
    batches = _batches(clips, case, num_frames=RunConfig(LAYOUT).data.num_frames)
    loading = training = 0.0
    for number in range(case.calls + 1):
        start = time.perf_counter()
        batch = next(batches)
        middle = time.perf_counter()
        _step(model, optimiser, batch, case)
        if number:
            loading += middle - start
            training += time.perf_counter() - middle
    count = case.calls * case.batch_size
    return {"load_rate": count / loading, "train_rate": count / training}


def made_up_clips(count: int) -> ClipSet:
    """Random walks about the neutral pose, with lengths and bodies as in NTU RGB+D."""
    rng = np.random.default_rng(0)
    layout = load_layout(LAYOUT)
    middle = np.log(MEAN_FRAMES) - SPREAD**2 / 2
    lengths = rng.lognormal(middle, SPREAD, count).round().clip(SHORTEST, LONGEST).astype(int)
    clips = []
    for number, length in enumerate(lengths):
        shape = (length, 2, layout.num_joints, 3)
        walk = np.cumsum(rng.normal(0, 0.01, shape), axis=0) + np.asarray(layout.neutral)
        if rng.random() > TWO_BODIES:
            walk[:, 1] = np.nan
        clip = Clip(walk.astype(np.float32), layout, name=str(number), label=number % 60)
        clips.append(replace(clip, subject=number % 10))
    source = ClipList(clips, [str(number) for number in range(60)])
    table = source.clips
    windows = cut_windows(
        table.start, table.frames, np.arange(count), parse_window(None, overlap=0.0, fps=30.0)
    )
    return ClipSet(source, windows, layout=layout, joint_map=map_joints(layout, layout))


def _step(model: nn.Module, optimiser: torch.optim.Optimizer, batch: Batch, case: Case) -> None:
    optimiser.zero_grad(set_to_none=True)
    with autocast(case):
        out = model(batch.positions, batch.visible, batch.frames, returns=("losses",))
    loss = functional.cross_entropy(out.logits.float(), batch.label)
    (loss + 0.01 * sum(out.losses.values())).backward()
    optimiser.step()


def _batches(clips: ClipSet, case: Case, *, num_frames: int | None) -> Iterator[Batch]:
    """Augmented training batches without end, as the training loop makes them."""
    generator = torch.Generator().manual_seed(0)
    layout, options = load_layout(LAYOUT), RunConfig(LAYOUT).augment
    steps = -(-len(clips) // case.batch_size)
    for _ in itertools.count():
        if num_frames is None:
            order = group_lengths(clips.windows.length, steps, generator=generator)
        else:
            order = list(torch.randperm(len(clips), generator=generator).split(case.batch_size))
        for chosen in order:
            batch = clips.batch(chosen, num_frames=num_frames, generator=generator)
            yield augment(batch, layout, options=options, generator=generator)
