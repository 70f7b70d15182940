"""Pictures and videos with what was found drawn on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skelgraph.errors import ConfigError, SkelgraphError
from skelgraph.files import written_whole
from skelgraph.graphs import Layout
from skelgraph.live.assembling import Assembled
from skelgraph.live.detections import LEFT, RIGHT, SIDES
from skelgraph.live.frames import import_av, is_picture, read_frames
from skelgraph.live.media import Medium

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

# Okabe and Ito 2008: told apart by every kind of colour vision, and on dark and light ground.
COLOURS = {LEFT: "#e69f00", RIGHT: "#56b4e9", -1: "#f0f0f0"}
RIM = "#1a1a1a"
DOUBTFUL = 0.5
"""Joints below this confidence are drawn hollow."""

TIME_BASE = Fraction(1, 90000)
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


def overlay_paths(media: Sequence[Medium], path: Path, *, force: bool) -> list[Path]:
    """Say where each medium's overlay goes: `path` itself for one, a folder for several.

    Args:
        media: What is drawn on.
        path: An .mp4 for a video, a .png or .jpg for a picture; for several media a folder,
            which gets NAME.mp4 and NAME.png.
        force: Whether files that are there may be replaced.

    Raises:
        ConfigError: If the ending does not fit, or a file is in the way.
    """
    if len(media) == 1:
        allowed = PICTURE_ENDINGS if is_picture(media[0].path) else (".mp4",)
        if path.suffix.lower() not in allowed:
            raise ConfigError(
                f"--overlay: expected a file that ends in {' or '.join(allowed)} for "
                f"{media[0].file}, got '{path}'. Give such a name."
            )
        targets = [path]
    else:
        targets = [
            path / f"{medium.name}{'.png' if is_picture(medium.path) else '.mp4'}"
            for medium in media
        ]
    taken = [target for target in targets if target.exists()]
    if taken and not force:
        raise ConfigError(
            f"--overlay: expected names that are free, got {taken[0]}, which exists. Use --force "
            "to replace it."
        )
    return targets


def draw_overlay(
    medium: Medium, found: Assembled, target: Path, *, mirrored: bool = False
) -> Iterator[None]:
    """Draw the joints and edges that were found on a medium; yields after every frame.

    The person's left is orange, the right sky blue, what is neither light grey. Joints of a
    confidence below `DOUBTFUL` are hollow. A mirrored medium is drawn on as it was flipped back.

    Args:
        medium: Picture or video.
        found: Its joints in fractions of the picture, all its frames.
        target: The file to write.
        mirrored: As when it was looked through.
    """
    frames = read_frames(medium.path, mirrored=mirrored)
    drawn = (
        (draw_joints(frame.picture, found, number), frame.time)
        for number, frame in enumerate(frames)
    )
    if is_picture(medium.path):
        from PIL import Image

        for picture, _ in drawn:
            with written_whole(target) as temporary:
                Image.fromarray(picture).save(temporary)
            yield
    else:
        yield from _write_video(target, drawn)


def draw_joints(picture: np.ndarray, found: Assembled, frame: int) -> np.ndarray:
    """Draw one frame's joints on a copy of its picture, uint8 (height, width, 3)."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    height, width = picture.shape[:2]
    stroke = max(2, round(min(width, height) / 240))
    for slot in range(found.keypoints.shape[1]):
        points = found.keypoints[frame, slot, :, :2] * [width, height]
        sides = joint_sides(found.layout, slot)
        _draw_edges(draw, points, sides, found.layout, stroke)
        _draw_dots(draw, points, sides, found.confidence[frame, slot], stroke)
    _draw_key(draw, stroke, height)
    return np.asarray(image)


def joint_sides(layout: Layout, slot: int) -> np.ndarray:
    """Tell each joint's side, `LEFT`, `RIGHT` or -1, int64 (V,)."""
    if layout.instances == "hands":
        return np.full(layout.num_joints, slot)
    sides = np.full(layout.num_joints, -1)
    for left, right in layout.mirror_pairs:
        sides[left], sides[right] = LEFT, RIGHT
    return sides


def _draw_edges(
    draw: ImageDraw, points: np.ndarray, sides: np.ndarray, layout: Layout, stroke: int
) -> None:
    real = [
        (first, second)
        for first, second in layout.edges
        if not (layout.parents[second] == first and second in layout.virtual)
        and not np.isnan(points[[first, second]]).any()
    ]
    for colour, extra in ((RIM, 2), (None, 0)):
        for first, second in real:
            side = int(sides[second]) if sides[first] == sides[second] else -1
            ends = [tuple(points[first].tolist()), tuple(points[second].tolist())]
            draw.line(ends, fill=colour or COLOURS[side], width=stroke + extra)


def _draw_dots(
    draw: ImageDraw, points: np.ndarray, sides: np.ndarray, confidence: np.ndarray, stroke: int
) -> None:
    radius = stroke * 1.2
    for (x, y), side, score in zip(points.tolist(), sides.tolist(), confidence, strict=True):
        if np.isnan(x):
            continue
        inside = RIM if score < DOUBTFUL else COLOURS[side]
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, fill=inside, outline=COLOURS[side] if score < DOUBTFUL else RIM)


def _draw_key(draw: ImageDraw, stroke: int, height: int) -> None:
    """Name the colours in the lower left corner."""
    size = max(10, 5 * stroke)
    for row, side in enumerate((RIGHT, LEFT)):
        top = height - (row + 1) * 1.5 * size
        draw.rectangle((size / 2, top, 1.5 * size, top + size), fill=COLOURS[side], outline=RIM)
        draw.text(
            (2 * size, top + size / 2),
            f"{SIDES[side]}",
            fill=COLOURS[side],
            font_size=size,
            anchor="lm",
            stroke_width=max(1, stroke // 2),
            stroke_fill=RIM,
        )


def _write_video(target: Path, drawn: Iterable[tuple[np.ndarray, float | None]]) -> Iterator[None]:
    av = import_av()
    with written_whole(target) as temporary:
        try:
            with av.open(str(temporary), "w", format="mp4") as container:
                stream: Any = None
                for picture, time in drawn:
                    if stream is None:
                        stream = _open_stream(container, picture)
                    for packet in stream.encode(_av_frame(av, picture, time)):
                        container.mux(packet)
                    yield
                for packet in stream.encode():
                    container.mux(packet)
        except av.error.FFmpegError as error:
            raise SkelgraphError(
                f"{target}: expected to write a video, got '{error}'. Give another --overlay."
            ) from error


def _open_stream(container: Any, picture: np.ndarray) -> Any:
    stream = container.add_stream("h264", rate=30)
    stream.width, stream.height = (size - size % 2 for size in picture.shape[1::-1])
    stream.pix_fmt = "yuv420p"
    stream.options = {"crf": "20"}
    stream.codec_context.time_base = TIME_BASE
    return stream


def _av_frame(av: Any, picture: np.ndarray, time: float | None) -> Any:
    height, width = (size - size % 2 for size in picture.shape[:2])
    even = np.ascontiguousarray(picture[:height, :width])
    frame = av.VideoFrame.from_ndarray(even, format="rgb24")
    frame.time_base = TIME_BASE
    frame.pts = None if time is None else round(time / TIME_BASE)
    return frame
