"""Where an animation is written: gif or mp4, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skelgraph.errors import SkelgraphError, unknown_name

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".gif", ".mp4")
TICK_MS = 10  # a gif counts time in hundredths of a second

Function = TypeVar("Function", bound=Callable[..., Any])


class AnimationPath(click.ParamType):
    """A file name whose suffix says what kind of animation is written."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Check the suffix; a wrong one is told the nearest."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            self.fail(unknown_name(f"{path}, suffix", path.suffix, SUFFIXES), param, ctx)
        return path


def animation_option(what: str) -> Callable[[Function], Function]:
    """Make the option `--animation PATH`; `what` says what is shown."""
    return click.option("--animation", type=AnimationPath(), help=f"{what}, .gif or .mp4.")


def write_animation(
    path: Path, pictures: Iterable[np.ndarray], *, step_ms: float, force: bool
) -> None:
    """Write pictures as an animation.

    Args:
        path: Ends in .gif or .mp4; the latter needs the extra `video`.
        pictures: RGB, uint8 (H, W, 3), all of one size.
        step_ms: How long each stands; in a gif rounded to 10 ms.
        force: Replace a file that is there.

    Raises:
        SkelgraphError: If the file exists and `force` is off, or cannot be encoded.
        MissingExtraError: If a package for mp4 is missing.
    """
    from skelgraph.files import written_whole

    with written_whole(path, force=force) as temporary:
        if path.suffix.lower() == ".gif":
            _write_gif(temporary, pictures, step_ms=step_ms)
        else:
            _write_mp4(temporary, pictures, step_ms=step_ms)


def _write_gif(path: Path, pictures: Iterable[np.ndarray], *, step_ms: float) -> None:
    from PIL import Image

    images = [Image.fromarray(picture) for picture in pictures]
    duration = max(2, round(step_ms / TICK_MS)) * TICK_MS
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=duration, loop=0, optimize=True
    )


def _write_mp4(path: Path, pictures: Iterable[np.ndarray], *, step_ms: float) -> None:
    from fractions import Fraction

    import numpy as np

    from skelgraph.live.frames import import_av

    av = import_av()
    rate = Fraction(1000 / step_ms).limit_denominator(1001)
    try:
        with av.open(str(path), "w", format="mp4") as container:
            stream: Any = container.add_stream("h264", rate=rate)
            stream.pix_fmt = "yuv420p"
            for number, picture in enumerate(pictures):
                height, width = (size - size % 2 for size in picture.shape[:2])
                if number == 0:
                    stream.width, stream.height = width, height
                even = np.ascontiguousarray(picture[:height, :width])
                frame = av.VideoFrame.from_ndarray(even, format="rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except av.error.FFmpegError as error:
        raise SkelgraphError(
            f"{path.name}: expected to write a video, got '{error}'. Give a name that ends in .gif."
        ) from error
