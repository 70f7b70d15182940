"""Convert every genuine file under $SKELGRAPH_DATA/native and draw a clip of each on its layout.

    SKELGRAPH_DATA=/data python examples/results/contact_sheet.py --output docs/formats/figures

needs the extra `formats`. One strip of moments a source, for the documentation and for a look:
right joints, right sides, nothing upside down.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats import ReadOptions, read
from skelgraph.plots.clip import clip_figure

SOURCES: dict[str, tuple[str, str | None, ReadOptions]] = {
    "openpose_json": ("openpose_json/fall_body_json.zip", None, ReadOptions()),
    "mediapipe_csv": ("mediapipe_csv", None, ReadOptions()),
    "pose_openpose": ("pose_format/openpose.pose", None, ReadOptions()),
    "pose_mediapipe": ("pose_format/mediapipe.pose", None, ReadOptions()),
    "pose_hand": ("pose_format/mediapipe_hand_normalized.pose", None, ReadOptions()),
    "keraal_kinect": ("keraal", "keraal_kinect", ReadOptions()),
    "keraal_openpose": ("keraal", "keraal_pose", ReadOptions(layout="openpose_coco18")),
    "keraal_blazepose": ("keraal", "keraal_pose", ReadOptions(layout="mediapipe_pose")),
    "keraal_alphapose": ("keraal", "keraal_pose", ReadOptions(layout="coco17")),
    "kimore": ("kimore", None, ReadOptions()),
    "utd_mhad": ("utd_mhad", None, ReadOptions()),
    "nw_ucla": ("nw_ucla", None, ReadOptions()),
    "msr_action3d": ("msr_action3d", None, ReadOptions()),
    "irds": ("irds", None, ReadOptions()),
}


def main() -> None:
    """Draw all sources that are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder for the figures")
    parser.add_argument("--mapping", type=Path, help="describes the tables of native/rtg_csv")
    arguments = parser.parse_args()
    native = Path(os.environ["SKELGRAPH_DATA"]) / "native"
    sources = dict(SOURCES)
    if arguments.mapping:
        sources["table"] = ("rtg_csv", "table", ReadOptions(mapping=str(arguments.mapping)))
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, (place, format_name, options) in sources.items():
        clip = next(iter(read(native / place, format=format_name, options=options).clips))
        draw(clip, name, arguments.output / f"{name}.png")
        print(f"{name}: {clip.name}, {clip.num_frames} frames, {clip.layout.name}")


def draw(clip: Clip, name: str, path: Path) -> None:
    """Draw a clip as a strip of moments, its empty bodies left out."""
    present = np.flatnonzero(clip.seen.any(axis=(0, 2)))
    keypoints = clip.keypoints
    if clip.layout.instances != "hands":
        keypoints = keypoints[:, present]
    figure = clip_figure(
        keypoints,
        clip.layout,
        axes=clip.axes,
        fps=clip.fps,
        moments=6,
        title=f"{name}: {clip.name}",
    )
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
