"""Pictures out of media: upright, in true shape, with the times that the file gives.

Videos are read through PyAV. Unlike OpenCV, which mediapipe brings, it says so when a file is
cut off or damaged (OpenCV ends the video there as if it were whole); both give each frame's own
time. The turn and flip that a phone writes into a file are applied here, from the file's matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.errors import FormatError, MissingExtraError

PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
VIDEOS = (".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")


@dataclass(frozen=True)
class MediaFacts:
    """What the head of a medium says.

    Args:
        width: Width of the upright picture with square pixels.
        height: Height of the upright picture.
        fps: Frames per second. None: a picture.
        num_frames: Frames that the file claims; for progress only. 0: it does not say.
        duration: Seconds that the file claims. None: a picture, or it does not say.
    """

    width: int
    height: int
    fps: float | None
    num_frames: int
    duration: float | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture.

    Args:
        picture: Red, green, blue, uint8 (height, width, 3), rows without gaps.
        time: Seconds from the first frame. None: the file gives this frame no time.
        damaged: Whether the decoder had to make up parts of it.
    """

    picture: np.ndarray
    time: float | None
    damaged: bool = False


def is_picture(path: Path) -> bool:
    """Tell by its ending whether a medium is a single picture."""
    return path.suffix.lower() in PICTURES


def probe(path: Path) -> MediaFacts:
    """Read a medium's size and rate, decoding its first frame only.

    Raises:
        FormatError: If it is damaged or holds no picture.
        MissingExtraError: If it is a video and PyAV is not installed.
    """
    for frame, facts in _frames(path):
        height, width = frame.picture.shape[:2]
        return replace(facts, width=width, height=height)
    raise _no_frames(path)


def read_frames(path: Path, *, mirrored: bool = False) -> Iterator[Frame]:
    """Yield the pictures of a medium.

    Args:
        path: Picture or video.
        mirrored: The medium is a mirror image, as selfie cameras show: flip it back.

    Raises:
        FormatError: If it is damaged or holds no picture.
        MissingExtraError: If it is a video and PyAV is not installed.
    """
    count = 0
    for frame, _ in _frames(path):
        count += 1
        picture = frame.picture[:, ::-1] if mirrored else frame.picture
        # MediaPipe takes any strides and silently misreads all but the plain ones.
        yield replace(frame, picture=np.ascontiguousarray(picture))
    if not count:
        raise _no_frames(path)


def _frames(path: Path) -> Iterator[tuple[Frame, MediaFacts]]:
    return _picture(path) if is_picture(path) else _video(path)


def _no_frames(path: Path) -> FormatError:
    return FormatError(f"{path}: expected at least one frame, got none. Leave it out.")


def _picture(path: Path) -> Iterator[tuple[Frame, MediaFacts]]:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _damaged(path, "a whole picture", error) from error
    yield Frame(upright, 0.0), MediaFacts(upright.shape[1], upright.shape[0], None, 1)


def _video(path: Path) -> Iterator[tuple[Frame, MediaFacts]]:
    av = import_av()
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise FormatError(f"{path}: expected pictures, got none. Leave it out.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            _check_whole(path, stream)
            fps = _rate(stream)
            duration = container.duration / 1_000_000 if container.duration else None
            num_frames = int(stream.frames) or round((duration or 0.0) * (fps or 0.0))
            shape = Fraction(stream.sample_aspect_ratio or 1)
            start: float | None = None
            for frame in container.decode(stream):
                if start is None:
                    start = frame.time
                time = None if frame.time is None or start is None else frame.time - start
                facts = MediaFacts(frame.width, frame.height, fps, num_frames, duration)
                yield Frame(_upright(frame, shape), time, bool(frame.is_corrupt)), facts
    except (av.error.FFmpegError, ValueError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        raise _damaged(path, "a whole video", error) from error


def _check_whole(path: Path, stream: Any) -> None:
    """Hold the file's size against its own index, where its head has one.

    A file that ends between two frames decodes without an error.
    """
    end = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
    size = path.stat().st_size
    if end > size:
        raise FormatError(
            f"{path}: expected {end} bytes, as its index says, got {size}. It is cut off: copy it "
            "again."
        )


def import_av() -> Any:
    """Import PyAV, which the extra `video` installs."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            "videos: expected the package av, got none. Install it: pip install 'skelgraph[video]'."
        ) from error
    return av


def _rate(stream: Any) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def _upright(frame: Any, shape: Fraction) -> np.ndarray:
    """Turn a decoded frame as its file asks and stretch it to square pixels."""
    matrix = _matrix(frame)
    if shape != 1:
        frame = frame.reformat(width=max(1, round(frame.width * shape)), height=frame.height)
    return turned(frame.to_ndarray(format="rgb24"), matrix)


def _matrix(frame: Any) -> tuple[int, int, int, int]:
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            values = np.frombuffer(bytes(data), dtype="<i4")
            return int(values[0]), int(values[1]), int(values[3]), int(values[4])
    return 1, 0, 0, 1


def turned(picture: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Turn and flip a picture by quarter turns.

    Args:
        picture: (height, width, 3).
        matrix: a, b, c, d of x' = a x + c y, y' = b x + d y; only signs and which is greater count.

    Example:
        >>> turned(np.array([[[1], [2]]]), (0, 1, -1, 0))[..., 0].tolist()
        [[1], [2]]
    """
    a, b, c, d = matrix
    if abs(b) > abs(a):
        picture = picture.transpose(1, 0, 2)
        across, down = c, b
    else:
        across, down = a, d
    if across < 0:
        picture = picture[:, ::-1]
    return picture[::-1] if down < 0 else picture


def _damaged(path: Path, what: str, error: Exception) -> FormatError:
    size = path.stat().st_size if path.is_file() else 0
    got = "an empty file" if size == 0 else f"one that is cut off, damaged or no medium ({error})"
    return FormatError(f"{path}: expected {what}, got {got}. Record or copy it again.")
