"""What figures show of importance: shares over clips, body parts, and a clip that moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from skelgraph.data.choosing import clip_places
from skelgraph.data.phases import find_phases, motion_energy
from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.explain.importance import Importance, read_importance
from skelgraph.explain.methods import DEFAULT_METHOD
from skelgraph.plots.parts import parts_of
from skelgraph.training.attention import overlap
from skelgraph.training.explaining import clips_of_run, explain_clips, explain_run
from skelgraph.training.results import clip_names
from skelgraph.training.run_clips import clips_for, opened, own_store
from skelgraph.training.weights import load_recogniser


def importance_of(
    source: str | Path,
    clips: str | Path | None = None,
    *,
    method: str | None = None,
    part: str = "test",
    device: str = "cpu",
) -> Importance:
    """Read importance from a file of `Importance.save`, or ask a run.

    Args:
        source: A .npz file, or a run.
        clips: Store or recording; None: the run's own data.
        method: How importance is found; None: by the default method.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        RunError: If a file is given together with clips or a method.
        SkelgraphError: If the source cannot be read or asked.
    """
    if Path(source).suffix != ".npz":
        return explain_run(source, clips, method=method or DEFAULT_METHOD, part=part, device=device)
    if clips is not None or method is not None:
        raise RunError(
            f"{source}: expected neither clips nor a method beside a file, got one. The file has "
            "its own; give a run to ask again."
        )
    return read_importance(source)


def both_importances(
    before: str | Path,
    after: str | Path,
    clips: str | Path | None = None,
    *,
    method: str | None = None,
    part: str = "test",
    device: str = "cpu",
) -> tuple[Importance, Importance]:
    """Ask two runs about the same clips, those of the second; or read two files.

    Raises:
        RunError: If one is a file and the other is not, or their joints or methods differ.
        SkelgraphError: If they cannot be read or asked.
    """
    files = [Path(path).suffix == ".npz" for path in (before, after)]
    if files[0] != files[1]:
        raise RunError(
            "before and after: expected two runs or two files of importance, got one of each. "
            "Write the other one: skelgraph explain RUN --output FILE.npz."
        )
    second = importance_of(after, clips, method=method, part=part, device=device)
    if files[0]:
        first = importance_of(before, clips, method=method)
    else:
        with clips_of_run(after, clips, part=part, device=device) as (_, store, rows):
            recogniser = load_recogniser(before, device=device)
            first = explain_clips(recogniser, store, rows=rows, method=second.method)
    for what, one, other in (
        ("joints", first.layout.joints, second.layout.joints),
        ("method", first.method, second.method),
    ):
        if one != other:
            raise RunError(
                f"before and after: expected the same {what}, got {_short(one)} and "
                f"{_short(other)}. Compare what has the same."
            )
    return first, second


def _short(value: str | tuple[str, ...]) -> str:
    return f"'{value}'" if isinstance(value, str) else f"{len(value)} joints"


def shares(values: np.ndarray) -> np.ndarray:
    """Divide values by the sum of their magnitudes; where all are zero they stay zero.

    Example:
        >>> shares(np.array([3.0, -1.0])).tolist()
        [0.75, -0.25]
    """
    total = np.nansum(np.abs(values))
    return values / total if total > 0 else values


def mean_frames(importance: Importance) -> np.ndarray:
    """Mean importance of each joint and frame; clips of different lengths in relative time.

    Returns:
        Shape (M or 1, T, V) as `Importance.mean_joints`, NaN for a hand never seen.

    Raises:
        RunError: If frames are not told apart.
    """
    importance.over_joints()  # refuses what tells no frames apart
    lengths = importance.frames
    if (lengths == lengths[0]).all():
        values = importance.values[:, :, : lengths[0]]
    else:
        values = np.stack(
            [
                np.einsum("bt,mtv->mbv", overlap(int(length)), one[:, :length])
                for one, length in zip(importance.values, lengths, strict=True)
            ]
        )
    values = np.where(importance.present[..., None, None], values, np.nan)
    if importance.layout.instances != "hands":
        values = values.reshape(-1, 1, *values.shape[2:])
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def part_shares(importance: Importance) -> dict[str, np.ndarray]:
    """Importance of each body part in each clip, in shares of the mean map's magnitude.

    Returns:
        Name -> (N, M) of hands, NaN where one was not seen; (N, 1) of people, all together.
    """
    joints = importance.joints()
    if importance.layout.instances != "hands":
        joints = importance.over_bodies()[:, None]
    total = np.nansum(np.abs(importance.mean_joints())) or 1.0
    return {
        name: joints[..., list(part)].sum(axis=-1) / total
        for name, part in parts_of(importance.layout)
    }


@dataclass(frozen=True, eq=False)
class ClipMotion:
    """A clip as the model saw it.

    Args:
        positions: House frame, shape (T, M, V, C).
        visible: Which joints were seen, bool, shape (T, M, V).
        length: Recorded frames.
        fps: Recorded frames a second. None: unknown.
    """

    positions: np.ndarray
    visible: np.ndarray
    length: int
    fps: float | None

    @property
    def step(self) -> float:
        """Recorded frames between two that the model saw."""
        return self.length / len(self.positions)

    def phases(self) -> dict[str, float]:
        """Onset, peak and end of the movement as recorded frames; see `find_phases`."""
        found = find_phases(motion_energy(self.positions, self.visible))
        return {name: (frame + 0.5) * self.step for name, frame in found.items()}


def motion_of(importance: Importance, run: str | Path | None = None) -> ClipMotion:
    """Find the recording of the one clip that importance is of.

    Args:
        importance: Of one clip.
        run: The run that it came from. None: where it was when it was asked.

    Raises:
        RunError: If it is not of one clip, or its run or clips are no longer there.
        SkelgraphError: If they cannot be read.
    """
    if len(importance) != 1:
        raise RunError(
            f"motion: expected importance of one clip, got {len(importance)}. Give --clip."
        )
    told = importance.provenance
    if run is None and not {"run", "data"} <= set(told):
        raise RunError(
            "motion: expected importance that says its run and data, got some without. Give the "
            "run instead of the file."
        )
    recogniser = load_recogniser(run or told["run"])

    def find(store: Store) -> ClipMotion:
        clips = clips_for(recogniser, store, np.arange(store.num_clips))
        place = clip_places(clip_names(store, clips), importance.names[0])[:1]
        data = recogniser.data
        batch = clips.batch(
            torch.as_tensor(place), num_frames=data.num_frames or None, centre=data.centre
        )
        return ClipMotion(
            positions=batch.positions[0].permute(1, 3, 2, 0).numpy(),
            visible=batch.visible[0].permute(0, 2, 1).numpy(),
            length=int(clips.windows.length[place[0]]),
            fps=store.fps,
        )

    own = Path(run or told["run"])
    if own.is_dir() and str(own_store(own).path) == told["data"]:
        return find(own_store(own))
    with opened(told["data"]) as store:
        return find(store)
