"""Convert a file to a store, look at it, and split it by subject.

    python examples/convert_and_inspect.py [FOLDER]

writes the file itself first: gestures of four simulated people, with gaps.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from skelgraph.cli import main as skelgraph
from skelgraph.data.protocols import split_clips
from skelgraph.data.store import Store
from skelgraph.data.synthetic import simulate
from skelgraph.graphs import load_layout


def write_npz(path: Path) -> None:
    """Write simulated clips in the form of `.npz` that `skelgraph convert` reads."""
    layout = load_layout("openpose_body25")
    clips, names = simulate(layout, subjects=4, clips_per_class=2, seed=3)
    frames = [clip.num_frames for clip in clips]
    np.savez_compressed(
        path,
        keypoints=np.concatenate([clip.keypoints[:, 0] for clip in clips]),  # (F, V, C)
        offsets=np.concatenate([[0], np.cumsum(frames)]),
        label=[clip.label for clip in clips],
        subject=[clip.subject for clip in clips],
        class_names=names,
        joint_names=layout.joints,
        units="metre",
        fps=30.0,
    )


def main(folder: Path) -> None:
    """Convert, inspect, split."""
    write_npz(folder / "recordings.npz")
    source, target = str(folder / "recordings.npz"), str(folder / "store")
    for words in (["convert", source, target], ["inspect", target]):
        print("$ skelgraph", *words)
        if code := skelgraph(words):
            raise SystemExit(code)

    store = Store.open(target)
    split = split_clips(store.clips, "loso", fold=0)
    for part in ("train", "val", "test"):
        rows = getattr(split, part)
        subjects = sorted(set(store.clips.subject[rows].tolist()))
        print(f"{part}: {len(rows)} clips of subjects {subjects}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
