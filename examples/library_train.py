"""Train from Python on arrays of your own: write a store, train, predict.

    python examples/library_train.py [FOLDER]

takes about half a minute on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.store import write_store
from skelgraph.graphs import Layout, load_layout
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.scoring import predict
from skelgraph.training.supervised import train

# Class -> which parts of the body move, and how far up, in metres.
CLASSES = {
    "raise_arms": (("left_arm", "right_arm"), 0.5),
    "lift_leg": (("right_leg",), 0.3),
    "squat": (("head", "torso", "left_arm", "right_arm"), -0.3),
}
# Far smaller than the preset: an example has seconds, not minutes.
TINY = {"channels": (16, 16, 32), "strides": (1, 2, 2)}


def record(layout: Layout, *, label: int, subject: int, rng: np.random.Generator) -> Clip:
    """Stand in for a recording: 30 frames of one person, in metres."""
    name = tuple(CLASSES)[label]
    parts, height = CLASSES[name]
    joints = [joint for part in parts for joint in layout.parts[part]]
    keypoints = np.repeat(layout.neutral[None, None], 30, axis=0)  # (T, M, V, C)
    keypoints[:, 0, joints, 1] += height * np.sin(np.linspace(0, np.pi, 30))[:, None]
    keypoints += rng.normal(0, 0.01, keypoints.shape)
    return Clip(
        keypoints, layout, f"{name}_{rng.integers(1 << 30)}", fps=30, label=label, subject=subject
    )


def main(folder: Path) -> None:
    """Go from arrays to predictions in a folder."""
    layout = load_layout("kinect_v2")
    rng = np.random.default_rng(0)
    clips = [
        record(layout, label=label, subject=subject, rng=rng)
        for subject in range(6)
        for label in range(len(CLASSES))
        for _ in range(4)
    ]
    store = write_store(
        folder / "store", clips, class_names=list(CLASSES), provenance={"made": "in an example"}
    )
    config = RunConfig(
        layout=layout.name,
        store=str(store.path),
        data=DataOptions(num_frames=16),
        model=ModelOptions(preset="small", overrides=TINY),
        training=TrainOptions(epochs=20, link_epochs=1, batch_size=12, ema=0.9),
    )
    metrics = train(config, folder / "run")
    print(f"test: {metrics['test']['num_clips']} clips, top1 {metrics['test']['top1']:.2f}")

    labels = predict([folder / "run"], store.path, device="cpu")
    name, predicted, *probabilities = labels.rows()[0]
    print(f"{name}: {predicted} {probabilities}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
