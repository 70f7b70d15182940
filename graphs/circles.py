"""Circles among parents, which a tree must not have."""

from __future__ import annotations

from collections.abc import Mapping


def find_circles(parents: Mapping[str, str | None]) -> list[list[str]]:
    """Find every circle that following the parents leads into.

    Args:
        parents: Parent of each joint, None at a root; unknown parents end a walk.

    Returns:
        The joints of each circle once, in the order of the walk.

    Example:
        >>> find_circles({"a": "b", "b": "a", "c": "a", "d": None})
        [['a', 'b']]
    """
    circles: list[list[str]] = []
    done: set[str] = set()
    for start in parents:
        walk: list[str] = []
        joint: str | None = start
        while joint is not None and joint in parents and joint not in done and joint not in walk:
            walk.append(joint)
            joint = parents[joint]
        if joint in walk:
            circles.append(walk[walk.index(joint) :])
        done.update(walk)
    return circles
