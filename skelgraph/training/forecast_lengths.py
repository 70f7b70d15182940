"""Whether clips are long enough to teach a prediction head."""

from __future__ import annotations

import numpy as np

from skelgraph.data.dataset import ClipSet
from skelgraph.errors import ConfigError


def teaching_clips(clips: ClipSet, frames: int) -> str:
    """Say how many clips, or windows, are long enough to hide the frames that are predicted.

    Args:
        clips: To learn from, taken as they are.
        frames: How many frames are predicted; a clip has to have more than twice as many.

    Returns:
        Words for the report, empty where all are.

    Raises:
        ConfigError: If none is.
    """
    lengths = np.asarray(clips.windows.length)
    enough = int((lengths > 2 * frames).sum())
    if enough == 0:
        raise ConfigError(
            f"forecast: expected training clips, or windows, of more than {2 * frames} frames to "
            f"predict {frames}, got {lengths.max()} at most. Give a smaller --forecast, a longer "
            "--window, or longer recordings."
        )
    if enough == len(lengths):
        return ""
    return (
        f"forecast: {enough} of {len(lengths)} training clips or windows have more than "
        f"{2 * frames} frames and teach the prediction head; the others teach the classes alone"
    )
