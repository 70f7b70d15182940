"""Movements of bodies that people know, as courses of trunk and limb angles.

`side` is the prefix of the angles' names ('right_' or 'left_') of the limb that acts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skelgraph.data.synthetic.act import Act
from skelgraph.data.synthetic.hand_gestures import HAND_GESTURES, ON_BODIES, Gesture

SIDES = ("right_", "left_")
# Bounds of an irrelevant arm movement: start, rise, stay in durations of the gesture; the angles
# of `arm` in degrees.
DISTRACTION_TIMES = ((-0.6, 1.0), (0.15, 0.4), (0.0, 0.6))
DISTRACTION_POSES = ((0, 100), (20, 120), (-40, 60), (10, 130))


def arm(side: str, azimuth: float, lift: float, roll: float, elbow: float) -> dict[str, float]:
    """Name the angles of an arm: where the upper arm points, its roll, the elbow's bend.

    Args:
        side: Prefix of the side.
        azimuth: 0 to the front, 90 outwards, degrees.
        lift: 0 down, 90 level, 180 up, degrees.
        roll: Outward roll about the upper arm, degrees.
        elbow: Bend, degrees.
    """
    angles = {"arm_azimuth": azimuth, "arm_raise": lift, "arm_roll": roll, "elbow": elbow}
    return {f"{side}{name}": degrees for name, degrees in angles.items()}


def leg(side: str, lift: float, knee: float, *, azimuth: float = 0.0) -> dict[str, float]:
    """Name the angles of a leg, degrees."""
    angles = {"leg_azimuth": azimuth, "leg_raise": lift, "knee": knee}
    return {f"{side}{name}": degrees for name, degrees in angles.items()}


def distract(act: Act) -> None:
    """Move an arm without meaning, or both, at some time: what the gesture needs it overrides."""
    for side in SIDES:
        if act.rng.random() < 0.6:
            start, rise, stay = (act.between(*b) for b in DISTRACTION_TIMES)
            full, leave = start + rise, start + rise + stay
            weight = act.bump(start, full, leave, leave + rise)
            place = [act.between(*bounds) for bounds in DISTRACTION_POSES]
            act.to(weight, arm(side, *place))


def wave_right(act: Act, side: str) -> None:
    """Wave with the raised right hand."""
    _wave(act, "right_")


def wave_left(act: Act, side: str) -> None:
    """Wave with the raised left hand."""
    _wave(act, "left_")


def _wave(act: Act, side: str) -> None:
    pose = arm(side, act.between(65, 90), act.between(50, 85), act.between(65, 90), 85.0)
    act.to(act.bump(-0.25, 0.12, 0.9, 1.25), pose)
    swings = act.cycles(act.between(2.0, 4.0))
    act.swing(f"{side}elbow", 27.0, swings)
    act.swing(f"{side}arm_azimuth", 12.0, swings)


def knock(act: Act, side: str) -> None:
    """Knock at a door with one hand."""
    pose = arm(side, act.between(-5, 30), act.between(40, 80), act.between(-10, 20), 80.0)
    act.to(act.bump(-0.25, 0.12, 0.9, 1.25), pose)
    act.swing(f"{side}elbow", 30.0, act.cycles(act.between(3.0, 5.0)))


def stir(act: Act, side: str) -> None:
    """Stir with one hand: it goes round before the body."""
    pose = arm(side, act.between(5, 40), act.between(35, 75), act.between(-5, 25), 60.0)
    act.to(act.bump(-0.25, 0.12, 0.9, 1.25), pose)
    count, offset, window = act.between(2.0, 3.5), act.rng.random(), act.bump(0.0, 0.12, 0.88, 1.0)
    phase = 2.0 * np.pi * (count * act.progress + offset)
    act.swing(f"{side}arm_azimuth", 38.0, window * np.sin(phase))
    act.swing(f"{side}elbow", 30.0, window * np.cos(phase))


def circle_arms(act: Act, side: str) -> None:
    """Draw circles with both arms held out."""
    count, offset, window = act.between(1.5, 3.0), act.rng.random(), act.bump(0.0, 0.12, 0.88, 1.0)
    phase = 2.0 * np.pi * (count * act.progress + offset)
    for one in SIDES:
        act.to(act.bump(-0.25, 0.12, 0.9, 1.25), arm(one, 75.0, 82.0, 0.0, 8.0))
        act.swing(f"{one}arm_azimuth", 28.0, window * np.sin(phase))
        act.swing(f"{one}arm_raise", 28.0, window * np.cos(phase))


def raise_arms(act: Act, side: str) -> None:
    """Raise both arms over the head and lower them."""
    outwards = act.between(20.0, 80.0)
    move = act.bump(0.0, act.between(0.35, 0.5), 0.6, 1.05)
    for one in SIDES:
        act.to(move, arm(one, outwards, 165.0, 0.0, 10.0))


def clap(act: Act, side: str) -> None:
    """Clap the hands before the body."""
    claps = act.between(3.0, 5.0)
    beat = act.cycles(claps)
    for one in SIDES:
        act.to(act.bump(-0.25, 0.1, 0.9, 1.25), arm(one, 15.0, 55.0, -25.0, 50.0))
        act.swing(f"{one}arm_azimuth", 20.0, beat)
        act.swing(f"{one}arm_roll", 14.0, beat)


def punch(act: Act, side: str) -> None:
    """Punch forwards with one arm from before the chest."""
    act.to(act.bump(-0.2, 0.2, 0.8, 1.2), arm(side, 30.0, 25.0, 0.0, 135.0))
    hit = act.bump(0.3, act.between(0.42, 0.5), 0.55, 0.8)
    act.to(hit, arm(side, -5.0, 88.0, 0.0, 6.0))
    act.swing("twist", 22.0 if side == "left_" else -22.0, hit)
    act.swing("bend", 8.0, hit)


def bow(act: Act, side: str) -> None:
    """Bend the trunk forwards and come up again."""
    move = act.bump(0.05, 0.42, 0.58, 1.0)
    act.to(move, {"bend": 58.0, "nod": 18.0})
    act.to(0.5 * move, {"right_arm_raise": 20.0, "left_arm_raise": 20.0})


def turn(act: Act, side: str) -> None:
    """Turn about the upright axis and stay turned."""
    way = -1.0 if side == "left_" else 1.0
    act.swing("turn", way * act.between(120.0, 200.0), act.ease(0.05, 0.95))
    act.swing("look", way * 18.0, act.bump(-0.1, 0.15, 0.4, 0.9))
    _steps(act, 18.0, act.between(1.5, 2.5))


def _steps(act: Act, degrees: float, count: float) -> None:
    """Lift the feet in turn."""
    beat = act.cycles(count)
    for one, phase in zip(SIDES, (beat, -beat), strict=True):
        lift = np.maximum(phase, 0.0)
        act.swing(f"{one}leg_raise", degrees, lift)
        act.swing(f"{one}knee", 1.8 * degrees, lift)


def squat(act: Act, side: str) -> None:
    """Go down on the knees' bend and come up again."""
    move = act.bump(0.0, 0.42, 0.55, 1.0)
    _fold_legs(act, move, 92.0, 112.0)
    act.to(move, {"bend": 32.0})
    for one in SIDES:
        act.to(act.between(0.2, 1.0) * move, arm(one, 5.0, 75.0, 0.0, 10.0))


def sit_down(act: Act, side: str) -> None:
    """Sit down and stay seated."""
    _sit(act, act.ease(0.1, 0.9), act.bump(0.0, 0.5, 0.55, 1.0))


def stand_up(act: Act, side: str) -> None:
    """Stand up from a seat."""
    _sit(act, 1.0 - act.ease(0.1, 0.9), act.bump(0.0, 0.45, 0.5, 1.0))


def _sit(act: Act, seated: np.ndarray, lean: np.ndarray) -> None:
    _fold_legs(act, seated, 86.0, 88.0)
    act.swing("bend", 38.0, lean)
    for one in SIDES:
        act.to(0.8 * seated, arm(one, 10.0, 28.0, 0.0, 55.0))


def _fold_legs(act: Act, weight: np.ndarray, lift: float, knee: float) -> None:
    for one in SIDES:
        act.to(weight, leg(one, lift, knee) | {f"{one}ankle": knee - lift})


def kick(act: Act, side: str) -> None:
    """Kick forwards with one leg."""
    act.to(act.bump(0.0, 0.3, 0.35, 0.55), leg(side, -15.0, 65.0))
    act.to(act.bump(0.3, 0.52, 0.58, 0.95), leg(side, 68.0, 8.0))
    act.swing("bend", -10.0, act.bump(0.2, 0.5, 0.6, 0.9))
    for one in SIDES:
        act.swing(f"{one}arm_raise", 22.0, act.bump(0.1, 0.5, 0.6, 1.0))


def walk(act: Act, side: str) -> None:
    """Walk in place."""
    beat = act.cycles(act.between(1.8, 3.2))
    for one, phase in zip(SIDES, (beat, -beat), strict=True):
        act.swing(f"{one}leg_raise", 42.0, np.maximum(phase, 0.0))
        act.swing(f"{one}knee", 68.0, np.maximum(phase, 0.0))
        act.swing(f"{one}arm_raise", 26.0, -phase)


def jumping_jack(act: Act, side: str) -> None:
    """Jump with legs and arms apart, and back together."""
    jumps = act.between(1.6, 2.6)
    window = act.bump(0.0, 0.1, 0.9, 1.0)
    phase = 2.0 * np.pi * (jumps * act.progress + act.rng.random())
    apart = window * (0.5 - 0.5 * np.cos(phase))
    for one in SIDES:
        act.to(apart, arm(one, 90.0, 150.0, 0.0, 12.0))
        act.to(apart, leg(one, 24.0, 4.0, azimuth=90.0))
    act.go(1, 0.25, window * np.abs(np.sin(phase)))


ARM_GESTURES: Mapping[str, Gesture] = {
    "wave_right": Gesture(wave_right, 1.7, both=True),
    "wave_left": Gesture(wave_left, 1.7, both=True),
    "raise_arms": Gesture(raise_arms, 1.7, both=True),
    "clap": Gesture(clap, 1.6, both=True),
    "punch": Gesture(punch, 1.2),
    "knock": Gesture(knock, 1.5),
    "stir": Gesture(stir, 1.7),
    "circle_arms": Gesture(circle_arms, 1.8, both=True),
    "bow": Gesture(bow, 1.7, both=True),
    "turn": Gesture(turn, 1.8),
}
LEG_GESTURES: Mapping[str, Gesture] = {
    "squat": Gesture(squat, 1.8, both=True),
    "sit_down": Gesture(sit_down, 1.6, both=True),
    "stand_up": Gesture(stand_up, 1.6, both=True),
    "kick": Gesture(kick, 1.3),
    "walk": Gesture(walk, 1.9, both=True),
    "jumping_jack": Gesture(jumping_jack, 1.9, both=True),
}
FINGER_GESTURES: Mapping[str, Gesture] = {name: HAND_GESTURES[name] for name in ON_BODIES}
