"""Files of action sets as tests write them, in their published form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import FORMATS, ReadOptions, read
from skelgraph.errors import FormatError

Damage = Callable[[bytes], bytes]


def points(frames: int, joints: int, *, seed: int = 0) -> np.ndarray:
    """Positions between 0.5 and 3.5 with six decimals, so that text keeps them."""
    draw = np.random.default_rng(seed)
    return np.round(draw.uniform(0.5, 3.5, (frames, joints, 3)), 6)


def write_rows(path: Path, rows: np.ndarray | Sequence[Sequence[float]], separator: str) -> Path:
    """Write numbers, a row a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [separator.join(f"{value:.6f}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def clips_of(path: Path, format: str | None = None, **options: object) -> list[Clip]:
    """Read all clips of a source."""
    return list(read(path, format=format, options=ReadOptions(**options)).clips)  # type: ignore[arg-type]


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """Draw a way to damage a file: cut it, flip, insert or take out bytes, take out a line."""
    kind = draw(st.sampled_from(("cut", "flip", "insert", "remove", "line", "double")))
    place = draw(st.floats(0, 1))
    length = draw(st.integers(1, 40))
    stuff = draw(st.binary(min_size=1, max_size=12))

    def damage(content: bytes) -> bytes:
        at = int(place * len(content))
        if kind == "cut":
            return content[:at]
        if kind == "flip":
            return content[:at] + stuff + content[at + len(stuff) :]
        if kind == "insert":
            return content[:at] + stuff + content[at:]
        if kind == "remove":
            return content[:at] + content[at + length :]
        lines = content.split(b"\n")
        row = int(place * (len(lines) - 1))
        copies = [] if kind == "line" else [lines[row]] * 2
        return b"\n".join([*lines[:row], *copies, *lines[row + 1 :]])

    return damage


@cache
def content_of(write: Callable[[Path], Path], name: str) -> bytes:
    """The bytes of a sound file, written once."""
    with TemporaryDirectory() as folder:
        return write(Path(folder, name)).read_bytes()


def stays_honest(write: Callable[[Path], Path], name: str, damage: Damage, format: str) -> None:
    """Damage a file: it is then refused as such, or read as well-formed clips."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(damage(content_of(write, name)))
        FORMATS[format].recognises(path)
        try:
            clips = clips_of(path, format=format)
        except FormatError as error:
            assert name in str(error)
            return
    for clip in clips:
        assert clip.keypoints.dtype == np.float32 and clip.seen.any()
        assert not np.isinf(clip.keypoints).any()
        if clip.confidence is not None:
            assert ((clip.confidence >= 0) & (clip.confidence <= 1)).all()
