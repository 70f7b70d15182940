"""Options of transforms, without the packages that apply them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AugmentOptions:
    """What training changes at random in every clip of a batch; angles in degrees.

    Args:
        turn: Largest rotation about the vertical axis (3-D only).
        tilt: Largest rotation about the person's left-right axis (3-D only).
        roll: Largest rotation in the picture plane.
        scale: Largest relative change of size; the factor lies in [1 / (1 + scale), 1 + scale].
        mirror: Probability of a true mirror (axis and left-right pairs). Off by default: it
            changes the meaning of directed gestures.
        drop_joint: Probability that a joint is missing for the whole clip.
        drop_span: Probability that a clip loses one part of the body for a span of frames.
    """

    turn: float = 45.0
    tilt: float = 15.0
    roll: float = 15.0
    scale: float = 0.2
    mirror: float = 0.0
    drop_joint: float = 0.0
    drop_span: float = 0.0
