"""Clips and configurations small enough to train on inside a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.graphs import Layout
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions

CLASSES = ("still", "rising", "shaking")


def make_clips(
    layout: Layout, *, subjects: int = 6, each: int = 2, bodies: int = 1, frames: int = 14
) -> list[Clip]:
    """Make clips of three plain motions, told apart by how all joints move."""
    clips = []
    for subject in range(subjects):
        for label, name in enumerate(CLASSES):
            for take in range(each):
                draw = np.random.default_rng([subject, label, take])
                time = np.linspace(0, 1, frames + take)[:, None, None, None]
                pose = layout.neutral[None, None] * draw.uniform(0.9, 1.1)
                motion = (0 * time, 0.5 * time, 0.2 * np.sin(25 * time))[label]
                moved = pose + motion * np.array([0.0, 1.0, 0.0]) + 0 * np.zeros((1, bodies, 1, 1))
                moved = moved * np.array([1.0, 1.0, 1.0]) + draw.normal(0, 0.005, moved.shape)
                bent = moved.copy()
                bent[:, :, 1::2] += motion * np.array([0.3, 0.0, 0.0])
                clips.append(
                    Clip(
                        keypoints=bent.astype(np.float32),
                        layout=layout,
                        name=f"s{subject}_{name}_{take}",
                        units="metre",
                        axes=("right", "up", "away"),
                        fps=30.0,
                        label=label,
                        subject=subject,
                    )
                )
    return clips


def make_store(path: Path, layout: Layout, **options: int) -> Store:
    """Write such clips as a store."""
    return write_store(
        path, make_clips(layout, **options), class_names=CLASSES, provenance={"made": "in a test"}
    )


def make_config(
    store: Store, *, layout: str = "", epochs: int = 2, **training: object
) -> RunConfig:
    """Configure a run that takes seconds."""
    return RunConfig(
        layout=layout or store.layout.name,
        store=str(store.path),
        data=DataOptions(num_frames=8),
        model=ModelOptions(preset="small", overrides=TINY),
        training=TrainOptions(
            epochs=epochs, link_epochs=1, batch_size=8, precision="32-true", **training
        ),
    )


# Widths that keep every part of the model and cost next to nothing.
TINY = {"channels": (8, 8, 16), "strides": (1, 2, 1)}
