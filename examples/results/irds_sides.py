"""Do the sides that IntelliRehabDS's classes name agree with those of its joints?

    SKELGRAPH_DATA=/path/to/data python examples/results/irds_sides.py

For the classes of one arm, counts the clips in which the hand named like the class moves more than
the other one, and those in which the other does.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

OTHER = {"left": "right", "right": "left"}


def main() -> None:
    """Print the counts of each side."""
    path = Path(os.environ["SKELGRAPH_DATA"]) / "sets" / "irds_kinect_v2.npz"
    with np.load(path, allow_pickle=True) as data:
        keypoints, offsets, label = data["keypoints"], data["offsets"], data["label"]
        classes, joints = data["class_names"].tolist(), data["joint_names"].tolist()
    for side, other in OTHER.items():
        named = {i for i, name in enumerate(classes) if is_of_arm(name, side)}
        clips = [
            keypoints[first:last]
            for first, last, which in zip(offsets, offsets[1:], label, strict=False)
            if which in named
        ]
        more = [
            way(clip[:, joints.index(f"{side}_hand")]) > way(clip[:, joints.index(f"{other}_hand")])
            for clip in clips
        ]
        print(
            f"{side} arm: of {len(clips)} clips the hand named {side} moves more in {sum(more)}, "
            f"the hand named {other} in {len(more) - sum(more)}"
        )


def is_of_arm(name: str, side: str) -> bool:
    """Tell whether a class is one arm's: of the shoulder or elbow, of that side."""
    return name.endswith(side) and name.startswith(("shoulder", "elbow"))


def way(places: np.ndarray) -> float:
    """Spread of a joint's places about their mean, in metres; places (T, 4), x y z first."""
    return float(np.linalg.norm(places[:, :3] - places[:, :3].mean(0), axis=1).mean())


if __name__ == "__main__":
    main()
