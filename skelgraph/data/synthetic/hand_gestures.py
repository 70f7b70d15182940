"""Gestures of hands that people know, as courses of wrist and finger angles.

Every gesture is written for a right hand; `hand` is the prefix of the angles' names ('' for a
layout that is one hand, 'right_' or 'left_' on a body).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.hand_rig import FINGERS

LONG_FINGERS = FINGERS[1:]
# Degrees of flexion: knuckle, middle joint, last joint.
STRAIGHT, LOOSE, CURLED = (-4.0, 3.0, 2.0), (22.0, 26.0, 14.0), (82.0, 98.0, 60.0)
BENT, ROUND = (45.0, 42.0, 25.0), (30.0, 45.0, 28.0)
# Degrees of the thumb: opposition, swing across at the root, at the knuckle, at the last joint.
THUMB_OUT, THUMB_LOOSE = (-8.0, -18.0, -6.0, -4.0), (20.0, 0.0, 8.0, 10.0)
THUMB_ACROSS, THUMB_MEETS = (42.0, 22.0, 38.0, 45.0), (48.0, 10.0, 22.0, 22.0)

Shape = Mapping[str, tuple[float, ...]]


def _shape(
    long_fingers: tuple[float, ...], thumb: tuple[float, ...], **others: tuple[float, ...]
) -> Shape:
    return {**dict.fromkeys(LONG_FINGERS, long_fingers), "thumb": thumb, **others}


OPEN = _shape(STRAIGHT, THUMB_OUT)
FIST = _shape(CURLED, THUMB_ACROSS)
POINT = _shape(CURLED, THUMB_ACROSS, index=STRAIGHT)
THUMB_UP = _shape(CURLED, THUMB_OUT)
PINCH_READY = _shape((50.0, 62.0, 34.0), (40.0, -6.0, 2.0, 4.0), index=(28.0, 30.0, 14.0))
PINCH = _shape((55.0, 66.0, 38.0), THUMB_MEETS, index=(54.0, 44.0, 24.0))
OK = _shape(STRAIGHT, THUMB_MEETS, index=(54.0, 46.0, 26.0), middle=(10.0, 10.0, 6.0))
KNOB = _shape(ROUND, (46.0, 2.0, 8.0, 16.0))
KNOB_LOOSE = _shape((16.0, 30.0, 18.0), (34.0, -8.0, 2.0, 6.0))

# How the forearm is held. Fingers up, palm to the camera; or forwards, thumb up.
SHOW = {
    "forearm_pitch": 180.0,
    "pronation": 90.0,
    "arm_raise": 42.0,
    "arm_azimuth": 55.0,
    "arm_roll": -10.0,
    "elbow": 125.0,
}
REACH = {
    "forearm_pitch": 105.0,
    "pronation": 0.0,
    "arm_raise": 38.0,
    "arm_azimuth": 10.0,
    "arm_roll": 0.0,
    "elbow": 62.0,
}
PALM_DOWN, PALM_UP = 75.0, -80.0


def form(act: Act, hand: str, shape: Shape, weight: np.ndarray | float = 1.0) -> None:
    """Blend the fingers towards a shape."""
    for finger, degrees in shape.items():
        thumb = finger == "thumb"
        joints = ("opposition", "spread", "mcp", "ip") if thumb else ("mcp", "pip", "dip")
        named = {f"{hand}{finger}_{j}": d for j, d in zip(joints, degrees, strict=True)}
        act.to(weight, named)


def spread(act: Act, hand: str, degrees: float, weight: np.ndarray | float = 1.0) -> None:
    """Blend the long fingers apart from the middle one."""
    size = {"index": degrees, "ring": 0.6 * degrees, "little": 1.5 * degrees}
    act.to(weight, {f"{hand}{finger}_spread": d for finger, d in size.items()})


def present(act: Act, hand: str, posture: Mapping[str, float], pronation: float) -> None:
    """Bring the hand before the body for the time of the gesture."""
    weight = act.bump(-0.3, 0.08, 0.95, 1.35) if f"{hand}elbow" in act.angles else 1.0
    turned = {**posture, "pronation": pronation}
    act.hold(weight, {f"{hand}{angle}": degrees for angle, degrees in turned.items()})


def open_hand(act: Act, hand: str) -> None:
    """Open a fist."""
    present(act, hand, SHOW, 90.0)
    form(act, hand, FIST)
    move = act.ease(0.2, act.between(0.55, 0.9))
    form(act, hand, OPEN, move)
    spread(act, hand, 9.0, move)


def close_hand(act: Act, hand: str) -> None:
    """Close an open hand to a fist."""
    present(act, hand, SHOW, 90.0)
    move = act.ease(0.2, act.between(0.55, 0.9))
    form(act, hand, OPEN)
    spread(act, hand, 9.0, 1.0 - move)
    form(act, hand, FIST, move)


def pinch(act: Act, hand: str) -> None:
    """Tap thumb and index finger together, the other fingers bent."""
    present(act, hand, REACH, act.between(0.0, 60.0))
    form(act, hand, PINCH_READY, act.ease(-0.2, 0.15))
    taps = 2 + int(act.rng.random() * 2)
    closed = 0.5 + 0.5 * np.sin(2 * np.pi * (taps * act.progress - 0.25))
    form(act, hand, PINCH, act.bump(0.0, 0.1, 0.9, 1.0) * closed)


def ok_sign(act: Act, hand: str) -> None:
    """Make a ring of thumb and index finger, the others straight."""
    present(act, hand, SHOW, act.between(70.0, 110.0))
    move = act.ease(0.0, act.between(0.3, 0.5))
    form(act, hand, OK, move)
    spread(act, hand, 8.0, move)
    act.swing(f"{hand}wrist_flex", 10.0, act.cycles(1.5, start=0.45))


def point(act: Act, hand: str) -> None:
    """Stretch the index finger out of a fist and push it forwards."""
    present(act, hand, REACH, act.between(10.0, 80.0))
    form(act, hand, POINT, act.ease(0.0, 0.35))
    push = act.bump(0.3, 0.6, 0.75, 1.1)
    act.go(2, -0.6, push)
    act.swing(f"{hand}elbow", -35.0, push)


def thumb_up(act: Act, hand: str) -> None:
    """Raise the thumb from a fist."""
    present(act, hand, REACH, act.between(-15.0, 15.0))
    form(act, hand, THUMB_UP, act.ease(0.0, 0.4))
    bob = act.bump(0.3, 0.55, 0.6, 0.95)
    act.go(1, 0.3, bob)
    act.swing(f"{hand}wrist_side", 14.0, bob)


def wave(act: Act, hand: str) -> None:
    """Swing the open hand from side to side."""
    present(act, hand, SHOW, act.between(70.0, 110.0))
    form(act, hand, OPEN, act.ease(-0.1, 0.15))
    swings = act.cycles(act.between(2.0, 4.0))
    act.swing(f"{hand}wrist_side", 28.0, swings)
    act.swing("forearm_lean", 14.0, swings)


def rotate(act: Act, hand: str) -> None:
    """Turn the open hand about the forearm, to and fro."""
    present(act, hand, SHOW, act.between(40.0, 80.0))
    form(act, hand, OPEN, act.ease(-0.1, 0.15))
    act.swing(f"{hand}pronation", 52.0, act.cycles(act.between(1.5, 3.0)))


def screw(act: Act, hand: str) -> None:
    """Turn a knob: grip and turn, let go and turn back, again and again."""
    present(act, hand, REACH, act.between(20.0, 60.0))
    form(act, hand, KNOB_LOOSE, act.ease(-0.1, 0.1))
    count, offset = act.between(2.0, 3.0), act.rng.random()
    turn = np.mod(count * act.progress + offset, 1.0)
    held = np.clip(np.sin(2 * np.pi * (turn - 0.1)) * 2.0 + 0.5, 0.0, 1.0)
    window = act.bump(0.0, 0.12, 0.88, 1.0)
    form(act, hand, KNOB, held * window)
    act.swing(f"{hand}pronation", 48.0, -np.cos(2 * np.pi * turn) * window)


def swipe(act: Act, hand: str) -> None:
    """Move the flat hand across, from the outside inwards."""
    present(act, hand, REACH, act.between(-15.0, 15.0))
    form(act, hand, OPEN, act.ease(-0.2, 0.1))
    move = act.ease(0.15, act.between(0.6, 0.85)) - 0.5 * act.ease(-0.3, 0.1)
    act.go(0, -2.2, move)
    act.swing(f"{hand}wrist_flex", 32.0, move)
    act.swing(f"{hand}arm_azimuth", -50.0, move)


def count(act: Act, hand: str) -> None:
    """Count to five: one finger after another leaves the fist."""
    present(act, hand, SHOW, act.between(70.0, 110.0))
    form(act, hand, FIST)
    order = (*LONG_FINGERS, "thumb")
    for number, finger in enumerate(order):
        move = act.ease(0.04 + 0.18 * number, 0.2 + 0.18 * number)
        form(act, hand, {finger: OPEN[finger]}, move)


def beckon(act: Act, hand: str) -> None:
    """Call somebody: the fingers bend and stretch together, palm up."""
    present(act, hand, REACH, act.between(-95.0, -60.0))
    form(act, hand, OPEN, act.ease(-0.1, 0.15))
    calls = 2 + int(act.rng.random() * 2)
    bent = 0.5 + 0.5 * np.sin(2 * np.pi * (calls * act.progress + act.rng.random()))
    form(act, hand, _shape(BENT, THUMB_LOOSE), act.bump(0.0, 0.12, 0.88, 1.0) * bent)
    act.swing(f"{hand}wrist_flex", 25.0, act.bump(0.0, 0.12, 0.88, 1.0) * bent)


def clap(act: Act, hand: str) -> None:
    """Clap both flat hands."""
    present(act, hand, {**REACH, "forearm_pitch": 130.0}, 0.0)
    form(act, hand, OPEN, act.ease(-0.2, 0.1))
    claps = 2 + int(act.between(0.0, 3.0))
    apart = 0.5 + 0.5 * np.cos(2 * np.pi * claps * act.progress)
    act.go(0, -1.6 / act.strength, act.bump(-0.3, 0.0, 1.0, 1.3) * (1.0 - apart))


def stretch(act: Act, hand: str) -> None:
    """Pull something long between both hands, each of which pinches an end."""
    present(act, hand, REACH, act.between(0.0, 40.0))
    form(act, hand, PINCH, act.ease(-0.3, 0.0))
    act.go(0, -1.3 / act.strength, 1.0 - act.ease(0.15, act.between(0.6, 0.9)))


@dataclass(frozen=True)
class Gesture:
    """A movement and how long it usually takes, in seconds.

    Attributes:
        move: Bends an act; its second argument is a hand's prefix (on bodies: a side's).
        seconds: Usual duration.
        both: Whether it needs both hands, or moves the body and no side in particular.
    """

    move: Callable[[Act, str], None]
    seconds: float
    both: bool = False


HAND_GESTURES: Mapping[str, Gesture] = {
    "open": Gesture(open_hand, 1.1),
    "close": Gesture(close_hand, 1.1),
    "pinch": Gesture(pinch, 1.4),
    "ok": Gesture(ok_sign, 1.3),
    "point": Gesture(point, 1.3),
    "thumb_up": Gesture(thumb_up, 1.3),
    "wave": Gesture(wave, 1.6),
    "rotate": Gesture(rotate, 1.6),
    "screw": Gesture(screw, 1.8),
    "swipe": Gesture(swipe, 1.0),
    "count": Gesture(count, 1.9),
    "beckon": Gesture(beckon, 1.5),
    "clap": Gesture(clap, 1.5, both=True),
    "stretch": Gesture(stretch, 1.3, both=True),
}
ON_BODIES = ("open", "close", "pinch", "ok", "point", "thumb_up", "rotate", "screw", "count")
