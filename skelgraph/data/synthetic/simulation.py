"""Labelled clips of simulated subjects, for any layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.body_gestures import distract
from skelgraph.data.synthetic.hand_gestures import SHOW, Gesture, present
from skelgraph.data.synthetic.recipe import Recipe, begin, recipe_for
from skelgraph.data.synthetic.rig import place
from skelgraph.data.synthetic.sensor import add_noise, drop_out, view_from
from skelgraph.data.synthetic.subject import (
    RECIPE_VERSION,
    Subject,
    Timing,
    draw_timing,
    make_subject,
    stream,
)
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout

CLIP_SECONDS = (1.0, 3.0)
NOISE = 0.025  # standard deviation over the reference length
CAMERA_YAW = (-30.0, 0.0, 30.0)  # degrees, one a simulated camera
VIEW_SPREAD = {"hand": (45.0, 30.0, 30.0), "body": (40.0, 12.0, 8.0), "tree": (30.0, 10.0, 8.0)}
HAND_APART = 1.7  # of a hand from the middle, over the reference length
DISTANCE = 5.0  # to the camera, over the reference length


def class_names(layout: Layout) -> tuple[str, ...]:
    """Name the simulated classes of a layout, in label order."""
    return tuple(recipe_for(layout).gestures)


def simulate(
    layout: Layout,
    *,
    subjects: int = 12,
    clips_per_class: int = 6,
    seed: int = 0,
    fps: float = 30.0,
    noise: float = 1.0,
    dropouts: float = 1.0,
) -> tuple[list[Clip], tuple[str, ...]]:
    """Simulate labelled clips by forward kinematics of a layout's neutral pose.

    Hands do gestures (fist, pinch, wave, ...), bodies everyday movements, bodies with fingers
    both; an unknown skeleton swings and curls its branches. Subjects differ in bones, tempo,
    habits and camera; clips in speed, start, size, view, distracting movement and drop-outs.

    Args:
        layout: Skeleton to move.
        subjects: How many subjects; more of them leave the others as they were.
        clips_per_class: Clips a class and subject.
        seed: Chance of everything.
        fps: Frames per second; clips last 1 to 3 seconds.
        noise: Sensor noise over the usual one; 0: bone lengths are constant within a clip.
        dropouts: Rate of unseen joints over the usual one; 0: all joints are seen.

    Returns:
        Clips in metres, house frame, NaN where not seen, ordered by subject, class and
        repetition, keypoints float32 (T, M, V, 3), M 2 for hands and 1 otherwise; and the class
        names by label.

    Raises:
        ConfigError: If a count is below 1, `fps` not above 0 or a rate below 0.
    """
    _check(subjects=subjects, clips_per_class=clips_per_class, fps=fps, noise=noise, rate=dropouts)
    recipe = recipe_for(layout)
    clips = []
    for number in range(subjects):
        subject = make_subject(layout, recipe.rig, seed, number)
        sized = _sized(recipe, subject)
        for label, (name, gesture) in enumerate(recipe.gestures.items()):
            for repetition in range(clips_per_class):
                rng = stream(seed, "clip", number, name, repetition)
                camera = repetition % len(CAMERA_YAW)
                positions = _perform(layout, sized, subject, gesture, fps=fps, rng=rng)
                viewed = _view(positions, layout, sized, subject, camera=camera, rng=rng)
                keypoints = _sense(viewed, layout, rng, noise=noise, dropouts=dropouts)
                clip = Clip(
                    keypoints,
                    layout,
                    f"s{number:02d}_{name}_{repetition:02d}",
                    fps=fps,
                    label=label,
                    subject=number,
                    camera=camera,
                    repetition=repetition,
                    source=f"simulated, recipe {RECIPE_VERSION}, seed {seed}, {number}-{name}-{repetition}",
                )
                clips.append(clip)
    return clips, tuple(recipe.gestures)


def _check(*, subjects: int, clips_per_class: int, fps: float, noise: float, rate: float) -> None:
    rules = (
        ("subjects", subjects, subjects >= 1, "at least 1"),
        ("clips_per_class", clips_per_class, clips_per_class >= 1, "at least 1"),
        ("fps", fps, 0 < fps < np.inf, "a rate above 0"),
        ("noise", noise, 0 <= noise < np.inf, "0 or more"),
        ("dropouts", rate, 0 <= rate < np.inf, "0 or more"),
    )
    faults = [
        f"{what}: expected {rule}, got {value}. Change it."
        for what, value, good, rule in rules
        if not good
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def _sized(recipe: Recipe, subject: Subject) -> Recipe:
    """Give the recipe a rig with the subject's bones."""
    bones = recipe.rig.bones * subject.bone_factors[:, None]
    return replace(recipe, rig=replace(recipe.rig, bones=bones))


def _perform(
    layout: Layout,
    recipe: Recipe,
    subject: Subject,
    gesture: Gesture,
    *,
    fps: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Move the subject through one clip: positions (T, M, V, 3), NaN where a hand is absent."""
    timing = draw_timing(
        rng, usual=gesture.seconds, tempo=subject.tempo, fps=fps, limits=CLIP_SECONDS
    )
    if recipe.kind == "hand":
        return _perform_hands(layout, recipe, subject, gesture, timing, rng)
    act = _begin(layout, recipe, subject, timing, rng)
    side = "right_" if rng.random() < subject.right_handed else "left_"
    if recipe.fingered and not gesture.both and side.rstrip("_") not in recipe.fingered:
        side = f"{recipe.fingered[0]}_"
    if recipe.kind == "body":
        distract(act)
    gesture.move(act, side)
    return place(recipe.rig, act.angles, path=act.path)[:, None]


def _perform_hands(
    layout: Layout,
    recipe: Recipe,
    subject: Subject,
    gesture: Gesture,
    timing: Timing,
    rng: np.random.Generator,
) -> np.ndarray:
    """Move one or both hands: slot 0 the left one, slot 1 the right one."""
    hands = np.full((len(timing.seconds), 2, layout.num_joints, 3), np.nan)
    first = 1 if rng.random() < subject.right_handed else 0
    other = "act" if gesture.both else _draw(rng, {"absent": 0.45, "idle": 0.35, "act": 0.2})
    tilt = np.radians(12.0) * rng.standard_normal((2, 3))
    for slot in (first, 1 - first):
        role = "act" if slot == first else other
        if role == "absent":
            continue
        act = _begin(layout, recipe, subject, timing, rng)
        if role == "act":
            gesture.move(act, "")
        else:
            present(act, "", SHOW, act.between(0.0, 100.0))
        for angle, offset in zip(("yaw", "lean", "pitch"), tilt[slot], strict=True):
            act.angles[f"forearm_{angle}"] = act.angles[f"forearm_{angle}"] + offset
        act.path[:, 0] += HAND_APART * act.reach
        hand = place(recipe.rig, act.angles, path=act.path)
        hands[:, slot] = hand * np.array([1.0 if slot == 1 else -1.0, 1.0, 1.0])
    return hands


def _begin(
    layout: Layout,
    recipe: Recipe,
    subject: Subject,
    timing: Timing,
    rng: np.random.Generator,
) -> Act:
    return begin(
        recipe,
        subject,
        seconds=timing.seconds,
        progress=timing.progress,
        reach=layout.reference_length,
        rng=rng,
    )


def _draw(rng: np.random.Generator, chances: dict[str, float]) -> str:
    """Draw a name by its chance."""
    edges = np.cumsum(list(chances.values()))
    return list(chances)[int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))]


def _view(
    positions: np.ndarray,
    layout: Layout,
    recipe: Recipe,
    subject: Subject,
    *,
    camera: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """See a performance through one of the cameras."""
    spread = np.radians(VIEW_SPREAD[recipe.kind])
    angles = subject.view + spread * rng.uniform(-1.0, 1.0, 3)
    angles[0] += np.radians(CAMERA_YAW[camera])
    distance = DISTANCE * subject.distance * layout.reference_length
    return view_from(positions, angles, distance)


def _sense(
    positions: np.ndarray,
    layout: Layout,
    rng: np.random.Generator,
    *,
    noise: float,
    dropouts: float,
) -> np.ndarray:
    """Add what a sensor adds: keypoints, float32 (T, M, V, 3)."""
    noisy = add_noise(positions, rng, size=noise * NOISE * layout.reference_length)
    return drop_out(noisy, rng, rate=dropouts).astype(np.float32)
