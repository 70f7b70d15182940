"""The recordings that methods for few labels are compared on, and how each is prepared."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skelgraph.data import formats
from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.config import DataOptions
from skelgraph.transforms.options import AugmentOptions

FRAMES = 32


@dataclass(frozen=True)
class LabelSet:
    """One set.

    Args:
        name: Its file under $SKELGRAPH_DATA/sets, without the ending.
        layout: Skeleton that the model sees.
        shipped: Name of the simulated weights to start from.
        data: How clips are prepared.
        augment: The weak view; the strong one is that of the preset.
        cameras: Camera that labelled, unlabelled and test clips come from. None: any.
    """

    name: str
    layout: str
    shipped: str
    data: DataOptions = DataOptions(num_frames=FRAMES)
    augment: AugmentOptions = AugmentOptions()
    cameras: Mapping[str, int] | None = None


# Of reach-to-grasp the grasping hand alone, as in examples/results/real_sets.py: the other 29
# joints cost twice the time and lower the accuracy of all methods there.
REACHING = LabelSet(
    "reach_to_grasp_p1to6",
    "mediapipe_hands",
    "hands_2d",
    data=DataOptions(num_frames=FRAMES, slot="right", crop=1.0, centre="frame"),
    augment=AugmentOptions(roll=5, scale=0.05, drop_joint=0.1),
)
UTD = LabelSet("utd_mhad_odd", "kinect_v1", "body")
CHARADES = LabelSet("charades_body25", "openpose_body25", "body_2d")
UCLA = LabelSet(
    "nw_ucla_views12",
    "kinect_v1",
    "body",
    cameras={"train": 1, "unlabelled": 2, "test": 2},
)
SCREENED = (REACHING, UTD)
COMPARED = (REACHING, CHARADES, UCLA)


def open_set(one: LabelSet, work: Path) -> Store:
    """Convert a set once.

    Raises:
        ConfigError: If nothing says where the sets are.
    """
    path = work / "stores" / one.name
    if not path.exists():
        folder = os.environ.get("SKELGRAPH_DATA")
        if not folder:
            raise ConfigError(
                "SKELGRAPH_DATA: expected the folder that holds sets/, got none. Set it before "
                "the command: SKELGRAPH_DATA=/path/to/data python ..."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        formats.convert(Path(folder) / "sets" / f"{one.name}.npz", path)
    return Store.open(path)
