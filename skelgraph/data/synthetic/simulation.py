"""Labelled clips of simulated subjects, for any layout."""

from __future__ import annotations

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.synthetic.performance import Scene, make_scene, perform
from skelgraph.data.synthetic.recipe import recipe_for
from skelgraph.data.synthetic.sensor import add_noise, drop_out, view_from
from skelgraph.data.synthetic.subject import make_subject, stream
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout

NOISE = 0.025  # standard deviation over the reference length
DISTANCE = 5.0  # to the camera, over the reference length
CAMERA_YAW = (-30.0, 0.0, 30.0)  # degrees, one a simulated camera
# Yaw, pitch and roll to either side within a camera's clips, degrees.
VIEW_SPREAD = {"hand": (50.0, 32.0, 32.0), "body": (50.0, 15.0, 10.0), "tree": (30.0, 10.0, 8.0)}


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
        seed: Chance of everything, 0 or more.
        fps: Frames per second; clips last 1 to 3 seconds.
        noise: Sensor noise over the usual one; 0: bone lengths are constant within a clip.
        dropouts: Rate of unseen joints over the usual one; 0: all joints are seen.

    Returns:
        Clips in metres, house frame, NaN where not seen, ordered by subject, class and
        repetition, keypoints float32 (T, M, V, 3), M 2 for hands and 1 otherwise; and the class
        names by label.

    Raises:
        ConfigError: If a count is below 1, `fps` not above 0, or seed or a rate below 0.
    """
    check_options(
        ("subjects", subjects, 1),
        ("clips_per_class", clips_per_class, 1),
        ("seed", seed, 0),
        ("fps", fps, 1),
        ("noise", noise, 0),
        ("dropouts", dropouts, 0),
    )
    recipe = recipe_for(layout)
    clips = []
    for number in range(subjects):
        scene = make_scene(layout, recipe, make_subject(layout, recipe.rig, seed, number))
        for label, name in enumerate(recipe.gestures):
            for repetition in range(clips_per_class):
                rng = stream(seed, "clip", number, name, repetition)
                camera = repetition % len(CAMERA_YAW)
                positions = perform(scene, recipe.gestures[name], fps=fps, rng=rng)
                viewed = _view(positions, scene, camera=camera, rng=rng)
                clip = Clip(
                    _sense(viewed, scene, rng, noise=noise, dropouts=dropouts),
                    layout,
                    f"s{number:02d}_{name}_{repetition:02d}",
                    fps=fps,
                    label=label,
                    subject=number,
                    camera=camera,
                    repetition=repetition,
                    source=f"simulated s{number:02d} {name} {repetition:02d} (seed {seed})",
                )
                clips.append(clip)
    return clips, tuple(recipe.gestures)


def check_options(*options: tuple[str, float, float]) -> None:
    """Check numbers against their lower bounds.

    Args:
        options: (name, value, smallest value allowed) of each.

    Raises:
        ConfigError: If a value is too small or not finite; all faults are listed.
    """
    faults = [
        f"{name}: expected {least:g} or more, got {value}. Give a larger number."
        for name, value, least in options
        if not least <= value < np.inf
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def _view(
    positions: np.ndarray, scene: Scene, *, camera: int, rng: np.random.Generator
) -> np.ndarray:
    """See a performance through one of the cameras."""
    spread = np.radians(VIEW_SPREAD[scene.recipe.kind])
    angles = scene.subject.view + spread * rng.uniform(-1.0, 1.0, 3)
    angles[0] += np.radians(CAMERA_YAW[camera])
    return view_from(positions, angles, DISTANCE * scene.subject.distance * scene.length)


def _sense(
    positions: np.ndarray,
    scene: Scene,
    rng: np.random.Generator,
    *,
    noise: float,
    dropouts: float,
) -> np.ndarray:
    """Add what a sensor adds: keypoints, float32 (T, M, V, 3)."""
    noisy = add_noise(positions, rng, size=noise * NOISE * scene.length)
    return drop_out(noisy, rng, rate=dropouts).astype(np.float32)
