"""Whether a run that goes on finds the recordings that it began with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from skelgraph.data.store import Store
from skelgraph.data.store_files import CONFIDENCE, KEYPOINTS, sampled_checksum
from skelgraph.errors import RunError
from skelgraph.training.run import write_json

FILE = "store.json"
CLIPS = ("name", "start", "frames", "subject", "camera", "setup", "source")
WHAT = {
    "coordinates": KEYPOINTS,
    "confidence": CONFIDENCE,
    "clips": "clips, people, cameras or setups",
    "labels": "labels",
}


def note_store(folder: Path, store: Store) -> None:
    """Keep checksums of the recordings that a run begins with, in its folder."""
    write_json(folder / FILE, {"store": str(store.path), "sha256": fingerprint(store)})


def check_same_store(folder: Path, store: Store, *, parts: Collection[str] = tuple(WHAT)) -> None:
    """Refuse recordings that are others than those that a run began with.

    Args:
        folder: The run's. One that was begun before checksums were kept passes.
        store: What it finds now.
        parts: Keys of `WHAT` that count.

    Raises:
        RunError: With what changed.
    """
    began = _noted(folder)
    if began is None:
        return
    now = fingerprint(store)
    changed = [WHAT[part] for part in WHAT if part in parts and began.get(part) != now.get(part)]
    if changed:
        raise RunError(
            f"{store.path}: expected the recordings that {folder} began with, got others since: "
            f"{'; '.join(changed)}. Put them back, or begin again with --force."
        )


def check_same_recordings(first: Path, other: Path) -> None:
    """Refuse two runs that learned from different recordings, clips of like names or not.

    Runs that noted no checksums, of simulated clips or made before there were any, pass.

    Raises:
        RunError: If their coordinates differ.
    """
    one, two = _noted(first), _noted(other)
    if one is not None and two is not None and one.get("coordinates") != two.get("coordinates"):
        raise RunError(
            f"{other}: expected the recordings of {first}, got others. Vote only with runs of one "
            "store, or give --data."
        )


def _noted(folder: Path) -> dict[str, str] | None:
    """The checksums that a run began with; None where it kept none."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path}: expected the checksums that the run began with, got something else "
            f"({type(error).__name__}). Remove it, or begin again with --force."
        ) from error


def fingerprint(store: Store) -> dict[str, str]:
    """Give a checksum for each part of a store that training depends on.

    Of large arrays only blocks are read, so that it takes no time; the checksum that the
    conversion wrote stands for the rest.
    """
    table, facts = store.clips, store.facts
    found = {
        part: _digest(str(facts["sha256"].get(name)), sampled_checksum(store.path / name))
        for part, name in (("coordinates", KEYPOINTS), ("confidence", CONFIDENCE))
        if name in facts["sha256"]
    }
    columns = {column: getattr(table, column) for column in CLIPS}
    found["clips"] = _digest(*(_text(values) for values in columns.values()))
    found["labels"] = _digest(_text(np.array(store.class_names)), _text(table.label))
    return found


def _text(values: np.ndarray) -> str:
    return "\n".join(map(str, values.tolist()))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
