"""The three detectors of Keraal's picture key points, told apart by their joints' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skelgraph.graphs import load_layout


@dataclass(frozen=True, eq=False)
class Detector:
    """A detector's joints as Keraal's files call them.

    Args:
        title: What people call it.
        layout: The layout of its joints.
        sign: What only its files have near their beginning.
        joints: Name in the file -> joint of the layout.
        channels: Coordinates of a joint, 2 or 3.
    """

    title: str
    layout: str
    sign: str
    joints: Mapping[str, str]
    channels: int


def detector_of(head: str) -> Detector | None:
    """Find the detector from a file's beginning without blanks; None where no joint is named."""
    return next((detector for detector in DETECTORS if detector.sign in head), None)


def _openpose() -> dict[str, str]:
    joints = {"Nose": "nose", "Neck": "neck", "mShoulder": "neck"}
    for side, word in (("r", "right"), ("l", "left")):
        for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Eye", "Ear"):
            joints[f"{side}{part}"] = f"{word}_{part.lower()}"
    return joints


def _blazepose() -> dict[str, str]:
    names = {joint.capitalize(): joint for joint in load_layout("mediapipe_pose").joints}
    mouths = {"Mouth_left": "left_mouth", "Mouth_right": "right_mouth"}
    return {name: joint for name, joint in names.items() if joint not in mouths.values()} | mouths


def _alphapose() -> dict[str, str]:
    return {str(place): joint for place, joint in enumerate(load_layout("coco17").joints)}


DETECTORS = (
    Detector("OpenPose", "openpose_coco18", '"rShoulder":[', _openpose(), 2),
    Detector("BlazePose", "mediapipe_pose", '"Left_eye_inner":[', _blazepose(), 3),
    Detector("AlphaPose", "coco17", '{"0":[', _alphapose(), 2),
)
