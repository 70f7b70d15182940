"""Generic movements for a skeleton of which nothing but the tree is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.hand_gestures import Gesture
from skelgraph.data.synthetic.tree_rig import branches
from skelgraph.graphs import Layout

FEW_CLASSES = 4


def tree_gestures(layout: Layout) -> Mapping[str, Gesture]:
    """Name a layout's generic movements: `<branch>_swing` and `<branch>_curl`.

    A skeleton of fewer than two branches also moves as a whole: `rise`, `sweep`, `circle`.
    """
    gestures: dict[str, Gesture] = {}
    for branch, joints in branches(layout).items():
        gestures[f"{branch}_swing"] = Gesture(_swing(_base(layout, joints)), 1.6, both=True)
        gestures[f"{branch}_curl"] = Gesture(_curl(joints), 1.4, both=True)
    if len(gestures) < FEW_CLASSES:
        for move in (rise, sweep, circle):
            gestures[move.__name__] = Gesture(move, 1.5, both=True)
    return gestures


def _base(layout: Layout, joints: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the joints whose parent is outside the branch, or the first where all are inside."""
    inside = set(joints)
    first = [j for j in joints if layout.joints[layout.parents[layout.index(j)]] not in inside]
    return tuple(first or joints[:1])


def _swing(base: tuple[str, ...]) -> Callable[[Act, str], None]:
    """Swing a branch to and fro as one piece."""

    def move(act: Act, side: str) -> None:
        swings = act.cycles(act.between(2.0, 3.0))
        for joint in base:
            act.swing(f"{joint}_swing", 32.0, swings)

    return move


def _curl(joints: tuple[str, ...]) -> Callable[[Act, str], None]:
    """Bend all bones of a branch one way, and stay."""

    def move(act: Act, side: str) -> None:
        bent = act.ease(0.1, act.between(0.6, 0.9))
        for joint in joints:
            act.swing(f"{joint}_side", 38.0, bent)

    return move


def rise(act: Act, side: str) -> None:
    """Move the whole skeleton up, and stay."""
    act.go(1, 2.0, act.ease(0.1, 0.9))


def sweep(act: Act, side: str) -> None:
    """Move the whole skeleton from side to side."""
    act.go(0, 1.0, act.cycles(act.between(1.5, 2.5)))


def circle(act: Act, side: str) -> None:
    """Move the whole skeleton round in the frontal plane."""
    turn = 2.0 * np.pi * (act.between(1.0, 2.0) * act.progress + act.rng.random())
    window = act.bump(0.0, 0.15, 0.85, 1.0)
    act.go(0, 1.0, window * np.cos(turn))
    act.go(1, 1.0, window * np.sin(turn))
