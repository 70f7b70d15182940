"""One performance while it is being composed: angle courses, a path, and how to bend them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Act:
    """Angle courses of one rig over the frames of one clip.

    Attributes:
        progress: Time of the gesture: 0 where it begins, 1 where it ends, shape (T,).
        angles: Angle name to its course, shape (T,), radians; starts at rest with all drift.
        path: Way of the rig's anchor, shape (T, 3), metres.
        habits: Angle name to how far the subject goes, 1 being the full way.
        strength: Size of this clip's movement, 1 being the full way.
        reach: Length that paths are measured in (the layout's reference length), metres.
        rng: Draws what a gesture leaves open (cycles, phase).
    """

    progress: np.ndarray
    angles: dict[str, np.ndarray]
    path: np.ndarray
    habits: Mapping[str, float]
    strength: float
    reach: float
    rng: np.random.Generator = field(repr=False)

    def ease(self, start: float, stop: float) -> np.ndarray:
        """Go from 0 to 1 between two times, with no jerk at either (minimum-jerk course)."""
        u = np.clip((self.progress - start) / (stop - start), 0.0, 1.0)
        return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))

    def bump(self, start: float, full: float, leave: float, stop: float) -> np.ndarray:
        """Go from 0 to 1, stay, and go back to 0."""
        return self.ease(start, full) * (1.0 - self.ease(leave, stop))

    def cycles(self, count: float, *, start: float = 0.0, stop: float = 1.0) -> np.ndarray:
        """Swing between -1 and 1 `count` times with a random phase, faded in and out."""
        fade = min(0.15, 0.3 * (stop - start))
        window = self.bump(start, start + fade, stop - fade, stop)
        phase = 2.0 * np.pi * self.rng.random()
        turn = 2.0 * np.pi * count * (self.progress - start) / (stop - start)
        return np.asarray(window * np.sin(turn + phase))

    def between(self, low: float, high: float) -> float:
        """Draw a number between two bounds."""
        return float(low + (high - low) * self.rng.random())

    def to(self, weight: np.ndarray | float, targets: Mapping[str, float]) -> None:
        """Blend angles towards targets in degrees; angles that the rig lacks are left out."""
        for angle, degrees in targets.items():
            if angle in self.angles:
                goal = np.radians(degrees) * self.habits[angle] * self.strength
                self.angles[angle] = self.angles[angle] * (1.0 - weight) + goal * weight

    def hold(self, weight: np.ndarray | float, targets: Mapping[str, float]) -> None:
        """Blend angles towards targets in degrees that neither habit nor strength change."""
        for angle, degrees in targets.items():
            if angle in self.angles:
                goal = np.radians(degrees)
                self.angles[angle] = self.angles[angle] * (1.0 - weight) + goal * weight

    def swing(self, angle: str, degrees: float, course: np.ndarray) -> None:
        """Add a course times an angle in degrees."""
        if angle in self.angles:
            size = np.radians(degrees) * self.habits[angle] * self.strength
            self.angles[angle] = self.angles[angle] + size * course

    def go(self, axis: int, lengths: float, course: np.ndarray) -> None:
        """Move the anchor along an axis (0 right, 1 up, 2 away), in reference lengths."""
        self.path[:, axis] += lengths * self.reach * self.strength * course
