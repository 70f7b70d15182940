"""What `--json` says of a group of clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skelgraph.explain import Importance

TOP = 5


def summary(name: str, group: Importance) -> dict[str, Any]:
    """Count the clips of a group and name the joints with the greatest shares."""
    import numpy as np

    from skelgraph.graphs.layout import SLOTS
    from skelgraph.training.explained import shares

    joints = shares(group.mean_joints())
    keys: Sequence[tuple[int, int]] = [
        (int(body), int(joint)) for body, joint in np.argwhere(np.isfinite(joints))
    ]
    top = sorted(keys, key=lambda key: -joints[key])[:TOP]
    hands = group.layout.instances == "hands"
    return {
        "group": name or None,
        "num_clips": len(group),
        "top": [
            {
                "body": SLOTS[body] if hands else None,
                "joint": group.layout.joints[joint],
                "share": float(joints[body, joint]),
            }
            for body, joint in top
        ],
    }
