"""What a detector found in one medium, frame by frame, before any of it is judged."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from skelgraph.errors import FormatError
from skelgraph.files import written_whole

LEFT, RIGHT = 0, 1
SIDES = ("left", "right")


@dataclass(frozen=True, eq=False)
class Found:
    """One hand or body in one frame.

    Args:
        points: Positions in fractions of the picture, z in the scale of x, float32 (V, 3).
        world: Positions in metres about the detector's own origin, float32 (V, 3).
        score: The detector's certainty, float32 (V,); NaN where it gives none.
        side: `LEFT` or `RIGHT` for a hand, -1 for a body.
    """

    points: np.ndarray
    world: np.ndarray
    score: np.ndarray
    side: int = -1


@dataclass(frozen=True)
class FrameFound:
    """All that was found in one frame."""

    hands: Sequence[Found] = ()
    bodies: Sequence[Found] = ()


@dataclass(frozen=True, eq=False)
class Group:
    """All hands, or all bodies, of a medium, one after another.

    Args:
        frame: Number of the frame of each, rising, int64 (N,).
        points: As in `Found`, float32 (N, V, 3).
        world: As in `Found`, float32 (N, V, 3).
        score: As in `Found`, float32 (N, V).
        side: As in `Found`, int64 (N,).
    """

    frame: np.ndarray
    points: np.ndarray
    world: np.ndarray
    score: np.ndarray
    side: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, chosen: np.ndarray) -> Group:
        """Keep some, by place or by truth, in the order given."""
        return Group(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one medium.

    Args:
        times: Time of each frame in seconds, float64 (T,).
        width: Width of the upright picture in pixels.
        height: Height of the upright picture in pixels.
        hands: Hands found.
        bodies: Bodies found.
        repaired: What -> how many frames were repaired while reading.
    """

    times: np.ndarray
    width: int
    height: int
    hands: Group
    bodies: Group
    repaired: dict[str, int] = field(default_factory=dict)

    @property
    def num_frames(self) -> int:
        return len(self.times)


def gather(found: Sequence[tuple[int, Found]], *, num_joints: int) -> Group:
    """Put single finds, each with the number of its frame, into arrays."""
    points = np.array([one.points for _, one in found], dtype=np.float32)
    world = np.array([one.world for _, one in found], dtype=np.float32)
    score = np.array([one.score for _, one in found], dtype=np.float32)
    return Group(
        frame=np.array([frame for frame, _ in found], dtype=np.int64),
        points=points.reshape(-1, num_joints, 3),
        world=world.reshape(-1, num_joints, 3),
        score=score.reshape(-1, num_joints),
        side=np.array([one.side for _, one in found], dtype=np.int64),
    )


def save_detections(path: Path, found: Detections) -> None:
    """Write detections to an .npz file, whole or not at all."""
    arrays: dict[str, np.ndarray] = {
        "times": found.times,
        "size": np.array([found.width, found.height]),
        "repaired": np.array(list(found.repaired), dtype=str),
        "repaired_count": np.array(list(found.repaired.values()), dtype=np.int64),
    }
    for name in ("hands", "bodies"):
        group = getattr(found, name)
        arrays |= {f"{name}_{item.name}": getattr(group, item.name) for item in fields(Group)}
    with written_whole(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def load_detections(path: Path) -> Detections:
    """Read what `save_detections` wrote.

    Raises:
        FormatError: If the file is damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        groups = {
            name: Group(**{item.name: arrays[f"{name}_{item.name}"] for item in fields(Group)})
            for name in ("hands", "bodies")
        }
        width, height = (int(value) for value in arrays["size"])
        counts = zip(arrays["repaired"], arrays["repaired_count"], strict=True)
        repaired = {str(what): int(count) for what, count in counts}
        return Detections(arrays["times"], width, height, repaired=repaired, **groups)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FormatError(
            f"{path}: expected kept detections, got a damaged file. Remove it and run again."
        ) from error
