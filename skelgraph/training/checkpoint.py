"""Checkpoints that a killed run resumes from."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from skelgraph.errors import RunError
from skelgraph.files import written_whole

LAST = "last.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Write a checkpoint whole or not at all, in place of the one before.

    Args:
        folder: The run's `checkpoints` folder.
        state: Tensors and plain containers only.

    Raises:
        OSError: If the disk is full; the checkpoint before it stays.
    """
    import torch

    # torch turns a full disk into an error of its own zip writer: it writes to memory only.
    content = io.BytesIO()
    torch.save(state, content)
    with written_whole(folder / LAST) as temporary, temporary.open("wb") as file:
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    return folder / LAST


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Read the last checkpoint of a run; nothing in the file is ever executed.

    Raises:
        RunError: If there is none, or it is damaged.
    """
    import torch

    path = folder / LAST
    if not path.is_file():
        raise RunError(
            f"{path}: expected a checkpoint, found none. "
            "Nothing was saved yet: start the run again without --resume, with --force."
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise RunError(
            f"{path}: expected a whole checkpoint, got a damaged file ({type(error).__name__}). "
            "Start the run again with --force."
        ) from error
