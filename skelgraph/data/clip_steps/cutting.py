"""Clips cut into windows of equal length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.report import ConversionReport
from skelgraph.data.windows import WindowSpec, cut_windows, parse_window

FIRST_FRAME = "first_frame"
"""Column of the index: where a window begins in the clip that it was cut from."""


def cut_clips(
    clips: Iterator[Clip], report: ConversionReport, *, window: str | int, overlap: float
) -> Iterator[Clip]:
    """Cut each clip into windows, as `skelgraph.data.windows.cut_windows` does.

    A window keeps the label, the subject and the recording (`source`) of its clip, so that the
    windows of one recording are never in two parts of a split. Its name has the first frame.

    Args:
        clips: Recordings.
        report: Notes and `steps` are added.
        window: Length in frames (`90`) or seconds (`3s`).
        overlap: Share of a window that the next one repeats.

    Raises:
        ConfigError: If seconds are asked for and the frame rate is unknown.
    """
    num_clips = num_windows = short = 0
    spec = None
    for clip in clips:
        spec = parse_window(window, overlap=overlap, fps=clip.fps)
        num_clips += 1
        short += clip.num_frames < (spec.length or 0)
        for piece in windows_of(clip, spec):
            num_windows += 1
            yield piece
    if spec is None:
        return
    report.steps["window"] = {
        "length": spec.length,
        "overlap": overlap,
        "stride": spec.stride,
        "clips": num_clips,
        "windows": num_windows,
        "shorter": short,
    }
    report.note(
        f"{num_clips:,} clips cut into {num_windows:,} windows of {spec.length} frames, one every "
        f"{spec.stride}; {short:,} clips are shorter and stay whole"
    )


def windows_of(clip: Clip, spec: WindowSpec) -> Iterator[Clip]:
    """Cut one clip; a clip that is shorter than a window is one window."""
    frames = np.array([clip.num_frames])
    cut = cut_windows(np.zeros(1, dtype=np.int64), frames, np.zeros(1, dtype=np.int64), spec)
    for start, length in zip(cut.start.tolist(), cut.length.tolist(), strict=True):
        part = slice(start, start + length)
        yield replace(
            clip,
            keypoints=clip.keypoints[part],
            confidence=None if clip.confidence is None else clip.confidence[part],
            name=f"{clip.name}@{start:06d}",
            source=clip.source or clip.name,
            extra={**clip.extra, FIRST_FRAME: start + int(str(clip.extra.get(FIRST_FRAME, 0)))},
        )
