"""How a trained run's two towers share the work, and what each attends to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.training.attention import overlap, run_labels
from skelgraph.training.clips_seen import ClipsSeen
from skelgraph.training.explaining import clips_of_run
from skelgraph.training.inference import outputs
from skelgraph.training.results import clip_names
from skelgraph.training.run_clips import clips_for
from skelgraph.training.weights import Recogniser

BINS = 24  # of relative time, for clips of different lengths
MATRICES = ("step_attention", "joint_attention")


@dataclass(frozen=True, eq=False)
class TowersSeen(ClipsSeen):
    """What the gated head says of N clips.

    Args:
        gate: Weight of the step tower and of the second tower, rows sum to 1, (N, 2).
        step: Attention of frames (rows) to frames in each layer, mean over heads and bodies,
            (N, layers, T', T'); None: not asked for.
        joint: The same of joints to joints, (N, layers, V, V).
        second: What the second tower's tokens are: "joint" or "channel".
    """

    gate: np.ndarray
    step: np.ndarray | None = None
    joint: np.ndarray | None = None
    second: str = "joint"

    def mean_attention(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean over clips of frames to frames and of joints to joints, (layers, S, S) each.

        Raises:
            RunError: If the matrices were not asked for.
        """
        if self.step is None or self.joint is None:
            raise RunError("towers: expected attention matrices, got none. Ask for matrices=True.")
        return np.asarray(self.step.mean(axis=0)), np.asarray(self.joint.mean(axis=0))


def towers_of_run(
    run: str | Path,
    source: str | Path | None = None,
    *,
    matrices: bool = True,
    part: str = "test",
    device: str = "cpu",
) -> TowersSeen:
    """Ask a run how its towers share the work in its own clips or in others.

    Args:
        run: Run folder; with `source` its weights file is enough.
        source: Store or recording; None: the run's own data.
        matrices: Gather the attention matrices, too.
        part: Of the run's own data: train, val or test.
        device: Where the model runs.

    Raises:
        SkelgraphError: If run and clips cannot be read or do not fit, or the model has no gated
            head with towers over frames and joints.
    """
    with clips_of_run(run, source, part=part, device=device) as (recogniser, store, rows):
        return towers_of(recogniser, store, rows=rows, matrices=matrices)


def towers_of(
    recogniser: Recogniser, store: Store, *, rows: np.ndarray, matrices: bool = True
) -> TowersSeen:
    """Run a recogniser over clips and gather its gate and attention; see `towers_of_run`."""
    clips = clips_for(recogniser, store, rows)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("gate", "best", *MATRICES)}
    wanted = MATRICES if matrices else ()
    for batch, output in outputs(recogniser.model, clips, recogniser.data, returns=wanted):
        if output.gate is None or (matrices and output.joint_attention is None):
            raise RunError(
                "towers: expected a model with a gate between a tower over frames and one over "
                "joints, got another. Train as_gcn, st_gcn or ctr_gcn with --head gated."
            )
        second = "channel" if output.joint_weights is None else "joint"
        parts["gate"].append(output.gate.float().cpu().numpy())
        parts["best"].append(output.logits.argmax(1).cpu().numpy())
        if matrices:
            step = output.step_attention.mean(2).float().cpu().numpy()
            frames = batch.frames.cpu().numpy()
            parts[MATRICES[0]].append(
                step if recogniser.data.num_frames else _relative(step, frames)
            )
            parts[MATRICES[1]].append(output.joint_attention.mean(2).float().cpu().numpy())
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items() if arrays}
    return TowersSeen(
        layout=recogniser.layout,
        class_names=recogniser.class_names,
        names=tuple(clip_names(store, clips)),
        label=run_labels(clips, store, recogniser),
        predicted=joined["best"],
        gate=joined["gate"],
        step=joined.get(MATRICES[0]),
        joint=joined.get(MATRICES[1]),
        second=second,
    )


def _relative(attention: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Bring attention among valid frames to equal bins of each clip; rows still sum to 1.

    Args:
        attention: Shape (N, layers, T', T').
        frames: Valid input frames, the first of each clip, (N, T).

    Returns:
        Shape (N, layers, BINS, BINS).
    """
    stride = -(-frames.shape[1] // attention.shape[2])
    result = np.empty((*attention.shape[:2], BINS, BINS), dtype=attention.dtype)
    for row, valid in enumerate(frames):
        count = -(-int(valid.sum()) // stride)
        shares = overlap(count, BINS)  # (BINS, count), columns sum to 1
        own = attention[row][:, :count, :count]
        mean = shares / shares.sum(axis=1, keepdims=True)
        result[row] = mean @ own @ shares.T
    return result


def gate_of_classes(seen: TowersSeen) -> Sequence[tuple[str, np.ndarray]]:
    """The second tower's weight in the clips of each class that has any, in the classes' order."""
    own = seen.classes
    return [
        (name, seen.gate[own == number, 1])
        for number, name in enumerate(seen.class_names)
        if (own == number).any()
    ]
