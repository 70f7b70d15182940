"""What a trained run's joint tower attends to, clip by clip and on average."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.choosing import class_places, clip_places
from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.graphs import Layout
from skelgraph.training.inference import outputs
from skelgraph.training.results import clip_names
from skelgraph.training.run_clips import clips_for, opened, own_store, rows_of_part
from skelgraph.training.weights import Recogniser, load_recogniser

BINS = 50  # of relative time, for clips of different lengths


@dataclass(frozen=True, eq=False)
class AttentionSet:
    """Attention of the joint tower over N clips (or windows) of at most M bodies.

    Args:
        layout: Skeleton of axis V.
        class_names: Classes of the run.
        joint_weights: Share of each joint, a body's sum is 1, NaN for absent bodies, (N, M, V).
        joint_frame_weights: The same spread over frames, a body's sum is 1, (N, M, T, V).
        gate: Weight of the joint tower beside the step tower, (N,).
        label: True class, -1 where unknown, (N,).
        predicted: Class that the run predicts, (N,).
        names: Names of the clips.
        frames: Recorded frames of each, (N,).
        fps: Frames per second; None: unknown.
    """

    layout: Layout
    class_names: tuple[str, ...]
    joint_weights: np.ndarray
    joint_frame_weights: np.ndarray
    gate: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    names: tuple[str, ...]
    frames: np.ndarray
    fps: float | None

    def __len__(self) -> int:
        return len(self.names)

    def take(self, chosen: np.ndarray) -> AttentionSet:
        """Keep some clips: places or a mask."""
        places = np.arange(len(self))[chosen]
        arrays = ("joint_weights", "joint_frame_weights", "gate", "label", "predicted", "frames")
        kept: dict[str, Any] = {name: getattr(self, name)[places] for name in arrays}
        return replace(self, **kept, names=tuple(self.names[i] for i in places))

    def of_clip(self, name: str) -> AttentionSet:
        """Keep one clip, by its name, its window's name, or its place from 0.

        Raises:
            RunError: If there is none; the nearest name is given.
        """
        return self.take(clip_places(self.names, name))

    def of_class(self, name: str) -> AttentionSet:
        """Keep the clips of a class: by their labels, or by prediction where none has a label.

        Raises:
            RunError: If the class is unknown or has no clip.
        """
        return self.take(class_places(self.classes, self.class_names, name))

    @property
    def labelled(self) -> bool:
        """Whether any clip has a true class."""
        return bool((self.label >= 0).any())

    @property
    def classes(self) -> np.ndarray:
        """True classes, or predicted ones where no clip has a label, (N,)."""
        return self.label if self.labelled else self.predicted

    def mean_joints(self) -> np.ndarray:
        """Mean share of each joint over clips, NaN for a hand never seen.

        Hands keep their slots; people are unordered, so the mean goes over bodies too, unless
        there is one clip only.

        Returns:
            Shape (M, V), (1, V) for the mean over people.
        """
        return self._mean(self.joint_weights)

    def mean_over_bodies(self) -> np.ndarray:
        """As `mean_joints`, but of one clip of several people, too, their mean, (M or 1, V)."""
        joints = self.mean_joints()
        return joints if self.layout.instances == "hands" else joints.mean(axis=0, keepdims=True)

    def mean_frames(self) -> np.ndarray:
        """Mean share of each joint and frame over clips, as `mean_joints`, (M, T, V)."""
        return self._mean(self.joint_frame_weights)

    def _mean(self, weights: np.ndarray) -> np.ndarray:
        present = np.isfinite(self.joint_weights).all(axis=-1)  # (N, M)
        if self.layout.instances != "hands":
            if len(self) == 1 and present.any():
                return np.asarray(weights[0, present[0]])
            weights = weights.reshape(-1, 1, *weights.shape[2:])
        return _known_mean(weights)


def attention_of_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    part: str = "test",
    device: str = "cpu",
) -> AttentionSet:
    """Ask a run what it attends to in its own clips or in others.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        SkelgraphError: If run and clips cannot be read or do not fit, or the model has no
            joint tower.
    """
    recogniser = load_recogniser(run, device=device)
    if source is None:
        store = own_store(run)
        return attention_of(recogniser, store, rows=rows_of_part(run, store, part))
    with opened(source) as store:
        return attention_of(recogniser, store, rows=np.arange(store.num_clips))


def attention_of(recogniser: Recogniser, store: Store, *, rows: np.ndarray) -> AttentionSet:
    """Run a recogniser over clips and gather the joint tower's attention.

    Args:
        recogniser: Trained model of the gated head.
        store: Where the clips lie.
        rows: Which clips.

    Raises:
        RunError: If the model has no joint tower, or flattens its tokens.
    """
    clips = clips_for(recogniser, store, rows)
    parts: dict[str, list[np.ndarray]] = {key: [] for key in ("joints", "frames", "gate", "best")}
    for batch, output in outputs(
        recogniser.model, clips, recogniser.data, returns=("joint_frame_weights",)
    ):
        if output.body_joint_weights is None:
            got, step = "a pooled head", "--head gated"
            if output.gate is not None:
                got, step = "flattened tokens, whose weights are not known", "--set flatten=false"
            raise RunError(
                f"attention: expected a model with a joint tower, got one with {got}. Train with "
                f"{step}."
            )
        absent = ~batch.bodies.cpu().numpy()
        joints = output.body_joint_weights.float().cpu().numpy()
        spread = output.body_joint_frame_weights.float().cpu().numpy()
        joints[absent], spread[absent] = np.nan, np.nan
        frames = batch.frames.cpu().numpy()
        parts["joints"].append(joints)
        parts["frames"].append(spread if frames.all() else _relative_time(spread, frames))
        parts["gate"].append(output.gate[:, 1].float().cpu().numpy())
        parts["best"].append(output.logits.argmax(1).cpu().numpy())
    joined = {key: np.concatenate(_same_length(key, arrays)) for key, arrays in parts.items()}
    return AttentionSet(
        layout=recogniser.layout,
        class_names=recogniser.class_names,
        joint_weights=joined["joints"],
        joint_frame_weights=joined["frames"],
        gate=joined["gate"],
        label=run_labels(clips, store, recogniser),
        predicted=joined["best"],
        names=tuple(clip_names(store, clips)),
        frames=clips.windows.length,
        fps=store.fps,
    )


def _same_length(key: str, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Batches of unpadded clips may differ in length: bring them all to relative time."""
    if key != "frames" or len({array.shape[2] for array in arrays}) == 1:
        return arrays
    whole = [np.ones(array.shape[::2][:2], dtype=bool) for array in arrays]
    return [_relative_time(a, frames) for a, frames in zip(arrays, whole, strict=True)]


def _relative_time(weights: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Share each clip's valid frames out over equal bins of its length; sums stay.

    Args:
        weights: Shape (N, M, T, V), zero or NaN in padding.
        frames: Valid frames, the first of each clip, (N, T).

    Returns:
        Shape (N, M, BINS, V).
    """
    result = np.empty((*weights.shape[:2], BINS, weights.shape[3]), dtype=weights.dtype)
    for row, valid in enumerate(frames):
        result[row] = np.einsum("bt,mtv->mbv", overlap(int(valid.sum())), weights[row][:, valid])
    return result


def overlap(num_frames: int, bins: int = BINS) -> np.ndarray:
    """Share of each frame that falls into each of some equal bins, columns sum to 1, (B, T).

    Example:
        >>> overlap(2, 4)[:, 0].tolist()
        [0.5, 0.5, 0.0, 0.0]
    """
    low = np.arange(bins)[:, None] * num_frames / bins
    first = np.arange(num_frames)[None]
    return np.clip(
        np.minimum(low + num_frames / bins, first + 1) - np.maximum(low, first), 0.0, None
    )


def _known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over axis 0 of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def run_labels(clips: ClipSet, store: Store, recogniser: Recogniser) -> np.ndarray:
    """Renumber labels from the store's classes to the run's by name; others become -1."""
    number = {name: i for i, name in enumerate(recogniser.class_names)}
    table = np.array([*(number.get(name, -1) for name in store.class_names), -1])
    return np.asarray(table[clips.labels])
