"""Media and detections that tests make up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from skelgraph.graphs import load_layout
from skelgraph.live.detections import LEFT, RIGHT, Detections, Found, gather

WIDTH, HEIGHT = 64, 48
MILLI = Fraction(1, 1000)


def picture(shade: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """A grey picture, red in its upper left quarter."""
    made = np.full((size[1], size[0], 3), 40 + shade % 150, dtype=np.uint8)
    made[: size[1] // 2, : size[0] // 2] = (250, 0, 0)
    return made


def write_video(
    path: Path,
    times_ms: Sequence[int] = tuple(range(0, 400, 40)),
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    turn: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames have these times."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream("h264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = MILLI
        if turn:
            stream.set_display_rotation(turn)
        for number, time in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            frame.pts, frame.time_base = time, MILLI
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def hand(x: float, y: float, side: int, score: float = 0.9, size: float = 0.2) -> Found:
    """A hand whose wrist is at x, y, in the shape of the layout's neutral pose."""
    shape = load_layout("mediapipe_hands").neutral * [1, -1, 1]
    points = np.array([x, y, 0.0]) + (shape - shape[0]) * size / 0.2
    return Found(points.astype(np.float32), shape.astype(np.float32), np.full(21, score), side)


def body(x: float = 0.5, y: float = 0.5, score: float = 0.9) -> Found:
    """A body that faces the camera, hips' middle at x, y; its left is to the picture's right."""
    layout = load_layout("mediapipe_pose")
    shape = layout.neutral * [-1, -1, 1]
    hips = shape[list(layout.indices(["left_hip", "right_hip"]))].mean(axis=0)
    world = shape - hips
    points = np.array([x, y, 0.0]) + world * 0.4
    return Found(points.astype(np.float32), world.astype(np.float32), np.full(33, score))


def detections(
    hands: Sequence[tuple[int, Found]] = (),
    bodies: Sequence[tuple[int, Found]] = (),
    *,
    num_frames: int = 1,
    fps: float = 25.0,
) -> Detections:
    """Detections in a square picture."""
    return Detections(
        times=np.arange(num_frames) / fps,
        width=100,
        height=100,
        hands=gather(hands, num_joints=21),
        bodies=gather(bodies, num_joints=33),
    )


__all__ = ["LEFT", "RIGHT", "body", "detections", "hand", "picture", "write_video"]
