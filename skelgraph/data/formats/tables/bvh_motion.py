"""The hierarchy and the numbers of a BVH file, and the positions that follow from them.

The package bvhio reads the hierarchy; it is given that part alone, from a file that ends in
MOTION, for at the end of a file that was cut off it would read on for ever.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skelgraph.data.formats.raw.extras import need
from skelgraph.data.formats.raw.number_rows import NUMBER, read_text, rows_of
from skelgraph.errors import FormatError, list_faults

PLACES = {f"{axis}position": place for place, axis in enumerate("XYZ")}
TURNS = {f"{axis}rotation": place for place, axis in enumerate("XYZ")}
END = "{joint}.end"
"""How the end site of a joint is called, which has no name in the file."""

MAX_HEAD = 2**20
MAX_NODES = 1000
AT_ONCE = 2**16
"""Joints times frames whose positions are worked out at once; each takes about 100 bytes."""

FRAMES = re.compile(r"Frames\s*:\s*(\d{1,9})\s*")
FRAME_TIME = re.compile(rf"Frame\s+Time\s*:\s*({NUMBER.pattern})\s*", re.IGNORECASE)
WHOLE_RATE = 1e-4
"""Share by which a frame rate may miss a whole number that it is then taken for: frame times
are written with six or seven decimals, as in 0.0333333."""


@dataclass(frozen=True)
class Node:
    """A joint or an end site.

    Args:
        name: Its name.
        parent: Place of its parent among the nodes, -1 for the root.
        offset: From the parent, in the parent's axes, 3 numbers.
        channels: Names of its numbers in each frame, in the file's order.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Motion:
    """What a BVH file holds.

    Args:
        nodes: Joints and end sites, parents first.
        values: Numbers of all channels in each frame, float64 (T, channels), degrees or units.
        frame_time: Seconds from frame to frame.
    """

    nodes: tuple[Node, ...]
    values: np.ndarray
    frame_time: float

    @property
    def fps(self) -> float | None:
        """Frames a second, a whole number where the frame time is one but for its decimals."""
        rate = 1 / self.frame_time if self.frame_time > 0 else 0.0
        whole = round(rate) if rate < 1e6 else 0
        if not 0 < rate < 1e6:
            return None
        return float(whole) if abs(rate - whole) <= WHOLE_RATE * rate else round(rate, 3)


def read_motion(file: Path) -> Motion:
    """Read a BVH file.

    Raises:
        FormatError: If it is damaged; lists ten faults.
        MissingExtraError: If bvhio is not installed.
    """
    lines = read_text(file).splitlines()
    start = next((i for i, line in enumerate(lines) if line.split()[:1] == ["MOTION"]), None)
    if start is None:
        raise FormatError(
            f"{file}: expected a line MOTION after the hierarchy, got none. Copy the file again."
        )
    nodes = _nodes(file, lines[: start + 1])
    head = [i for i in range(start + 1, len(lines)) if lines[i].strip()][:2]
    said = [
        pattern.fullmatch(lines[i].strip())
        for i, pattern in zip(head, (FRAMES, FRAME_TIME), strict=False)
    ]
    if len(said) < 2 or said[0] is None or said[1] is None:
        raise FormatError(
            f"{file}, line {start + 2}: expected 'Frames: COUNT' and 'Frame Time: SECONDS', got "
            f"'{' '.join(lines[i].strip() for i in head)[:50]}'. Copy the file again."
        )
    lines[: head[1] + 1] = [""] * (head[1] + 1)
    values = rows_of(lines, file, columns=sum(len(node.channels) for node in nodes))
    if len(values) != int(said[0][1]):
        raise FormatError(
            f"{file}: expected {int(said[0][1])} frames, as it says, got {len(values)}. "
            "Copy it again."
        )
    return Motion(nodes, values, float(said[1][1]))


def _nodes(file: Path, head: list[str]) -> tuple[Node, ...]:
    """Read the hierarchy, which ends with the line MOTION."""
    text = "\n".join([*head[:-1], "MOTION", "Frames: 0", "Frame Time: 1", ""])
    if len(text) > MAX_HEAD:
        raise FormatError(
            f"{file}: expected a hierarchy of at most {MAX_HEAD:,} letters, got {len(text):,}. "
            "Copy the file again."
        )
    bvhio = need("bvhio", package="bvhio", what="reading .bvh files")
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "head.bvh"
        alone.write_text(text, encoding="utf-8", newline="\n")
        try:
            root = bvhio.readAsBvh(str(alone), loadKeyFrames=False).Root
            nodes = tuple(_walk(root))
        except (SyntaxError, ValueError, IndexError, OverflowError, RecursionError) as error:
            reason = getattr(error, "msg", "") or str(error)
            raise FormatError(
                f"{file}{_line_of(error)}: expected a whole hierarchy, got '{reason[:200]}'. "
                "Copy or export the file again."
            ) from error
    written = list(_written(head))
    faults = [*_node_faults(nodes), *_end_faults(nodes, written)]
    if faults:
        raise FormatError(list_faults([f"{file}: {fault}" for fault in faults]))
    return tuple(replace(node, name=name) for node, (_, name) in zip(nodes, written, strict=True))


def _line_of(error: Exception) -> str:
    """Say where; bvhio starts to count anew at each joint, so its own number is of no use."""
    words = getattr(error, "text", None)
    return f", at '{' '.join(str(words).split())[:50]}'" if words else ""


def _walk(root: Any) -> Iterator[Node]:
    """Yield joints and end sites in the order of the file, parents first."""
    waiting = [(root, -1)]
    count = 0
    while waiting:
        joint, parent = waiting.pop()
        yield Node(joint.Name, parent, tuple(joint.Offset), tuple(joint.Channels))
        own, count = count, count + 1
        if not joint.Children:
            yield Node(END.format(joint=joint.Name), own, tuple(joint.EndSite), ())
            count += 1
        waiting += [(child, own) for child in reversed(joint.Children)]


def _written(head: list[str]) -> Iterator[tuple[int, str]]:
    """Yield depth and name of the joints and end sites as they are written.

    Whole names, of which bvhio takes the first word, so that 'Left Hip' would be 'Left'.
    """
    depth, joint = 0, ""
    for line in head:
        first, _, rest = line.strip().replace("\t", " ").partition(" ")
        depth += (first == "{") - (first == "}")
        if first in ("ROOT", "JOINT"):
            joint = " ".join(rest.split())
            yield depth, joint
        elif first == "End":
            yield depth, END.format(joint=joint)


def _node_faults(nodes: tuple[Node, ...]) -> Iterator[str]:
    if len(nodes) > MAX_NODES:
        yield (
            f"expected at most {MAX_NODES} joints and end sites, got {len(nodes)}. Export the "
            "skeleton alone."
        )
    for node in nodes:
        wrong = [name for name in node.channels if name not in (*PLACES, *TURNS)]
        if wrong or len(set(node.channels)) < len(node.channels):
            yield (
                f"{node.name}: expected channels such as Xposition and Zrotation, each once, got "
                f"{' '.join(node.channels)[:100]}. Export the file again."
            )
        if not np.isfinite(node.offset).all():
            yield (
                f"{node.name}: expected a finite offset, got "
                f"{' '.join(map(str, node.offset))}. Export the file again."
            )


def _end_faults(nodes: tuple[Node, ...], written: list[tuple[int, str]]) -> Iterator[str]:
    """Refuse a joint without child and end site, to which bvhio gives one of length 1."""
    depths: list[int] = []
    for node in nodes:
        depths.append(depths[node.parent] + 1 if node.parent >= 0 else 0)
    if depths != [depth for depth, _ in written]:
        ends = len(nodes) - len({node.parent for node in nodes} - {-1})
        yield (
            f"expected an End Site in each of the {ends} joints without children and nowhere "
            "else, got others. Export the file again."
        )


def parts_of(motion: Motion) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield frames and the positions in them, so that few are held at once.

    Returns:
        Ranges of frames, and the positions of all nodes, float64 (frames, nodes, 3).
    """
    step = max(1, AT_ONCE // len(motion.nodes))
    for first in range(0, len(motion.values), step):
        frames = slice(first, first + step)
        yield frames, positions_of(replace(motion, values=motion.values[frames]))


def positions_of(motion: Motion) -> np.ndarray:
    """Turn angles into positions, from the root outwards.

    A joint's rotations are applied in the order of its channels, each about an axis that the
    ones before have turned. Position channels stand for the offset, not beside it.

    Returns:
        Positions of all nodes in the file's units and axes, float64 (T, nodes, 3).

    Source:
        "Biovision BVH", course notes CS 838, University of Wisconsin, 1999. Differs: there
        the root's position channels are added to its offset. Where that is not zero the
        whole recording is shifted by it.
    """
    frames = len(motion.values)
    places = np.empty((frames, len(motion.nodes), 3))
    turns = np.empty((frames, len(motion.nodes), 3, 3))
    first = 0
    for number, node in enumerate(motion.nodes):
        own = motion.values[:, first : first + len(node.channels)]
        first += len(node.channels)
        shift = np.tile(np.array(node.offset), (frames, 1))
        turn = np.tile(np.eye(3), (frames, 1, 1))
        for channel, value in zip(node.channels, own.T, strict=True):
            if channel in PLACES:
                shift[:, PLACES[channel]] = value
            else:
                turn = turn @ _turn(TURNS[channel], np.radians(value))
        if node.parent >= 0:
            before = turns[:, node.parent]
            shift = places[:, node.parent] + np.einsum("tij,tj->ti", before, shift)
            turn = before @ turn
        places[:, number], turns[:, number] = shift, turn
    return places


def _turn(axis: int, angle: np.ndarray) -> np.ndarray:
    """Rotate about a coordinate axis, counter-clockwise seen from its tip, (T, 3, 3)."""
    after, last = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((len(angle), 3, 3))
    turn[:, axis, axis] = 1
    turn[:, after, after] = turn[:, last, last] = np.cos(angle)
    turn[:, last, after] = np.sin(angle)
    turn[:, after, last] = -np.sin(angle)
    return turn
