"""Who performs: simulated subjects, and the chance that each clip adds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skelgraph.data.synthetic.rig import Rig
from skelgraph.graphs import Layout

RECIPE_VERSION = 1
"""Goes up with every change that changes simulated clips; part of every random stream."""


def stream(seed: int, *keys: int | str) -> np.random.Generator:
    """Open the random stream of one thing, the same whatever else is simulated.

    Args:
        seed: Seed of the whole simulation.
        keys: What the stream is for, e.g. ("clip", subject, class name, repetition).
    """
    words = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    return np.random.default_rng([RECIPE_VERSION, seed, *words])


@dataclass(frozen=True, eq=False)
class Subject:
    """Body and habits of one simulated subject.

    Attributes:
        bone_factors: Bone lengths over the layout's, shape (V,); mirrored bones are equal.
        tempo: Speed over the usual one.
        habits: Angle name to how far the subject moves it, 1 being the usual way.
        rest: Angle name to how the subject holds it at rest, degrees beside the usual pose.
        tremor: Size of the tremor, degrees.
        right_handed: Chance that a gesture of one hand is done with the right one.
        view: Yaw, pitch and roll at which the subject stands to the camera, radians.
        distance: Distance to the camera over the usual one.
    """

    bone_factors: np.ndarray
    tempo: float
    habits: dict[str, float]
    rest: dict[str, float]
    tremor: float
    right_handed: float
    view: np.ndarray
    distance: float


def make_subject(layout: Layout, rig: Rig, seed: int, number: int) -> Subject:
    """Draw a subject; the same seed and number give the same one."""
    rng = stream(seed, "subject", number)
    names = rig.angles
    factors = np.exp(0.09 * _bounded(rng) + 0.08 * _bounded(rng, layout.num_joints))
    for left, right in layout.mirror_pairs:
        factors[left] = factors[right]
    habits = 1.0 + 0.1 * _bounded(rng, len(names))
    rest = 5.0 * _bounded(rng, len(names))
    return Subject(
        bone_factors=factors,
        tempo=float(np.exp(0.15 * _bounded(rng))),
        habits=dict(zip(names, habits.tolist(), strict=True)),
        rest=dict(zip(names, rest.tolist(), strict=True)),
        tremor=float(0.2 + 0.6 * rng.random()),
        right_handed=float(0.35 + 0.3 * rng.random()),
        view=np.radians([12.0, 6.0, 3.0]) * _bounded(rng, 3),
        distance=float(0.8 + 0.4 * rng.random()),
    )


def _bounded(rng: np.random.Generator, size: int | None = None) -> np.ndarray:
    """Draw normal values cut off at two standard deviations."""
    return np.asarray(np.clip(rng.standard_normal(size), -2.0, 2.0))


@dataclass(frozen=True, eq=False)
class Timing:
    """When a clip's gesture happens.

    Attributes:
        seconds: Time of every frame, shape (T,).
        progress: Time of the gesture, 0 at its beginning and 1 at its end, shape (T,).
    """

    seconds: np.ndarray
    progress: np.ndarray


def draw_timing(
    rng: np.random.Generator, *, usual: float, tempo: float, fps: float, limits: Sequence[float]
) -> Timing:
    """Draw length, speed, start and rhythm of a clip.

    Args:
        rng: The clip's random stream.
        usual: Usual duration of the gesture, seconds.
        tempo: The subject's speed over the usual one.
        fps: Frames per second.
        limits: Shortest and longest clip, seconds.
    """
    duration = min(usual / (tempo * np.exp(rng.uniform(-0.25, 0.25))), 0.92 * limits[1])
    before, after = rng.uniform(-0.05, 1.0, 2)
    spare = max(limits[1] - duration, 0.0)
    shrink = min(1.0, spare / max(before + after, 1e-9)) if before + after > spare else 1.0
    total = max(duration + shrink * (before + after), limits[0])
    frames = max(round(total * fps), 1)
    seconds = np.arange(frames) / fps
    progress = (seconds - shrink * before) / duration
    warp = rng.uniform(-0.07, 0.07) * np.sin(2.0 * np.pi * np.clip(progress, 0.0, 1.0))
    return Timing(seconds=seconds, progress=progress + warp)


def smooth_noise(
    rng: np.random.Generator, seconds: np.ndarray, count: int, *, band: tuple[float, float]
) -> np.ndarray:
    """Draw smooth random courses of variance 1, sums of four sines.

    Args:
        rng: Random stream.
        seconds: Times, shape (T,).
        count: How many courses.
        band: Lowest and highest frequency, hertz.

    Returns:
        Courses, shape (T, count).
    """
    frequency = rng.uniform(*band, (4, count))
    phase = rng.uniform(0.0, 2.0 * np.pi, (4, count))
    waves = np.sin(2.0 * np.pi * seconds[:, None, None] * frequency + phase)
    return np.asarray(waves.sum(axis=1) / np.sqrt(2.0))
