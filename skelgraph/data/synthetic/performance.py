"""A subject performs a gesture: positions before any camera or sensor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.body_gestures import distract
from skelgraph.data.synthetic.hand_gestures import SHOW, Gesture, present
from skelgraph.data.synthetic.recipe import Recipe, begin
from skelgraph.data.synthetic.rig import place
from skelgraph.data.synthetic.subject import Subject, Timing, draw_timing
from skelgraph.graphs import Layout

CLIP_SECONDS = (1.0, 3.0)
HAND_APART = 1.7  # of a hand from the middle, over the reference length
HAND_TILT = 12.0  # spread of how a hand is held beside the gesture's usual way, degrees
SMALLEST_LENGTH = 0.05  # metres, for a layout whose reference length is zero
# What the other hand does in a gesture of one hand, and how often.
OTHER_HAND = (("absent", 0.45), ("idle", 0.35), ("act", 0.2))
MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Scene:
    """A subject on a layout.

    Attributes:
        layout: Skeleton of the clips.
        recipe: The layout's gestures, and its rig with the subject's bones.
        subject: Who performs.
    """

    layout: Layout
    recipe: Recipe
    subject: Subject

    @property
    def length(self) -> float:
        """Length that movements, noise and distances are measured in, metres."""
        return max(self.layout.reference_length, SMALLEST_LENGTH)


def make_scene(layout: Layout, recipe: Recipe, subject: Subject) -> Scene:
    """Give the recipe's rig the subject's bones."""
    bones = recipe.rig.bones * subject.bone_factors[:, None]
    return Scene(layout, replace(recipe, rig=replace(recipe.rig, bones=bones)), subject)


def perform(scene: Scene, gesture: Gesture, *, fps: float, rng: np.random.Generator) -> np.ndarray:
    """Move the subject through one clip.

    Args:
        scene: Who performs, on which skeleton.
        gesture: What to do.
        fps: Frames per second.
        rng: The clip's random stream.

    Returns:
        Positions, shape (T, M, V, 3), metres; M is 2 for layouts of hands, with NaN where a
        hand is absent, else 1.
    """
    timing = draw_timing(
        rng, usual=gesture.seconds, tempo=scene.subject.tempo, fps=fps, limits=CLIP_SECONDS
    )
    if scene.recipe.kind == "hand":
        return _two_hands(scene, gesture, timing, rng)
    act = _begin(scene, timing, rng)
    if scene.recipe.kind == "body":
        distract(act)
    gesture.move(act, _side(scene, gesture, rng))
    positions = place(scene.recipe.rig, act.angles, path=act.path)[:, None]
    return _in_slot(positions, rng) if scene.layout.instances == "hands" else positions


def _side(scene: Scene, gesture: Gesture, rng: np.random.Generator) -> str:
    """Draw the side that acts, as a prefix; with one fingered hand, that one's."""
    side = "right" if rng.random() < scene.subject.right_handed else "left"
    sides = scene.recipe.fingered
    if sides and not gesture.both and side not in sides:
        side = sides[0]
    return f"{side}_"


def _two_hands(
    scene: Scene, gesture: Gesture, timing: Timing, rng: np.random.Generator
) -> np.ndarray:
    """Move one or both hands, both alike where both act: slot 0 the left, slot 1 the right."""
    hands = np.full((len(timing.seconds), 2, scene.layout.num_joints, 3), np.nan)
    first = 1 if rng.random() < scene.subject.right_handed else 0
    other = "act" if gesture.both else _draw(rng)
    tilt = np.radians(HAND_TILT) * rng.standard_normal((2, 3))
    shared = int(rng.random() * 2**32)
    for slot, role in ((first, "act"), (1 - first, other)):
        if role == "absent":
            continue
        act = _begin(scene, timing, rng)
        if role == "act":
            act.rng = np.random.default_rng(shared)
            gesture.move(act, "")
        else:
            present(act, "", SHOW, act.between(0.0, 100.0))
        for angle, offset in zip(("yaw", "lean", "pitch"), tilt[slot], strict=True):
            act.angles[f"forearm_{angle}"] = act.angles[f"forearm_{angle}"] + offset
        act.path[:, 0] += HAND_APART * act.reach
        hand = place(scene.recipe.rig, act.angles, path=act.path)
        hands[:, slot] = hand if slot == 1 else hand * MIRROR
    return hands


def _in_slot(positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put what moves into one of two slots, mirrored in the left one: (T, 2, V, 3)."""
    hands = np.full((len(positions), 2, *positions.shape[2:]), np.nan)
    slot = int(2 * rng.random())
    hands[:, slot] = positions[:, 0] if slot == 1 else positions[:, 0] * MIRROR
    return hands


def _begin(scene: Scene, timing: Timing, rng: np.random.Generator) -> Act:
    return begin(
        scene.recipe,
        scene.subject,
        seconds=timing.seconds,
        progress=timing.progress,
        reach=scene.length,
        rng=rng,
    )


def _draw(rng: np.random.Generator) -> str:
    """Draw what the other hand does."""
    edges = np.cumsum([chance for _, chance in OTHER_HAND])
    return OTHER_HAND[min(int(np.searchsorted(edges, rng.random())), len(OTHER_HAND) - 1)][0]
