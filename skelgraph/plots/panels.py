"""Which drawings show a layout's neutral pose, and where they stand beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from skelgraph.graphs import Layout
from skelgraph.graphs.layout import SLOTS

BODY_SIZE = (3.2, 4.0)  # greatest width and height of a drawing, in inches
HAND_SIZE = (2.6, 3.0)
MARGIN = 0.18  # around a drawing, in inches


@dataclass(frozen=True)
class Panel:
    """One drawing of a figure: a body, or one hand, of the neutral pose.

    Args:
        title: Stands over it; empty for a lone body.
        body: Row of the values that it shows.
        joints: Joints whose values it shows, int (J,).
        points: Where the joints lie on paper, inches, NaN where not drawn, (V, 2).
        sides: Sides on which joints are named: "left", "right", or both.
        prefix: Start of its joints' names, which its title says already.
    """

    title: str
    body: int
    joints: np.ndarray
    points: np.ndarray
    sides: tuple[str, ...] = ("left", "right")
    prefix: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, lower and upper end of what is drawn, inches."""
        (left, low), (right, high) = np.nanmin(self.points, 0), np.nanmax(self.points, 0)
        return float(left), float(right), float(low), float(high)


def neutral_panels(layout: Layout, *, bodies: int = 1, size: float = 1.0) -> tuple[Panel, ...]:
    """Decide which drawings show a layout: hands apart and upright, whole bodies as they are.

    Seen from the camera: the person's right is on the left, palms face the reader.

    Args:
        layout: Skeleton to draw.
        bodies: Rows of values; for 'hands' row 0 is the left, row 1 the right.
        size: Factor on the usual size.

    Returns:
        Panels from left to right, each with its own origin.
    """
    every = np.arange(layout.num_joints)
    if layout.instances == "hands":
        shown = [_hand(layout, every, slot=slot, body=slot) for slot in (1, 0)]
    else:
        shown = [panel for body in range(bodies) for panel in _person(layout, body)]
        if bodies > 1:
            titles = [f"body {p.body + 1} {p.title}".strip() for p in shown]
            shown = [replace(p, title=t) for p, t in zip(shown, titles, strict=True)]
    return tuple(replace(panel, points=panel.points * size) for panel in shown)


def _person(layout: Layout, body: int) -> list[Panel]:
    """A body between its right and left hand, where the layout has hands of their own."""
    hands = [
        _hand(layout, np.asarray(part.joints), slot=SLOTS.index(part.slot), body=body,
              prefix=part.prefix)
        for part in sorted(layout.components, key=lambda part: part.slot or "", reverse=True)
        if part.slot
    ]  # fmt: skip
    in_hands = {joint for hand in hands for joint in hand.joints.tolist()}
    rest = np.array([j for j in range(layout.num_joints) if j not in in_hands], dtype=int)
    trunk = Panel("", body, rest, _fit(picture(layout.neutral), BODY_SIZE))
    return [*hands[:1], trunk, *hands[1:]]


def _hand(layout: Layout, joints: np.ndarray, *, slot: int, body: int, prefix: str = "") -> Panel:
    alone = layout.instances == "hands"
    pose = layout.neutral_of(slot) if alone else layout.neutral
    points = np.full((layout.num_joints, 2), np.nan)
    points[joints] = _upright(picture(pose)[joints], _root_among(layout, joints))
    outer = SLOTS[1 - slot]  # the right hand stands on the left, its names beyond it
    title = f"{SLOTS[slot]} hand, palm"
    return Panel(title, body, joints, _fit(points, HAND_SIZE), (outer,), prefix)


def picture(positions: np.ndarray) -> np.ndarray:
    """Turn house-frame positions into picture coordinates: a person's right is at the left.

    Args:
        positions: House frame, shape (..., 2 or 3).

    Returns:
        Across to the right and up, in the same unit, shape (..., 2).
    """
    return positions[..., :2] * np.array([-1.0, 1.0])


def _root_among(layout: Layout, joints: np.ndarray) -> int:
    inside = set(joints.tolist())
    return next(i for i, j in enumerate(joints.tolist()) if layout.parents[j] not in inside)


def _upright(points: np.ndarray, root: int) -> np.ndarray:
    """Turn points about the root until they lie above it on average."""
    across, up = points.mean(axis=0) - points[root]
    length = float(np.hypot(across, up))
    if length == 0:
        return np.asarray(points - points[root])
    cos, sin = up / length, across / length
    return np.asarray((points - points[root]) @ np.array([[cos, sin], [-sin, cos]]))


def _fit(points: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    """Scale points to the size of a drawing, the middle of the box at the origin."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    scale = np.min(np.asarray(size) / np.maximum(high - low, 1e-6))
    return np.asarray((points - (low + high) / 2) * scale)


def arrange(panels: Sequence[Panel], *, columns: Sequence[float]) -> tuple[Panel, ...]:
    """Stand panels side by side, with room for columns of names.

    Args:
        panels: Panels, each with its own origin.
        columns: Width of each panel's columns of names, inches.

    Returns:
        The panels on common paper, whose origin is the left end and half the height.
    """
    placed, cursor = [], 0.0
    for panel, column in zip(panels, columns, strict=True):
        left, right, _, _ = panel.box
        cursor += MARGIN + column * ("left" in panel.sides)
        moved = panel.points + np.array([cursor - left, 0.0])
        placed.append(replace(panel, points=moved))
        cursor += right - left + MARGIN + column * ("right" in panel.sides)
    return tuple(placed)


def extent(
    panels: Sequence[Panel], *, columns: Sequence[float]
) -> tuple[float, float, float, float]:
    """Left, right, lower and upper end of arranged panels with their columns and margins."""
    last = panels[-1]
    end = last.box[1] + MARGIN + columns[-1] * ("right" in last.sides)
    low = min(panel.box[2] for panel in panels) - MARGIN
    high = max(panel.box[3] for panel in panels) + MARGIN
    return 0.0, end, low, high
