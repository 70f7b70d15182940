"""Options of transforms, without the packages that apply them."""

from __future__ import annotations

from dataclasses import dataclass

AMOUNTS = (
    *("turn", "tilt", "roll", "scale", "bend", "sway", "limbs", "warp"),
    *("shear", "jitter"),
)
"""Fields of `AugmentOptions` that are 0 or more."""

SHARES = (
    *("mirror", "drop_joint", "drop_span", "drop_time", "mix", "reverse"),
    "drop_axis",
)
"""Fields of `AugmentOptions` that lie in [0, 1]."""


@dataclass(frozen=True)
class AugmentOptions:
    """What training changes at random in every clip of a batch; angles in degrees.

    At 0 a change is off.

    Args:
        turn: Largest rotation about the vertical axis (3-D only).
        tilt: Largest rotation about the person's left-right axis (3-D only).
        roll: Largest rotation in the picture plane.
        scale: Largest relative change of size; the factor lies in [1 / (1 + scale), 1 + scale].
        mirror: Probability of a true mirror (axis and left-right pairs). Off by default: it
            changes the meaning of directed gestures.
        drop_joint: Probability that a joint is missing for the whole clip.
        drop_span: Probability that a clip loses one part of the body for a span of frames.
        drop_time: Probability that a clip loses all joints for up to a quarter of its frames.
        bend: Largest angle by which a bone turns in its joint, the same in all frames.
        sway: The same, but changing smoothly over the clip.
        limbs: Largest relative change of the bone lengths of a part of the body, the same in
            all frames and on both sides; the factor lies in [1 / (1 + limbs), 1 + limbs].
        warp: Largest relative change of speed, smooth over the clip: the fastest part is played
            at most (1 + warp)^2 times as fast as the slowest.
        cut: Largest share of a clip that is left out at its ends, below 1; the rest fills its
            frames.
        mix: Probability that a clip takes parts of the body from another clip of its class.
        mix_unlabelled: Let clips without a label take them from each other.
        reverse: Probability of a clip played backwards. Off by default, as `mirror`.
        shear: Largest slope of a shear. Not safe: changes bone lengths.
        jitter: Standard deviation of noise on every joint and frame, in metres. Not safe.
        drop_axis: Probability that one axis becomes 0. Not safe.
    """

    turn: float = 45.0
    tilt: float = 15.0
    roll: float = 15.0
    scale: float = 0.2
    mirror: float = 0.0
    drop_joint: float = 0.0
    drop_span: float = 0.0
    drop_time: float = 0.0
    bend: float = 0.0
    sway: float = 0.0
    limbs: float = 0.0
    warp: float = 0.0
    cut: float = 0.0
    mix: float = 0.0
    mix_unlabelled: bool = False
    reverse: float = 0.0
    shear: float = 0.0
    jitter: float = 0.0
    drop_axis: float = 0.0
