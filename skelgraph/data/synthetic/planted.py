"""Simulated clips with a planted truth: what tells the classes apart is known exactly.

Every joint moves by itself about the neutral pose, all with the same energy, so that motion
alone gives nothing away: courses are whole periods of the same frequencies in random phases,
which makes position and speed equally strong in every joint of every clip. Bones stretch a
little: a rotation would hand the truth on to every joint beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.synthetic.performance import SMALLEST_LENGTH
from skelgraph.data.synthetic.sensor import view_from
from skelgraph.data.synthetic.simulation import DISTANCE, check_options
from skelgraph.data.synthetic.subject import stream
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout

STROKES = 4
STROKE_CLASSES = ("up_first", "down_first")
PAIR_CLASSES = ("together", "apart")
SIZE = 0.12  # of the movement, root mean square over the reference length
SENSOR = 0.02  # of the sensor noise, over the movement
ENERGY_SPREAD = 0.01  # of the joints' energies about their mean; the planted joint is in the middle
HARMONICS = np.arange(2, 15)  # of a joint's own course, periods a clip
YAW, SCALE = 20.0, 0.12  # spread of view (degrees) and size between clips and subjects

Course = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Planted:
    """Clips and what was planted in them.

    Attributes:
        clips: Labelled clips.
        class_names: Class names by label.
        joints: Names of the planted joints: one, or the pair (leader, follower).
        span: First frame and the one after the last in which the class shows.
        lag: Frames by which a pair's follower is behind its leader, else 0.
    """

    clips: list[Clip]
    class_names: tuple[str, ...]
    joints: tuple[str, ...]
    span: tuple[int, int]
    lag: int = 0


def simulate_planted_joint(
    layout: Layout,
    *,
    joint: str | None = None,
    strokes: Sequence[int] | None = None,
    subjects: int = 8,
    clips_per_class: int = 20,
    frames: int = 64,
    seed: int = 0,
) -> Planted:
    """Simulate clips whose class shows in one joint only: does it go up first, or down first?

    Every joint strokes up and down four times in a clip; which way first is chance, except for
    the planted joint, where it is the class.

    Args:
        layout: Skeleton to move.
        joint: The planted joint. None: drawn, never one of the centre.
        strokes: Which strokes show the class, neighbours out of 0 to 3; chance sets each of
            the others by itself. None: one choice holds for all strokes of a joint.
        subjects: How many subjects.
        clips_per_class: Clips a class and subject.
        frames: Length of every clip.
        seed: Chance of everything, 0 or more.

    Returns:
        Clips (classes 'up_first' and 'down_first') with the joint and the frames of the truth.

    Raises:
        LayoutError: If the layout has no such joint.
        ConfigError: If a number is too small or the strokes are not neighbours.
    """
    _check(layout, subjects=subjects, clips_per_class=clips_per_class, frames=frames, seed=seed)
    shown = tuple(range(STROKES)) if strokes is None else tuple(sorted(set(strokes)))
    _check_strokes(shown)
    target = _draw_joint(layout, seed) if joint is None else layout.index(joint)
    shape = _stroke_shape(frames)

    def course(label: int, rng: np.random.Generator) -> np.ndarray:
        ways = np.where(rng.random((layout.num_joints, STROKES)) < 0.5, 1.0, -1.0)
        if strokes is None:
            ways[:] = ways[:, :1]
        ways[target, list(shown)] = 1.0 - 2.0 * label
        moved = _wander(layout, frames, rng)
        moved[..., 1] = (ways[:, np.arange(frames) * STROKES // frames] * shape).T
        return moved

    clips = _clips(layout, course, STROKE_CLASSES, (target,), subjects, clips_per_class, seed)
    first = int(np.ceil(shown[0] * frames / STROKES))
    last = int(np.ceil((shown[-1] + 1) * frames / STROKES))
    return Planted(clips, STROKE_CLASSES, (layout.joints[target],), (first, last))


def simulate_planted_pair(
    layout: Layout,
    *,
    pair: tuple[str, str] | None = None,
    lag: int = 2,
    subjects: int = 8,
    clips_per_class: int = 20,
    frames: int = 64,
    seed: int = 0,
) -> Planted:
    """Simulate clips whose class is whether two far joints move as one.

    In class 'together' the second joint does what the first one did `lag` frames before; in
    class 'apart', and for all other joints, every joint wanders by itself.

    Args:
        layout: Skeleton to move, with at least two joints.
        pair: Names of leader and follower. None: two of the joints farthest apart.
        lag: Frames by which the follower is behind; 0: at the same time.
        subjects: How many subjects.
        clips_per_class: Clips a class and subject.
        frames: Length of every clip.
        seed: Chance of everything, 0 or more.

    Returns:
        Clips (classes 'together' and 'apart') with the pair as the truth.

    Raises:
        LayoutError: If the layout lacks a joint.
        ConfigError: If a number is too small, or the pair is one joint twice.
    """
    _check(layout, subjects=subjects, clips_per_class=clips_per_class, frames=frames, seed=seed)
    check_options(("lag", lag, 0))
    leader, follower = _draw_pair(layout, seed) if pair is None else layout.indices(pair)
    if leader == follower:
        raise ConfigError(f"pair: expected two different joints, got {pair}. Name two joints.")

    def course(label: int, rng: np.random.Generator) -> np.ndarray:
        moved = _wander(layout, frames, rng)
        if label == 0:
            moved[:, follower] = np.roll(moved[:, leader], lag, axis=0)
        return moved

    planted = (leader, follower)
    clips = _clips(layout, course, PAIR_CLASSES, planted, subjects, clips_per_class, seed)
    names = tuple(layout.joints[joint] for joint in planted)
    return Planted(clips, PAIR_CLASSES, names, (0, frames), lag)


def _check(layout: Layout, *, subjects: int, clips_per_class: int, frames: int, seed: int) -> None:
    check_options(
        ("joints of the layout", layout.num_joints, 2),
        ("subjects", subjects, 1),
        ("clips_per_class", clips_per_class, 1),
        ("frames", frames, 4 * STROKES),
        ("seed", seed, 0),
    )


def _check_strokes(strokes: tuple[int, ...]) -> None:
    if not strokes or strokes != tuple(range(strokes[0], strokes[-1] + 1)):
        raise ConfigError(f"strokes: expected neighbours, got {strokes}. Give a gapless range.")
    if strokes[0] < 0 or strokes[-1] >= STROKES:
        raise ConfigError(
            f"strokes: expected 0 to {STROKES - 1}, got {strokes}. Every clip has {STROKES}."
        )


def _draw_joint(layout: Layout, seed: int) -> int:
    others = [j for j in range(layout.num_joints) if j not in layout.centre]
    choices = others or list(range(layout.num_joints))
    return choices[int(len(choices) * stream(seed, "planted joint").random())]


def _draw_pair(layout: Layout, seed: int) -> tuple[int, int]:
    """Draw one of the pairs of joints that are farthest apart, in hops."""
    hops = np.triu(layout.hops, 1)
    pairs = np.argwhere(hops == hops.max())
    first, second = pairs[int(len(pairs) * stream(seed, "planted pair").random())]
    return int(first), int(second)


def _stroke_shape(frames: int) -> np.ndarray:
    """Give the course of four strokes that go up first, variance 1, shape (T,)."""
    within = np.mod(np.arange(frames) * STROKES / frames, 1.0)
    shape = np.sin(2.0 * np.pi * within) * np.sin(np.pi * within) ** 2
    return np.asarray(shape / shape.std())


def _wander(layout: Layout, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth random course of variance 1 for every joint and axis, (T, V, 3)."""
    turns = HARMONICS * np.arange(frames)[:, None] / frames
    phases = rng.random((layout.num_joints, 3, 1, len(HARMONICS)))
    courses = np.cos(2.0 * np.pi * (turns + phases)).sum(axis=-1)
    return np.moveaxis(courses, -1, 0) / np.sqrt(len(HARMONICS) / 2.0)


def _clips(
    layout: Layout,
    course: Course,
    class_names: tuple[str, ...],
    planted: tuple[int, ...],
    subjects: int,
    clips_per_class: int,
    seed: int,
) -> list[Clip]:
    """Make the clips of all subjects from the joints' courses."""
    energies = _energies(layout, planted, seed)
    clips = []
    for subject in range(subjects):
        size = np.exp(SCALE * stream(seed, "planted subject", subject).uniform(-1.0, 1.0))
        for label, name in enumerate(class_names):
            for repetition in range(clips_per_class):
                rng = stream(seed, "planted clip", subject, name, repetition)
                moved = course(label, rng) * np.sqrt(energies)[:, None]
                moved += SENSOR * rng.standard_normal(moved.shape)
                clip = Clip(
                    _place(layout, moved, float(size), rng),
                    layout,
                    f"s{subject:02d}_{name}_{repetition:02d}",
                    fps=30.0,
                    label=label,
                    subject=subject,
                    repetition=repetition,
                    source=f"planted s{subject:02d} {name} {repetition:02d} (seed {seed})",
                )
                clips.append(clip)
    return clips


def _energies(layout: Layout, planted: tuple[int, ...], seed: int) -> np.ndarray:
    """Give each joint its energy: nearly equal, the planted joints in the middle, shape (V,)."""
    count = layout.num_joints
    steps = np.linspace(1.0 - ENERGY_SPREAD, 1.0 + ENERGY_SPREAD, count)
    middle = (count - len(planted)) // 2
    order = np.argsort(stream(seed, "planted energies").random(count))
    others = [int(joint) for joint in order if joint not in planted]
    ranked = [*others[:middle], *planted, *others[middle:]]
    energies = np.empty(count)
    energies[ranked] = steps
    return energies


def _place(layout: Layout, moved: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Put the courses on the neutral pose before a camera: float32 (T, M, V, 3)."""
    length = max(layout.reference_length, SMALLEST_LENGTH)
    positions = size * (layout.neutral.astype(float) + SIZE * length * moved)[:, None]
    yaw = np.radians(YAW) * rng.uniform(-1.0, 1.0)
    viewed = view_from(positions, np.array([yaw, 0.0, 0.0]), DISTANCE * length)
    if layout.instances == "hands":
        absent = np.full_like(viewed, np.nan)
        viewed = np.concatenate([absent, viewed], axis=1)
    return viewed.astype(np.float32)
