"""The poses that come next in recordings, as a trained run predicts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from skelgraph.data.clip import Clip
from skelgraph.data.coordinates import METRES, to_house_frame
from skelgraph.data.dataset import ClipSet
from skelgraph.data.memory import ClipList
from skelgraph.data.prepare import PrepareOptions
from skelgraph.data.size import size_factor
from skelgraph.data.store import Store
from skelgraph.data.windows import WindowSpec, cut_windows, parse_window
from skelgraph.errors import RunError, StoreError
from skelgraph.graphs import JointMap, Layout
from skelgraph.training.forecasts import Forecasts, Placement, Track
from skelgraph.training.inference import outputs
from skelgraph.training.rates import rate_note
from skelgraph.training.run_clips import joints_for, opened, own_store, rows_of_part
from skelgraph.training.weights import Recogniser, load_recogniser


def forecast(
    run: str | Path,
    source: str | Path | None = None,
    *,
    hide: bool = False,
    part: str = "test",
    device: str = "cpu",
) -> Forecasts:
    """Predict the poses that come next in a store or a recording.

    Args:
        run: Run folder or weights file, with a prediction head.
        source: Store or recording in any readable format. None: the run's own clips, whose last
            frames are hidden and kept as truth.
        hide: Do the same with the clips of the source.
        part: Of the run's own clips: train, val or test.
        device: Where the model runs.

    Raises:
        SkelgraphError: If the run or the source cannot be read, or they do not fit.
    """
    recogniser = load_recogniser(run, device=device)
    forecast_frames(recogniser, what=str(run))
    if source is None:
        store = own_store(run)
        return forecast_clips(recogniser, store, rows_of_part(run, store, part), hide=True)
    with opened(source) as store:
        found = forecast_clips(recogniser, store, np.arange(store.num_clips), hide=hide)
        note = rate_note(recogniser, store, source=source)
    return replace(found, notes=(note,) if note else ())


def forecast_clips(
    recogniser: Recogniser, store: Store, rows: np.ndarray, *, hide: bool
) -> Forecasts:
    """Predict the poses that come next in clips of a store.

    What the model sees is prepared from the observed frames alone, as if the recording ended
    with them: size, centre and filled gaps know nothing of what follows.

    Args:
        recogniser: With a prediction head.
        store: Recordings.
        rows: Which clips.
        hide: Hide the last frames of every window that the run would score, and keep them as
            truth. Else the whole clip is observed (of a run trained on windows, its last frames,
            as many as the model observed in training).

    Raises:
        RunError: If the run has no prediction head, or does not fit the recordings.
        StoreError: If no clip is long enough.
    """
    frames = forecast_frames(recogniser)
    joints, layout = joints_for(recogniser, store), recogniser.layout
    pieces = _hiding(recogniser, store, rows) if hide else _whole(recogniser, store, rows)
    dropped: dict[str, str] = {}
    kept = []
    for piece in pieces:
        if piece.length <= frames:
            dropped[str(store.clips.name[piece.row])] = _too_short(piece, frames, hide=hide)
        else:
            kept.append(piece)
    if not kept:
        raise StoreError(
            f"{store.path}: expected a clip with more than {(1 + hide) * frames} frames, got none. "
            f"Give longer recordings, or train with a smaller --forecast than {frames}."
        )
    tracks = list(_tracks(recogniser, store, kept, joints=joints, hidden=frames if hide else 0))
    if not tracks:
        raise StoreError(
            f"{store.path}: expected joints in the frames to observe, got none in any clip. Give "
            "other recordings."
        )
    for piece in kept:
        name = str(store.clips.name[piece.row])
        if not any(track.row == piece.row for track in tracks):
            dropped[name] = "no joint in the frames to observe"
    return Forecasts(tracks, layout, store.fps, tuple(store.class_names), dropped)


def forecast_frames(recogniser: Recogniser, *, what: str = "run") -> int:
    """How many frames a run predicts.

    Args:
        recogniser: The run.
        what: Its name, for the message.

    Raises:
        RunError: If it has no prediction head.
    """
    config = getattr(recogniser.model, "config", None)
    frames = int(getattr(config, "forecast", 0))
    if not frames:
        raise RunError(
            f"{what}: expected a run with a prediction head, got one without. Train one: "
            "skelgraph train --data STORE --forecast 10 --window 50 --overlap 0.5."
        )
    return frames


@dataclass(frozen=True)
class _Piece:
    """Frames of a clip to observe."""

    row: int
    start: int
    length: int


def _too_short(piece: _Piece, frames: int, *, hide: bool) -> str:
    if not hide:
        return f"{piece.length} frames to observe, too few for {frames} to predict"
    total = piece.length + frames
    return f"{total} frames, too few to hide {frames} and observe more than {frames}"


def _hiding(recogniser: Recogniser, store: Store, rows: np.ndarray) -> Iterator[_Piece]:
    data, table, frames = recogniser.data, store.clips, forecast_frames(recogniser)
    overlap = data.overlap if data.test_overlap is None else data.test_overlap
    spec = parse_window(data.test_window or data.window, overlap=overlap, fps=store.fps)
    windows = cut_windows(table.start, table.frames, rows, spec)
    for row, start, length in zip(windows.row, windows.start, windows.length, strict=True):
        yield _Piece(int(row), int(start - table.start[row]), int(length) - frames)


def _whole(recogniser: Recogniser, store: Store, rows: np.ndarray) -> Iterator[_Piece]:
    data, frames = recogniser.data, forecast_frames(recogniser)
    limit = parse_window(data.window, fps=store.fps).length
    for row in rows:
        total = int(store.clips.frames[row])
        length = total if limit is None else min(total, max(limit - frames, frames + 1))
        yield _Piece(int(row), total - length, length)


def _tracks(
    recogniser: Recogniser,
    store: Store,
    pieces: Sequence[_Piece],
    *,
    joints: JointMap,
    hidden: int,
) -> Iterator[Track]:
    """Run the model over the pieces; those in which nothing is seen are left out."""
    clips = [_slice(store.clip(piece.row), piece.start, piece.length) for piece in pieces]
    listed = ClipList(clips)
    whole = cut_windows(
        listed.clips.start, listed.clips.frames, np.arange(len(clips)), WindowSpec()
    )
    ready = ClipSet(
        listed,
        whole,
        layout=recogniser.layout,
        joint_map=joints,
        options=PrepareOptions(max_gap=recogniser.data.max_gap),
    )
    for batch, output in outputs(recogniser.model, ready, recogniser.data, returns=("forecast",)):
        for place, number in enumerate(batch.index.tolist()):
            piece, clip = pieces[number], clips[number]
            after = None
            if hidden:
                after = _slice(store.clip(piece.row), piece.start + piece.length, hidden)
            seen = batch.visible[place, : piece.length].transpose(1, 2).cpu().numpy()
            if seen.any():
                positions = _by_frame(batch.positions[place])[: piece.length]
                yield _track(
                    piece, clip, after,
                    positions=np.where(seen[..., None], positions, np.nan),
                    forecast=_by_frame(output.forecast[place]),
                    layout=recogniser.layout, joints=joints,
                )  # fmt: skip


def _track(
    piece: _Piece,
    clip: Clip,
    after: Clip | None,
    *,
    positions: np.ndarray,
    forecast: np.ndarray,
    layout: Layout,
    joints: JointMap,
) -> Track:
    placement = _placement(clip, positions, layout=layout, joints=joints)
    ever = np.isfinite(positions).all(axis=-1).any(axis=0)  # (M, V)
    truth = None
    if after is not None:
        truth = np.full_like(forecast, np.nan)
        house = _house(after, joints)
        truth[:, : house.shape[1]] = placement.prepared(house)[:, : truth.shape[1]]
    return Track(
        clip=clip,
        row=piece.row,
        start=piece.start + piece.length,
        observed=positions,
        forecast=np.where(ever[..., None], forecast, np.nan).astype(np.float32),
        truth=truth,
        placement=placement,
    )


def _placement(clip: Clip, prepared: np.ndarray, *, layout: Layout, joints: JointMap) -> Placement:
    """Find out how a clip was scaled and moved when it was prepared."""
    house = _house(clip, joints)
    seen = np.isfinite(house).all(axis=-1)
    _, factor = size_factor(house, seen, layout=layout, metric=clip.units in METRES)
    factor = 1.0 if factor is None else factor
    bodies = min(house.shape[1], prepared.shape[1])
    moved = house[:, :bodies] * np.float32(factor) - prepared[:, :bodies]
    offset = np.nanmean(moved.astype(np.float64), axis=(0, 1, 2))
    return Placement(factor, offset.astype(np.float32))


def _house(clip: Clip, joints: JointMap) -> np.ndarray:
    """A recording's joints of the layout in the house frame, (T, M, V, C)."""
    positions = to_house_frame(
        clip.keypoints, units=clip.units, axes=clip.axes, width=clip.width, height=clip.height
    )
    return joints.apply(positions)


def _slice(clip: Clip, start: int, length: int) -> Clip:
    part = slice(start, start + length)
    confidence = None if clip.confidence is None else clip.confidence[part]
    # A copy: the store may be a temporary one.
    return replace(clip, keypoints=np.array(clip.keypoints[part]), confidence=confidence)


def _by_frame(positions: torch.Tensor) -> np.ndarray:
    """Turn (C, T, V, M) into (T, M, V, C) on the CPU."""
    turned: np.ndarray = positions.float().permute(1, 3, 2, 0).cpu().numpy()
    return turned
