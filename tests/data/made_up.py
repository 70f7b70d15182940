"""Clips, tables and .npz files made up for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.table import ClipTable
from skelgraph.graphs import Layout, load_layout

CLASSES = ("push", "pull", "wave")


def walk(layout: Layout, *, frames: int = 12, bodies: int = 1, seed: int = 0, **facts: Any) -> Clip:
    """A body at the neutral pose that drifts smoothly, in metres in the house frame."""
    draw = np.random.default_rng(seed)
    time = np.linspace(0, 2, frames)[:, None, None, None]
    phase = draw.uniform(0, 6, (1, bodies, layout.num_joints, 3))
    neutral = np.stack([layout.neutral_of(body) for body in range(bodies)])
    points = neutral + 0.05 * np.sin(time + phase) + np.array([0.3, -0.2, 2.0])
    points += 0.4 * np.arange(bodies)[:, None, None] * np.array([1.0, 0.0, 0.0])
    named = {"name": f"walk_{seed}", "fps": 30.0, "label": seed % len(CLASSES), **facts}
    return Clip(keypoints=points.astype(np.float32), layout=layout, **named)


def walks(number: int = 6, *, layout: Layout | None = None, **facts: Any) -> list[Clip]:
    """Several such clips of different lengths and subjects."""
    layout = layout or load_layout("kinect_v2")
    return [
        walk(layout, frames=5 + 3 * i, seed=i, subject=i % 3, source=f"film#{i}", **facts)
        for i in range(number)
    ]


def table(subject: list[int], label: list[int], **columns: list[Any]) -> ClipTable:
    """An index of clips of ten frames each."""
    count = len(subject)
    numbers = {
        key: np.array(columns.get(key, [-1] * count), dtype=np.int64)
        for key in ("camera", "setup", "repetition")
    }
    return ClipTable(
        name=np.array([f"clip_{row}" for row in range(count)]),
        start=10 * np.arange(count),
        frames=np.full(count, 10),
        label=np.array(label),
        subject=np.array(subject),
        **numbers,
        bodies=np.ones(count, dtype=np.int64),
        source=np.array(columns.get("source", [""] * count), dtype=str),
        class_names=CLASSES,
    )


def arrays(**changes: Any) -> dict[str, Any]:
    """The content of a small sound .npz set of two clips in metres; None leaves a key out."""
    layout = load_layout("kinect_v2")
    points = np.concatenate([walk(layout, frames=4).keypoints, walk(layout, frames=3).keypoints])
    whole = {
        "keypoints": points[:, 0],
        "offsets": np.array([0, 4, 7]),
        "label": np.array([0, 1]),
        "class_names": np.array(["push", "pull"]),
        "subject": np.array([4, 5]),
        "joint_names": np.array(layout.joints),
        "layout": np.array("kinect_v2"),
        "fps": np.array(30.0),
        "units": np.array("metre"),
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def write_npz(path: Path, **changes: Any) -> Path:
    """Write such a set."""
    np.savez(path, **arrays(**changes))
    return path
