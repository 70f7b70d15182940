"""Which of some clips are meant: by name, by number, by class."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from skelgraph.errors import RunError, unknown_name


def clip_places(names: Sequence[str], name: str) -> np.ndarray:
    """Find a clip by its name, its window's name, or its place from 0; all windows of a clip.

    Raises:
        RunError: If there is none; the nearest names are given.
    """
    whole = np.array([own.rsplit("@", 1)[0] == name or own == name for own in names])
    if whole.any():
        return np.flatnonzero(whole)
    if name.isdigit() and int(name) < len(names):
        return np.array([int(name)])
    raise RunError(unknown_clip(name, names))


def class_places(classes: np.ndarray, class_names: Sequence[str], name: str) -> np.ndarray:
    """Find the clips of a class.

    Args:
        classes: Class of each clip, shape (N,).
        class_names: All classes.
        name: The class.

    Raises:
        RunError: If the class is unknown or has no clip.
    """
    if name not in class_names:
        raise RunError(unknown_name("class", name, class_names))
    kept = np.flatnonzero(classes == list(class_names).index(name))
    if not len(kept):
        raise RunError(
            f"class '{name}': expected a clip of it, got none among {len(classes)}. "
            "Choose another class or other clips."
        )
    return kept


def unknown_clip(name: str, names: Sequence[str]) -> str:
    """Word the error for a clip that is not there: the nearest names, not all of them."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or list(names[:3])
    return (
        f"clip: expected the name of one of {len(names)} clips or its number from 0, got "
        f"'{name}'. Near it: {', '.join(near)}."
    )
