"""A skeleton of your own: write its layout, check it, simulate, train, draw.

    python examples/own_layout.py [FOLDER]

takes about half a minute on two cores. The training is far too short to be good.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from skelgraph.cli import main as skelgraph
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.supervised import train

CRAB = """
name: crab
title: A crab with two claws and four legs
source: made up
joints:
  - [body, null, [0.00, 0.10, 0.00]]
  - [left_arm, body, [-0.08, 0.14, -0.02]]
  - [left_claw, left_arm, [-0.12, 0.20, -0.04]]
  - [left_claw_tip, left_claw, [-0.10, 0.25, -0.05]]
  - [right_arm, body, [0.08, 0.14, -0.02]]
  - [right_claw, right_arm, [0.12, 0.20, -0.04]]
  - [right_claw_tip, right_claw, [0.10, 0.25, -0.05]]
  - [left_front_foot, body, [-0.14, 0.00, -0.03]]
  - [right_front_foot, body, [0.14, 0.00, -0.03]]
  - [left_back_foot, body, [-0.12, 0.00, 0.06]]
  - [right_back_foot, body, [0.12, 0.00, 0.06]]
centre: [body]
mirror:
  - [left_arm, right_arm]
  - [left_claw, right_claw]
  - [left_claw_tip, right_claw_tip]
  - [left_front_foot, right_front_foot]
  - [left_back_foot, right_back_foot]
parts:
  body: [body]
  left_claw: [left_arm, left_claw, left_claw_tip]
  right_claw: [right_arm, right_claw, right_claw_tip]
  feet: [left_front_foot, right_front_foot, left_back_foot, right_back_foot]
reference: [[body], [left_arm, right_arm]]
instances: people
max_bodies: 1
"""
# Far smaller than the preset: an example has seconds, not minutes.
TINY = {"channels": (16, 16, 32), "strides": (1, 2, 2)}


def run(*words: str) -> None:
    """Call the command line, and stop where it fails."""
    print("$ skelgraph", *words)
    if code := skelgraph(words):
        raise SystemExit(code)


def main(folder: Path) -> None:
    """Go from a layout file to a picture of attention."""
    layout = folder / "crab.yaml"
    layout.write_text(CRAB, encoding="utf-8")
    run("layouts", "check", str(layout))
    run("plot", "layout", str(layout), "--output", str(folder / "crab.png"))

    config = RunConfig(
        layout=str(layout),
        data=DataOptions(num_frames=24),
        model=ModelOptions(preset="small", overrides=TINY),
        training=TrainOptions(epochs=4, link_epochs=1),
        simulated={"subjects": 6, "clips_per_class": 3, "seed": 0},
    )
    metrics = train(config, folder / "run")
    print(f"simulated test clips: top1 {metrics['test']['top1']:.2f}")
    run("plot", "attention", str(folder / "run"), "--output", str(folder / "attention.png"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
