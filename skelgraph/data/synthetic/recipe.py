"""Which rig and which gestures a layout has, and how a clip's act begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.body_gestures import ARM_GESTURES, FINGER_GESTURES, LEG_GESTURES
from skelgraph.data.synthetic.body_rig import body_rig, has_arms, has_legs
from skelgraph.data.synthetic.hand_gestures import HAND_GESTURES, LOOSE, Gesture
from skelgraph.data.synthetic.hand_rig import find_hands, hand_rig
from skelgraph.data.synthetic.rig import Rig
from skelgraph.data.synthetic.subject import Subject, smooth_noise
from skelgraph.data.synthetic.tree_gestures import tree_gestures
from skelgraph.data.synthetic.tree_rig import tree_rig
from skelgraph.graphs import Layout

# Degrees by the end of an angle's name, beside a straight rest pose.
REST = {"arm_raise": 9.0, "arm_azimuth": 60.0, "elbow": 16.0, "knee": 4.0} | dict(
    zip(("mcp", "pip", "dip"), LOOSE, strict=True)
)
# How far chance moves an angle in a clip: drift all the time, twitches once in a while; degrees.
DRIFT, TWITCH = 6.0, 32.0
STEADY = ("turn", "tilt", "twist", "bend", "lean", "leg_raise", "leg_azimuth", "knee", "ankle")


@dataclass(frozen=True)
class Recipe:
    """How clips of a layout are made.

    Attributes:
        kind: 'hand' (a layout that is one hand), 'body' or 'tree'.
        rig: The layout's rig.
        gestures: Class name to its movement.
        fingered: Sides of a body that have a hand with fingers.
    """

    kind: str
    rig: Rig
    gestures: Mapping[str, Gesture]
    fingered: tuple[str, ...] = ()


def recipe_for(layout: Layout) -> Recipe:
    """Choose rig and gestures by what the layout's joints are."""
    hands = find_hands(layout)
    if has_arms(layout):
        legs = LEG_GESTURES if has_legs(layout) else {}
        fingers = FINGER_GESTURES if hands else {}
        gestures = {**ARM_GESTURES, **legs, **fingers}
        sides = tuple(hand.side for hand in hands)
        return Recipe("body", body_rig(layout), gestures, fingered=sides)
    if len(hands) == 1:
        return Recipe("hand", hand_rig(layout), HAND_GESTURES)
    return Recipe("tree", tree_rig(layout), tree_gestures(layout))


def begin(
    recipe: Recipe,
    subject: Subject,
    *,
    seconds: np.ndarray,
    progress: np.ndarray,
    reach: float,
    rng: np.random.Generator,
) -> Act:
    """Start an act at the subject's rest pose, with drift, tremor and irrelevant twitches."""
    names = recipe.rig.angles
    still = np.array([0.35 if name.endswith(STEADY) else 1.0 for name in names])
    rest = np.array([_rest(name) for name in names])
    rest += still * np.array([subject.rest[name] for name in names])
    drift = DRIFT * smooth_noise(rng, seconds, len(names), band=(0.1, 0.7))
    tremor = subject.tremor * smooth_noise(rng, seconds, len(names), band=(4.0, 8.0))
    courses = np.radians(rest + still * (drift + tremor + _twitches(rng, seconds, len(names))))
    return Act(
        progress=progress,
        angles={name: courses[:, index] for index, name in enumerate(names)},
        path=0.04 * reach * smooth_noise(rng, seconds, 3, band=(0.1, 0.6)),
        habits=subject.habits,
        strength=float(rng.uniform(0.8, 1.12)),
        reach=reach,
        rng=rng,
    )


def _rest(angle: str) -> float:
    return next((degrees for end, degrees in REST.items() if angle.endswith(end)), 0.0)


def _twitches(rng: np.random.Generator, seconds: np.ndarray, count: int) -> np.ndarray:
    """Draw short movements of about one angle in five, degrees, shape (T, count)."""
    size = TWITCH * np.where(rng.random(count) < 0.2, rng.standard_normal(count), 0.0)
    middle = rng.uniform(0.0, seconds[-1] + 1e-9, count)
    width = rng.uniform(0.12, 0.35, count)
    return np.asarray(size * np.exp(-0.5 * ((seconds[:, None] - middle) / width) ** 2))
