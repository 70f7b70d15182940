"""How landmarks are extracted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.live.assembling import LAYOUTS


@dataclass(frozen=True)
class ExtractOptions:
    """How landmarks are extracted.

    Args:
        detector: 'hands', 'pose' or 'holistic'.
        mirrored: The media are mirror images, as selfie cameras show: they are flipped back.
        world: Keep metres about hips or hands instead of fractions of the picture.
        max_bodies: Bodies to look for (detector 'pose').
        min_confidence: Score from which on a hand or body counts as found.
        models: Model files, or folders of them; none: see `skelgraph.live.models`.
        folder_labels: Whether folders name classes, see `skelgraph.live.media.find_media`.
        labels: CSV that gives labels, see `skelgraph.data.labels`.
        fps: Take even frames at this rate. None: all frames, as they come.
        pad: Put pictures of different shapes into one frame.
    """

    detector: str = "hands"
    mirrored: bool = False
    world: bool = False
    max_bodies: int = 1
    min_confidence: float = 0.5
    models: tuple[Path, ...] = ()
    folder_labels: bool | None = None
    labels: Path | None = None
    fps: float | None = None
    pad: bool = False

    def __post_init__(self) -> None:
        if self.detector not in LAYOUTS:
            raise ConfigError(unknown_name("detector", self.detector, LAYOUTS))
        if self.max_bodies != 1 and self.detector != "pose":
            raise ConfigError(
                f"max_bodies: expected 1 with detector '{self.detector}', got {self.max_bodies}. "
                "Several bodies are followed with detector 'pose' only."
            )
